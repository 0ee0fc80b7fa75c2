"""Import direction: a package imports only from packages on a lower level, and no module imports in a cycle."""

import ast
from pathlib import Path

import pytest

from support.paths import REPOSITORY

SOURCE = REPOSITORY / "src" / "kwspipe"

# The levels of docs/design.md, from the lowest to the highest.
LEVELS: tuple[tuple[str, ...], ...] = (
    ("__init__", "errors", "labels", "terminal"),
    ("audio", "files", "config"),
    ("tflite", "core", "runs"),
    ("compiler", "device"),
    ("exchange", "recording", "listening"),
    ("dataset",),
    ("augment",),
    ("models",),
    ("transfer",),
    ("training",),
    ("metrics",),
    ("streaming",),
    ("report",),
    ("stages",),
    ("pipeline",),
    ("sweep",),
    ("hydra_task",),
    ("__main__",),
)
LEVEL_OF = {package: level for level, packages in enumerate(LEVELS) for package in packages}


def module_name(path: Path) -> str:
    """Returns the dotted name below kwspipe. The name of a package is that of its folder."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}


def imports_of(name: str) -> set[str]:
    """Returns the modules of kwspipe that a module imports, including imports in functions."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{name}: a relative import"
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {member for member in members if member.removeprefix("kwspipe.") in MODULES}
            found |= modules or {node.module}
    own = {item.removeprefix("kwspipe.") for item in found if item.startswith("kwspipe.")}
    return {"__init__" if item not in MODULES else item for item in own if not item.startswith("_core")}


IMPORTS = {name: imports_of(name) for name in MODULES}


def package_of(module: str) -> str:
    return module.split(".")[0]


def test_every_package_has_a_level() -> None:
    assert {package_of(name) for name in MODULES} == set(LEVEL_OF)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_downwards(name: str) -> None:
    own = package_of(name)
    for imported in sorted(IMPORTS[name]):
        other = package_of(imported)
        assert other == own or LEVEL_OF[other] < LEVEL_OF[own], (
            f"{name} (level {LEVEL_OF[own]}) imports {imported} (level {LEVEL_OF[other]})"
        )


def test_imports_have_no_cycles() -> None:
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"import cycle: {' -> '.join((*path[path.index(name) :], name))}"
        if name not in finished:
            for imported in sorted(IMPORTS[name]):
                visit(imported, (*path, name))
            finished.add(name)

    for name in MODULES:
        visit(name, ())

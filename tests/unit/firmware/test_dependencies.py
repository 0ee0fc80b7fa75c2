"""Dependencies of the C sources: folders of the core form layers, and no two files depend on each other."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.paths import FIRMWARE

CORE = FIRMWARE / "core"
BOARDS = sorted(path.parent.name for path in FIRMWARE.glob("boards/*/board.mk"))
# Each folder of the core, with the folders whose headers it may include.
ALLOWED = {
    "common": set(),
    "frontend": {"common"},
    "model": {"common"},
    "detector": {"common"},
    "slots": {"common"},
    "spotter": {"common", "frontend", "model", "detector"},
    "link": {"common", "slots"},
}
INCLUDE = re.compile(r'^#include "([\w/]+\.h)"', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FUNCTION = re.compile(r"^(?!.*\bstatic\b)[A-Za-z_][\w *()\"]*?\b(\w+)\([^;{}]*\)\s*\{", re.MULTILINE)


def find_cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """Returns the nodes of a cycle, or an empty list."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str]:
        if node in path:
            return path[path.index(node) :]
        if node not in done:
            for following in sorted(graph.get(node, set())):
                if cycle := visit(following, [*path, node]):
                    return cycle
            done.add(node)
        return []

    return next((cycle for node in sorted(graph) if (cycle := visit(node, []))), [])


def headers_included(path: Path) -> set[str]:
    return {Path(name).name for name in INCLUDE.findall(path.read_text())}


def sources_of(board: str) -> list[Path]:
    return [
        *CORE.rglob("*.[ch]"),
        *(FIRMWARE / "app").glob("*.[ch]"),
        *(FIRMWARE / "boards" / board).glob("*.[ch]"),
    ]


def test_a_cycle_is_found() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_each_folder_of_the_core_includes_only_lower_folders() -> None:
    assert {path.name for path in CORE.iterdir()} == set(ALLOWED)
    for path in CORE.rglob("*.[chS]"):
        folder = path.parent.name
        included = {name.split("/")[0] for name in INCLUDE.findall(path.read_text())}
        assert included <= {folder} | ALLOWED[folder], path
    assert find_cycle(ALLOWED) == []


@pytest.mark.parametrize("board", BOARDS)
def test_headers_do_not_include_each_other_in_a_cycle(board: str) -> None:
    headers = [path for path in sources_of(board) if path.suffix == ".h"]
    assert find_cycle({path.name: headers_included(path) for path in headers}) == []


@pytest.mark.parametrize("board", BOARDS)
def test_source_files_do_not_call_each_other_both_ways(board: str) -> None:
    texts = {
        path.name: COMMENT.sub("", path.read_text()) for path in sources_of(board) if path.suffix == ".c"
    }
    defined = {name: set(FUNCTION.findall(text)) for name, text in texts.items()}
    assert {"kws_app_open", "kws_app_step"} <= defined["kws_app.c"]
    assert "kws_fft_complex" in defined["kws_fft.c"]
    words = {name: set(re.findall(r"\w+", text)) for name, text in texts.items()}
    # The kernels exist twice under the same names, so the names of the file itself do not count.
    calls = {
        name: {other for other in texts if words[name] & (defined[other] - defined[name])} for name in texts
    }
    assert "kws_link_requests.c" in calls["kws_link.c"]
    assert find_cycle(calls) == []

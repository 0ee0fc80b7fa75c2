"""Stage folders that are whole or not there, and the manifest that tells whether one is still valid."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Fingerprint:
    """Everything a stage's result depends on.

    Attributes:
        config: the slice of configuration the stage reads.
        inputs: sha256 of each artefact or source it reads, by name.
        code: sha256 of the package's code.
    """

    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    code: str

    @property
    def digest(self) -> str:
        """sha256 over all of it."""
        return text_hash(json.dumps([self.config, self.inputs, self.code], sort_keys=True))


def text_hash(text: str) -> str:
    """Returns the sha256 of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """Returns the sha256 of a file's contents, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_hashes(folder: Path) -> dict[str, str]:
    """Returns the sha256 of every file below a folder, by relative path.

    The manifest is left out, and ``logs/`` too: TensorBoard's files hold times, and nothing depends on them.
    """
    left_out = (folder / MANIFEST, folder / "logs")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): file_hash(path)
        for path in files
        if not any(path.is_relative_to(other) for other in left_out)
    }


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Returns the manifest of a stage's folder; None where the folder is not there or not whole."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        return manifest if isinstance(manifest["outputs"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def outputs_hash(manifest: Mapping[str, Any]) -> str:
    """Returns the sha256 over a stage's outputs, by which the manifests of later stages name them."""
    return text_hash(json.dumps(manifest["outputs"], sort_keys=True))


@cache
def code_hash() -> str:
    """Returns the sha256 of the package's Python sources and the compiled core."""
    files = sorted([*PACKAGE.rglob("*.py"), *PACKAGE.glob("_core*.so"), *PACKAGE.glob("_core*.pyd")])
    return text_hash("".join(f"{path.relative_to(PACKAGE)} {file_hash(path)}\n" for path in files))


def stale_because(folder: Path, fingerprint: Fingerprint) -> str | None:
    """Tells why the stage in ``folder`` has to run again; None where it need not."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        return "it has not run yet"
    except (OSError, ValueError):
        return "its manifest cannot be read"
    changed = _changed(manifest.get("config", {}), json.loads(json.dumps(fingerprint.config)))
    if changed:
        return f"configuration changed: {', '.join(changed[:5])}"
    if manifest.get("inputs") != dict(fingerprint.inputs):
        names = _changed(manifest.get("inputs", {}), dict(fingerprint.inputs))
        return f"inputs changed: {', '.join(names[:5])}"
    if manifest.get("code") != fingerprint.code:
        return "kwspipe itself changed"
    if manifest.get("outputs") != folder_hashes(folder):
        return "its files were changed or are missing"
    return None


def _changed(before: Any, after: Any, path: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted({*before, *after})
        return [
            name
            for key in keys
            for name in _changed(before.get(key), after.get(key), f"{path}.{key}" if path else key)
        ]
    return [] if before == after else [path]


@contextmanager
def stage_folder(target: Path, fingerprint: Fingerprint, resumable: bool = False) -> Iterator[Path]:
    """Yields a temporary folder that becomes ``target`` when the block ends without an exception.

    Args:
        target: where the artefacts shall lie in the end.
        fingerprint: written into the manifest; a temporary folder of another fingerprint is thrown away.
        resumable: keep what an interrupted attempt of the same fingerprint left in the temporary folder.
    """
    partial = target.parent / f".{target.name}.partial"
    marker = partial / ".fingerprint"
    same = marker.is_file() and marker.read_text() == fingerprint.digest
    if not (resumable and same):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        marker.write_text(fingerprint.digest)
    yield partial
    marker.unlink()
    outputs = folder_hashes(partial)
    for path in partial.rglob("*"):
        if path.is_file():
            sync(path)
    # The manifest comes last: a temporary folder that has one is whole.
    manifest = {"config": fingerprint.config, "inputs": dict(fingerprint.inputs), "code": fingerprint.code}
    write_json(partial / MANIFEST, {**manifest, "outputs": outputs})
    settle(target)


def settle(target: Path) -> None:
    """Moves a whole temporary folder to its place, also one that a kill has left at the last step."""
    partial = target.parent / f".{target.name}.partial"
    old = target.parent / f".{target.name}.old"
    if (partial / MANIFEST).is_file():
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.replace(old)
        partial.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def sync(path: Path) -> None:
    """Waits until a file's contents are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_json(path: Path, value: Any) -> None:
    """Writes JSON that appears whole or not at all; NaN is refused, since JSON has none."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")
    sync(temporary)
    temporary.replace(path)

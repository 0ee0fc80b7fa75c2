"""Manifest of a stage folder: fingerprint of the inputs, hashes of the outputs, staleness."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kwspipe.files.hashing import file_hash, text_hash

MANIFEST = "manifest.json"
MARKER = ".fingerprint"  # in a partial folder: the fingerprint that the folder belongs to
FACTS = ".facts.json"  # facts about the execution of a stage; they become part of the manifest and are not an output
FIRST_RUN = "first run"  # reason to run a stage without a folder
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Fingerprint:
    """All that the result of a stage depends on.

    Attributes:
        config: the part of the configuration that the stage reads.
        inputs: SHA-256 of each artifact or source that the stage reads, by name.
        code: SHA-256 of the code of the package.
    """

    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    code: str

    @property
    def digest(self) -> str:
        """SHA-256 of configuration, inputs and code."""
        return text_hash(json.dumps([self.config, self.inputs, self.code], sort_keys=True))


def folder_hashes(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file below a folder, by relative path.

    The manifest, the facts and ``logs/`` are excluded. TensorBoard files contain times, and nothing depends on them.
    """
    left_out = (folder / MANIFEST, folder / MARKER, folder / FACTS, folder / "logs")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): file_hash(path)
        for path in files
        if not any(path.is_relative_to(other) for other in left_out)
    }


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Returns the manifest of a stage folder, None if the folder is missing or incomplete."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        return manifest if isinstance(manifest["outputs"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def outputs_hash(manifest: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of the outputs of a stage, which the manifests of later stages contain."""
    return text_hash(json.dumps(manifest["outputs"], sort_keys=True))


@cache
def code_hash() -> str:
    """Returns the SHA-256 of the Python sources and the compiled C core."""
    files = sorted([*PACKAGE.rglob("*.py"), *PACKAGE.glob("_core*.so"), *PACKAGE.glob("_core*.pyd")])
    return text_hash("".join(f"{path.relative_to(PACKAGE)} {file_hash(path)}\n" for path in files))


def stale_because(folder: Path, fingerprint: Fingerprint) -> str | None:
    """Returns why the stage in ``folder`` has to run again, None if the folder is up to date."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        return FIRST_RUN
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


def sync(path: Path) -> None:
    """Waits until the content of a file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file atomically. JSON has no NaN, so that NaN raises ValueError."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")
    sync(temporary)
    temporary.replace(path)

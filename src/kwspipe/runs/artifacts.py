"""Stage folders that are written atomically, and the manifest that shows whether a folder is up to date."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash, text_hash

MANIFEST = "manifest.json"
MARKER = ".fingerprint"  # in a partial folder: the fingerprint that the folder belongs to
FACTS = ".facts.json"  # facts about the execution of a stage; they become part of the manifest and are not an output
# A process ends soon after its parent was killed, except while it executes native code of a library.
MAX_END_S = 60.0
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
    """Yields a partial folder that becomes ``target`` when the block ends without an exception.

    Args:
        target: final folder of the artifacts.
        fingerprint: written into the manifest. A partial folder with another fingerprint is deleted.
        resumable: the content of a partial folder with the same fingerprint is kept.
    """
    with _writer(target):
        partial = _partial(target)
        if not (resumable and _belongs_to(partial, fingerprint)):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            (partial / MARKER).write_text(fingerprint.digest)
        try:
            yield partial
            _conclude(partial, fingerprint)
        except Exception:
            if not resumable:
                shutil.rmtree(partial, ignore_errors=True)  # this also frees space on a full disk
            raise
        _move(target)


def discard_attempt(target: Path, fingerprint: Fingerprint, resumable: bool) -> None:
    """Removes the partial folder of a killed attempt, unless a later run with another fingerprint can resume it."""
    partial = _partial(target)
    if partial.exists() and (not resumable or _belongs_to(partial, fingerprint)):
        shutil.rmtree(partial, ignore_errors=True)


def _partial(target: Path) -> Path:
    return target.parent / f".{target.name}.partial"


def _belongs_to(partial: Path, fingerprint: Fingerprint) -> bool:
    marker = partial / MARKER
    return marker.is_file() and marker.read_text() == fingerprint.digest


def _conclude(partial: Path, fingerprint: Fingerprint) -> None:
    """Syncs a partial folder and writes its manifest, which marks the folder as complete."""
    outputs = folder_hashes(partial)
    for path in partial.rglob("*"):
        if path.is_file():
            sync(path)
    manifest = {"config": fingerprint.config, "inputs": dict(fingerprint.inputs), "code": fingerprint.code}
    write_json(partial / MANIFEST, {**manifest, **_facts(partial), "outputs": outputs})


def _facts(partial: Path) -> dict[str, Any]:
    """Returns the facts of the stage for the manifest, empty if there are none."""
    path = partial / FACTS
    return {"facts": json.loads(path.read_text())} if path.is_file() else {}


@contextmanager
def _writer(target: Path) -> Iterator[None]:
    """Holds a lock beside ``target`` during writing.

    The parent process holds the lock of the run directory. If the parent is killed, the process of the stage may run
    for a moment longer. The next run waits for that process here.
    """
    path = target.parent / f".{target.name}.writer"
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=MAX_END_S)
    try:
        with lock:
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
    except Timeout:
        raise KwspipeError(
            str(target),
            f"a process of an interrupted run has written to this folder for more than {MAX_END_S:.0f} s",
            "one writer at a time",
            "end that process, then run the same command again",
        ) from None


def link(source: Path, target: Path) -> None:
    """Creates ``target`` with hard links to the files of a finished stage, or with copies if links are not supported.

    The folder appears atomically, as each stage folder does.
    """
    with _writer(target):
        partial = _partial(target)
        shutil.rmtree(partial, ignore_errors=True)
        manifest = str(source / MANIFEST)
        shutil.copytree(
            source,
            partial,
            copy_function=_link_or_copy,
            ignore=lambda folder, _: {MANIFEST} if Path(folder) == source else set(),
        )
        _link_or_copy(manifest, str(partial / MANIFEST))  # last, because it marks the folder as complete
        _move(target)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or a file system without hard links
        temporary = Path(f"{target}.copy")
        shutil.copyfile(source, temporary)
        sync(temporary)
        temporary.replace(target)


def finish_commit(target: Path) -> None:
    """Completes a commit that a killed run did not finish: renames a complete partial folder to ``target``."""
    if (target.parent / f".{target.name}.writer").exists():
        with _writer(target):
            _move(target)
    else:
        _move(target)


def _move(target: Path) -> None:
    partial = _partial(target)
    old = target.parent / f".{target.name}.old"
    if (partial / MANIFEST).is_file():
        (partial / MARKER).unlink(missing_ok=True)
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.replace(old)
        partial.replace(target)
    shutil.rmtree(old, ignore_errors=True)


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

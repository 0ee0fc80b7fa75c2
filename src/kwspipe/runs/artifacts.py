"""Stage folders that are whole or not there, and the manifest that tells whether one is still valid."""

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
MARKER = ".fingerprint"  # in a temporary folder: whose it is
FACTS = (
    ".facts.json"  # what a stage says of how it went; goes into the manifest, and does not count as an output
)
# A process whose parent was killed ends at once, unless it is deep in a library's native code.
LONGEST_END_S = 60.0
PACKAGE = Path(__file__).resolve().parents[1]


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


def folder_hashes(folder: Path) -> dict[str, str]:
    """Returns the sha256 of every file below a folder, by relative path.

    The manifest and the facts in it are left out, and ``logs/`` too: TensorBoard's files hold times, and nothing
    depends on them.
    """
    left_out = (folder / MANIFEST, folder / MARKER, folder / FACTS, folder / "logs")
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
                shutil.rmtree(partial, ignore_errors=True)  # also gives back room where the disk is full
            raise
        _move(target)


def discard_attempt(target: Path, fingerprint: Fingerprint, resumable: bool) -> None:
    """Removes what a killed attempt left beside a stage that is up to date, unless another run can go on with it."""
    partial = _partial(target)
    if partial.exists() and (not resumable or _belongs_to(partial, fingerprint)):
        shutil.rmtree(partial, ignore_errors=True)


def _partial(target: Path) -> Path:
    return target.parent / f".{target.name}.partial"


def _belongs_to(partial: Path, fingerprint: Fingerprint) -> bool:
    marker = partial / MARKER
    return marker.is_file() and marker.read_text() == fingerprint.digest


def _conclude(partial: Path, fingerprint: Fingerprint) -> None:
    """Syncs a temporary folder and writes its manifest, with which it is whole."""
    outputs = folder_hashes(partial)
    for path in partial.rglob("*"):
        if path.is_file():
            sync(path)
    manifest = {"config": fingerprint.config, "inputs": dict(fingerprint.inputs), "code": fingerprint.code}
    write_json(partial / MANIFEST, {**manifest, **_facts(partial), "outputs": outputs})


def _facts(partial: Path) -> dict[str, Any]:
    """Returns what the stage left for its manifest under ``facts``, if it did."""
    path = partial / FACTS
    return {"facts": json.loads(path.read_text())} if path.is_file() else {}


@contextmanager
def _writer(target: Path) -> Iterator[None]:
    """Holds a file beside ``target`` while somebody writes it.

    The lock on the run directory is its parent's. When that one is killed, the process of the stage may live for a
    moment more; the next run waits for it here.
    """
    path = target.parent / f".{target.name}.writer"
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=LONGEST_END_S)
    try:
        with lock:
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
    except Timeout:
        raise KwspipeError(
            str(target),
            f"a process of an interrupted run has been writing there for more than {LONGEST_END_S:.0f} s",
            "one writer at a time",
            "end that process, then run the same command again",
        ) from None


def link(source: Path, target: Path) -> None:
    """Makes ``target`` a folder with the same files as a finished stage's, by hard links; copies where there are none.

    Like every stage folder it is there whole or not at all.
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
        _link_or_copy(manifest, str(partial / MANIFEST))  # the last: with it the folder is whole
        _move(target)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        temporary = Path(f"{target}.copy")
        shutil.copyfile(source, temporary)
        sync(temporary)
        temporary.replace(target)


def finish_commit(target: Path) -> None:
    """Finishes what a killed run left at the last step: moves a whole temporary folder to its place."""
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
    """Waits until a file's contents are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_json(path: Path, value: Any) -> None:
    """Writes JSON that appears whole or not at all; NaN is refused, since JSON has none."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")
    sync(temporary)
    temporary.replace(path)

"""Atomic commits of stage folders: partial folders, writer locks, hard links."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import FACTS, MANIFEST, MARKER, Fingerprint, folder_hashes, sync, write_json

# A process ends soon after its parent was killed, except while it executes native code of a library.
MAX_END_S = 60.0


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
        except BaseException:
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

"""What several jobs of a sweep need is computed by one of them; the others take it over."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from kwspipe.runs.artifacts import MANIFEST, Fingerprint, finish_commit

POLL_S = 0.5


@contextmanager
def shared_result(shared_dir: Path, stage_name: str, fingerprint: Fingerprint) -> Iterator[Path]:
    """Yields the folder in which a stage's result for one fingerprint lies, or has to be put by the caller.

    Everybody else who needs the same waits meanwhile. The operating system frees the lock of a process that is killed.
    """
    folder = shared_dir / f"{stage_name}-{fingerprint.digest[:16]}"
    shared_dir.mkdir(parents=True, exist_ok=True)
    lock = _lock_of(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        Console(stderr=True, highlight=False).print("    waiting for another job that makes the same")
        lock.acquire(poll_interval=POLL_S)
    try:
        finish_commit(folder)
        yield folder
    finally:
        lock.release()


def remove_unused(shared_dir: Path) -> None:
    """Removes the results that no job has a link to any more, for example those of older code.

    What a job has begun and not ended stays: it can go on there. Where jobs hold copies because the file system has
    no links, all of them go; they are only needed by jobs to come.
    """
    for folder in shared_dir.glob("[!.]*-*"):
        manifest = folder / MANIFEST
        if not manifest.is_file() or manifest.stat().st_nlink > 1:
            continue
        lock = _lock_of(folder)
        try:
            with lock.acquire(timeout=0):
                if manifest.stat().st_nlink == 1:
                    shutil.rmtree(folder, ignore_errors=True)
                    Path(lock.lock_file).unlink(missing_ok=True)
        except Timeout:
            pass  # somebody is about to link it


def _lock_of(folder: Path) -> FileLock:
    return FileLock(folder.with_name(f".{folder.name}.lock"))

"""Stage results that several jobs of a sweep share: one job computes a result, the others link it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kwspipe.runs.artifacts import MANIFEST, Fingerprint
from kwspipe.runs.stage_folder import finish_commit
from kwspipe.terminal.lines import print_line

POLL_S = 0.5


@contextmanager
def shared_result(shared_dir: Path, stage_name: str, fingerprint: Fingerprint) -> Iterator[Path]:
    """Yields the folder of a stage result with the given fingerprint. The caller writes the result if it is missing.

    Other jobs that need the same result wait. The operating system releases the lock of a killed process.
    """
    folder = shared_dir / f"{stage_name}-{fingerprint.digest[:16]}"
    shared_dir.mkdir(parents=True, exist_ok=True)
    lock = _lock_of(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print_line("waiting for another job that computes the same result")
        lock.acquire(poll_interval=POLL_S)
    try:
        finish_commit(folder)
        yield folder
    finally:
        lock.release()


def remove_unused(shared_dir: Path) -> None:
    """Removes the results without a link in any job folder, for example those of older code.

    Partial results stay, because a job can resume them. If the file system has no hard links, jobs contain copies, and
    all results are removed.
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
            pass  # another job is linking the result


def _lock_of(folder: Path) -> FileLock:
    return FileLock(folder.with_name(f".{folder.name}.lock"))

"""Run directory: lock, configuration file and temporary files."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.files.disk import make_folder
from kwspipe.terminal.lines import print_line

LOCK_POLL_S = 0.5
TEMPORARY = ".tmp"
CONFIG = "config.yaml"
# Files of a run before its first stage has a result.
START_FILES = frozenset(
    {".lock", ".lock.owner", CONFIG, f".{CONFIG}.tmp", "log.txt", ".native_messages", TEMPORARY}
)


@contextmanager
def run_lock(run_dir: Path, wait: bool) -> Iterator[None]:
    """Holds the lock of the run directory. The operating system releases the lock when the process ends.

    Two concurrent sweeps may contain the same job. With ``wait``, the second sweep waits for the first one.

    If the block fails before a stage has written anything, the folders and files that the run created are removed.

    Raises:
        KwspipeError: another process holds the lock, and ``wait`` is False.
    """
    created = [folder for folder in (run_dir, *run_dir.parents) if not folder.exists()]
    is_new = bool(created) or _is_empty(run_dir)
    make_folder(run_dir, "run_dir")
    lock = FileLock(run_dir / ".lock", timeout=0)
    owner = run_dir / ".lock.owner"
    try:
        lock.acquire()
    except Timeout:
        holder = owner.read_text() if owner.is_file() else "unknown"
        if not wait:
            raise KwspipeError(
                str(run_dir),
                f"another run uses this folder (process {holder})",
                "one run at a time per run directory",
                "wait for that run, or set another name: name=...",
            ) from None
        print_line(f"waiting for process {holder}, which uses the same folder", indent=0)
        lock.acquire(timeout=-1, poll_interval=LOCK_POLL_S)
    try:
        shutil.rmtree(run_dir / TEMPORARY, ignore_errors=True)  # left by a killed run
        owner.write_text(f"{os.getpid()} on {platform.node()}")
        yield
    except (KwspipeError, KeyboardInterrupt):
        if is_new:
            _remove_start(run_dir, created)
        raise
    finally:
        lock.release()


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _remove_start(run_dir: Path, created: Sequence[Path]) -> None:
    """Removes the files of a start without results, and the folders that it created unless others use them."""
    if any(path.name not in START_FILES for path in run_dir.iterdir()):
        return
    for path in run_dir.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):  # not empty
        for folder in created:
            folder.rmdir()


def write_config(config: PipelineConfig, run_dir: Path) -> None:
    """Writes the complete resolved configuration as config.yaml."""
    from omegaconf import OmegaConf  # the processes of the stages import this module and do not need it

    from kwspipe.config.parse import to_mapping

    temporary = run_dir / f".{CONFIG}.tmp"
    temporary.write_text(OmegaConf.to_yaml(OmegaConf.create(to_mapping(config))))
    temporary.replace(run_dir / CONFIG)


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Makes this process and its children create temporary files in ``folder``, which the next run removes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    # The sockets of Ray stay in the system's folder, because socket paths are limited to about 100 characters.
    os.environ.setdefault("RAY_TMPDIR", tempfile.gettempdir())
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)

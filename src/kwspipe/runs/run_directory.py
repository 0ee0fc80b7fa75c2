"""The run directory: who holds it, and what lies in it besides the stages' folders."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.files.disk import make_folder

LOCK_POLL_S = 0.5
TEMPORARY = ".tmp"


@contextmanager
def run_lock(run_dir: Path, wait: bool) -> Iterator[None]:
    """Holds the run directory; the lock ends with the process, however that ends.

    Two sweeps at the same time may come to the same job: there, ``wait`` until the other has done it.
    """
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
                f"another run is at work there (process {holder})",
                "one run at a time in a run directory",
                "wait for it, or give this one a name of its own: name=...",
            ) from None
        Console(stderr=True, highlight=False).print(f"waiting for process {holder}, which is at work there")
        lock.acquire(timeout=-1, poll_interval=LOCK_POLL_S)
    try:
        shutil.rmtree(run_dir / TEMPORARY, ignore_errors=True)  # of a run that was killed
        owner.write_text(f"{os.getpid()} on {platform.node()}")
        yield
    finally:
        lock.release()


def write_config(config: PipelineConfig, run_dir: Path) -> None:
    """Leaves the whole resolved configuration as config.yaml."""
    from omegaconf import OmegaConf  # not for the process of every stage, which imports this module

    from kwspipe.config.parse import to_mapping

    temporary = run_dir / ".config.yaml.tmp"
    temporary.write_text(OmegaConf.to_yaml(OmegaConf.create(to_mapping(config))))
    temporary.replace(run_dir / "config.yaml")


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Has this process and its children make their temporary files where the next run finds and removes them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    # Ray's sockets have to stay where their paths are short: a system limits them to about 100 characters.
    os.environ.setdefault("RAY_TMPDIR", tempfile.gettempdir())
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)

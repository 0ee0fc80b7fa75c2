"""One job of a sweep, in whatever process the launcher gives it."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from kwspipe.config.parse import parse
from kwspipe.exchange.external_model import apply_model_settings
from kwspipe.files.disk import translate_disk_errors
from kwspipe.pipeline.runner import run
from kwspipe.sweep import record
from kwspipe.sweep.results import Figures, figures

SHARED = ".shared"
OUTPUT = "output.txt"
POLL_S = 1.0

# The process of the sweeper; elsewhere the terminal is not ours to write to.
_sweeper_pid: int | None = None


def sweep_here() -> None:
    """Says that this process is the sweeper's: jobs that run in it may print."""
    global _sweeper_pid
    _sweeper_pid = os.getpid()


def run_job(composed: DictConfig, folder: Path, overrides: list[str], cores: int) -> Figures:
    """Runs a job in its folder, on so many cores where it does not have the machine for itself.

    Returns:
        Its figures.

    Raises:
        KwspipeError: it failed; ``job.json`` says so too.
    """
    composed.run_dir = str(folder)
    here = os.getpid() == _sweeper_pid
    if here:
        Console(stderr=True, highlight=False).rule(f"[bold]{folder.name}")
    else:
        _end_with_parent()
        _limit_threads(cores)
        # loky, joblib's, names itself here, and processes that the job spawns would not find it by that name.
        multiprocessing.set_start_method("spawn", force=True)
    output = nullcontext() if here else _output_into(folder / OUTPUT)
    with translate_disk_errors(folder), record.track_job(folder, overrides), output:
        apply_model_settings(composed, overrides)
        run(parse(composed), folder.parent / SHARED)
    return figures(folder)


@contextmanager
def _output_into(path: Path) -> Iterator[None]:
    """Sends what this process and its children print into a file: jobs at the same time would garble a terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with path.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in enumerate(saved, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)


def _limit_threads(count: int) -> None:
    """Keeps jobs at the same time from each starting a thread on every core; what the user has set stands."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(count))


def _end_with_parent() -> None:
    """Ends this process when its launcher is killed, so that a sweep started again finds nobody at work."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        os._exit(1)

    if not any(thread.name == "kwspipe-parent" for thread in threading.enumerate()):
        threading.Thread(target=watch, name="kwspipe-parent", daemon=True).start()

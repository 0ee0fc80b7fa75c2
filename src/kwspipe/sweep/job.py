"""One job of a sweep in the process of its launcher."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from omegaconf import DictConfig

from kwspipe.config.parse import parse
from kwspipe.errors import KwspipeError
from kwspipe.exchange.external_model import apply_model_settings
from kwspipe.files.disk import translate_disk_errors
from kwspipe.pipeline.runner import run
from kwspipe.sweep import record
from kwspipe.sweep.progress import print_failure
from kwspipe.sweep.results import Figures, read_figures
from kwspipe.terminal.lines import console
from kwspipe.training.pruning import PrunedError

SHARED = ".shared"
OUTPUT = "output.txt"
POLL_S = 1.0

# Process of the sweeper. Jobs in other processes do not write to the terminal.
_sweeper_pid: int | None = None
_names: dict[Path, str] = {}


def mark_sweeper_process() -> None:
    """Marks this process as that of the sweeper. Jobs that run in it print to the terminal."""
    global _sweeper_pid
    _sweeper_pid = os.getpid()


def name_jobs(names: Mapping[Path, str]) -> None:
    """Sets the names, by folder, under which this process reports failures of jobs that run in it."""
    _names.update(names)


def run_job(composed: DictConfig, folder: Path, overrides: list[str], cores: int) -> Figures:
    """Runs a job in its folder and returns its figures.

    Args:
        composed: the composed configuration.
        folder: folder of the job, which becomes its run directory.
        overrides: overrides of the job.
        cores: number of threads, if the job runs in a process of its own and shares its machine.

    Raises:
        KwspipeError: the job failed; ``job.json`` contains the cause.
    """
    composed.run_dir = str(folder)
    in_sweeper = os.getpid() == _sweeper_pid
    if in_sweeper:
        console().rule(f"[bold]{folder.name}")
    else:
        _end_with_parent()
        _limit_threads(cores)
        # joblib sets loky's start method, which processes that the job starts cannot find by its name.
        multiprocessing.set_start_method("spawn", force=True)
    output = nullcontext() if in_sweeper else _redirect_output(folder / OUTPUT)
    try:
        with translate_disk_errors(folder), record.track_job(folder, overrides), output:
            apply_model_settings(composed, overrides)
            run(parse(composed), folder.parent / SHARED)
    except KwspipeError as error:
        if in_sweeper and not isinstance(error, PrunedError):
            print_failure(_names.get(folder, folder.name), str(error))
        raise
    return read_figures(folder)


@contextmanager
def _redirect_output(path: Path) -> Iterator[None]:
    """Appends the output of this process and its children to a file, so that parallel jobs do not mix their output."""
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
    """Limits the threads per job, unless the user has set the variables. Libraries default to one thread per core."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(count))


def _end_with_parent() -> None:
    """Ends this process when its launcher is killed, so that a restarted sweep finds no running jobs."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        os._exit(1)

    if not any(thread.name == "kwspipe-parent" for thread in threading.enumerate()):
        threading.Thread(target=watch, name="kwspipe-parent", daemon=True).start()

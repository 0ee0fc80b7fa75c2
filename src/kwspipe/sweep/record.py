"""Record of a job of a sweep, ``job.json``: overrides, status, cause of a failure."""

import json
import os
import platform
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import code_hash, write_json
from kwspipe.sweep.job_folders import identity
from kwspipe.training.pruning import PrunedError

RECORD = "job.json"
Status = Literal["running", "done", "failed", "pruned", "interrupted"]


@dataclass(frozen=True)
class JobRecord:
    """Content of ``job.json``.

    Attributes:
        overrides: overrides that the result of the job may depend on, by key.
        status: status of the job; ``running`` also for a job that was killed.
        cause: error message of a failure.
        seconds: total duration, including interrupted attempts.
        process: process number and machine.
        code: SHA-256 of the code of the package.
    """

    overrides: dict[str, str]
    status: Status
    cause: str | None
    seconds: float
    process: str
    code: str


def read(folder: Path) -> JobRecord | None:
    """Returns the record in a job folder, or None if there is no valid record."""
    try:
        return JobRecord(**json.loads((folder / RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def track_job(folder: Path, overrides: Sequence[str]) -> Iterator[None]:
    """Writes the record of a job at the start and at the end of the block.

    Raises:
        KwspipeError: the error of the job. Unexpected exceptions are replaced by KwspipeError, because not all
            exceptions can be pickled for another process. Their traceback is written to ``log.txt``.
    """
    earlier = read(folder)
    earlier_s = earlier.seconds if earlier else 0.0
    process = f"{os.getpid()} on {platform.node()}"
    record = JobRecord(identity(overrides), "running", None, earlier_s, process, code_hash())
    write_json(folder / RECORD, asdict(record))
    started_s = time.monotonic()

    def finish(status: Status, cause: str | None = None) -> None:
        seconds = round(earlier_s + time.monotonic() - started_s, 3)
        write_json(folder / RECORD, asdict(replace(record, status=status, cause=cause, seconds=seconds)))

    try:
        yield
    except KwspipeError as error:
        finish("pruned" if isinstance(error, PrunedError) else "failed", str(error))
        raise
    except Exception as error:
        with (folder / "log.txt").open("a") as log:
            traceback.print_exc(file=log)
        unexpected = _unexpected(folder, error)
        finish("failed", str(unexpected))
        raise unexpected from None
    except BaseException:
        finish("interrupted")
        raise
    finish("done")


def reset_failed(folder: Path) -> None:
    """Marks a job that failed in an earlier attempt as interrupted, before a new attempt starts."""
    record = read(folder)
    if record is not None and record.status == "failed":
        write_json(folder / RECORD, asdict(replace(record, status="interrupted", cause=None)))


def record_lost_job(folder: Path, overrides: Sequence[str], cause: str) -> None:
    """Records a job as failed if its process was lost before the job finished."""
    record = read(folder) or JobRecord(identity(overrides), "running", None, 0.0, "unknown", code_hash())
    if record.status in ("running", "interrupted"):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / RECORD, asdict(replace(record, status="failed", cause=cause)))


def _unexpected(folder: Path, error: Exception) -> KwspipeError:
    return KwspipeError(
        str(folder),
        f"{type(error).__name__}: {error}",
        "a job that finishes",
        f"see the traceback at the end of {folder / 'log.txt'}",
    )

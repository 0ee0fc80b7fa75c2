"""What a job of a sweep notes of itself in ``job.json``: its overrides, how it stands, why it failed."""

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
from kwspipe.sweep.folders import identity

RECORD = "job.json"
Status = Literal["running", "done", "failed", "pruned", "interrupted"]


class PrunedError(KwspipeError):
    """The sweeper stopped this job because others did better at the same epoch: no failure."""


@dataclass(frozen=True)
class JobRecord:
    """``job.json``.

    Attributes:
        overrides: what the job's result may depend on, by key.
        status: ``running`` is also what a job says that was killed.
        cause: of a failure.
        seconds: spent on it, interrupted attempts included.
        process: number and machine.
        code: sha256 of the package's code.
    """

    overrides: dict[str, str]
    status: Status
    cause: str | None
    seconds: float
    process: str
    code: str


def read(folder: Path) -> JobRecord | None:
    """Returns the record of a job's folder, None where there is none."""
    try:
        return JobRecord(**json.loads((folder / RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def track_job(folder: Path, overrides: Sequence[str]) -> Iterator[None]:
    """Keeps the record of a job while its block runs.

    Raises:
        KwspipeError: what the job raised; also in place of exceptions nobody expected, whose traceback goes to
            ``log.txt``, since these do not always survive the way to another process.
    """
    before = read(folder)
    spent_s = before.seconds if before else 0.0
    process = f"{os.getpid()} on {platform.node()}"
    record = JobRecord(identity(overrides), "running", None, spent_s, process, code_hash())
    write_json(folder / RECORD, asdict(record))
    started_s = time.monotonic()

    def note(status: Status, cause: str | None = None) -> None:
        seconds = round(spent_s + time.monotonic() - started_s, 3)
        write_json(folder / RECORD, asdict(replace(record, status=status, cause=cause, seconds=seconds)))

    try:
        yield
    except KwspipeError as error:
        note("pruned" if isinstance(error, PrunedError) else "failed", str(error))
        raise
    except Exception as error:
        with (folder / "log.txt").open("a") as log:
            traceback.print_exc(file=log)
        unexpected = _unexpected(folder, error)
        note("failed", str(unexpected))
        raise unexpected from None
    except BaseException:
        note("interrupted")
        raise
    note("done")


def note_loss(folder: Path, overrides: Sequence[str], cause: str) -> None:
    """Notes for a job that could not do it itself that it was lost, unless it had come to an end."""
    record = read(folder) or JobRecord(identity(overrides), "running", None, 0.0, "unknown", code_hash())
    if record.status in ("running", "interrupted"):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / RECORD, asdict(replace(record, status="failed", cause=cause)))


def _unexpected(folder: Path, error: Exception) -> KwspipeError:
    return KwspipeError(
        str(folder),
        f"{type(error).__name__}: {error}",
        "a job that runs to its end",
        f"see the traceback at the end of {folder / 'log.txt'}",
    )

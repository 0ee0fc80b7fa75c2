"""Progress bar of jobs that run in other processes or on other machines."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kwspipe.sweep import record
from kwspipe.terminal.lines import print_line
from kwspipe.terminal.progress import ProgressBars

POLL_S = 1.0


@contextmanager
def show_progress(names: Mapping[Path, str]) -> Iterator[None]:
    """Shows the number of finished, running and failed jobs during the block, and each failure when it happens.

    Args:
        names: names of the jobs by folder.
    """
    before = {folder: record.read(folder) for folder in names}
    reported: set[Path] = set()
    finished = threading.Event()
    with ProgressBars() as progress:
        task = progress.add_task("jobs", total=len(names))

        def poll() -> None:
            while not finished.wait(POLL_S):
                update()

        def update() -> None:
            # Unchanged records are those of an earlier attempt.
            found = ((folder, record.read(folder)) for folder in names)
            records = {folder: one for folder, one in found if one and one != before[folder]}
            for folder in records.keys() - reported:
                if records[folder].status == "failed":
                    reported.add(folder)
                    print_failure(names[folder], records[folder].cause or "")
            statuses = [one.status for one in records.values()]
            ended = sum(status in ("done", "failed", "pruned") for status in statuses)
            counts = [(statuses.count(status), status) for status in ("running", "failed", "pruned")]
            parts = ["jobs", *(f"{count} {status}" for count, status in counts if count)]
            progress.update(task, completed=ended, description=", ".join(parts))

        thread = threading.Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield
        finally:
            finished.set()
            thread.join()
            update()


def print_failure(name: str, cause: str) -> None:
    """Prints the name of a failed job and the first line of its error."""
    lines = cause.splitlines() or [""]
    first = lines[1].strip(" -") if lines[0].startswith("The configuration has") and lines[1:] else lines[0]
    print_line(f"failed: {name}: {first}", "bold red", indent=0)

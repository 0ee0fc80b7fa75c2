"""Progress bar of jobs that run in other processes or on other machines."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kwspipe.sweep import record
from kwspipe.terminal.progress import ProgressBars

POLL_S = 1.0


@contextmanager
def show_progress(folders: Sequence[Path]) -> Iterator[None]:
    """Shows the number of finished, running and failed jobs in these folders during the block."""
    before = {folder: record.read(folder) for folder in folders}
    finished = threading.Event()
    with ProgressBars() as progress:
        task = progress.add_task("jobs", total=len(folders))

        def poll() -> None:
            while not finished.wait(POLL_S):
                update()

        def update() -> None:
            records = {folder: record.read(folder) for folder in folders}
            # Unchanged records are those of an earlier attempt.
            statuses = [one.status for folder, one in records.items() if one and one != before[folder]]
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

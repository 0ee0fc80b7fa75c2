"""How far a sweep has come whose jobs run in other processes or on other machines."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kwspipe.sweep import record

POLL_S = 1.0


@contextmanager
def shown_while(folders: Sequence[Path]) -> Iterator[None]:
    """Shows, while the block runs, how many of the jobs in these folders are over, running, and failed."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}"),
    )
    before = {folder: record.read(folder) for folder in folders}
    over = threading.Event()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("jobs", total=len(folders), state="")

        def poll() -> None:
            while not over.wait(POLL_S):
                update()

        def update() -> None:
            now = {folder: record.read(folder) for folder in folders}
            # What an earlier attempt left does not count.
            fresh = [kept.status for folder, kept in now.items() if kept and kept != before[folder]]
            ended = sum(status in ("done", "failed", "pruned") for status in fresh)
            counts = [(fresh.count(status), status) for status in ("running", "failed", "pruned")]
            state = ", ".join(f"{count} {status}" for count, status in counts if count)
            progress.update(task, completed=ended, state=state)

        thread = threading.Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            update()

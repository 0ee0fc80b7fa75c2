"""A push with its progress on the console, and the golden inputs it is verified with."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from kwspipe.core.image_info import ImageFacts
from kwspipe.device.boards import Attached
from kwspipe.device.errors import DeviceError
from kwspipe.device.messages import Hello
from kwspipe.device.push import Golden, PushCallbacks, PushReport, ResourceFit, push
from kwspipe.errors import KwspipeError


def read_golden(path: Path, count: int) -> Golden:
    """Reads the first golden inputs with their outputs.

    Raises:
        KwspipeError: quantize left fewer.
    """
    with np.load(path) as archive:
        inputs, outputs = archive["inputs"], archive["outputs"]
    if len(inputs) < count:
        raise KwspipeError(
            "board.golden_inputs",
            f"{count}, but quantize left {len(inputs)} in {path}",
            f"1 to {len(inputs)}",
            "lower board.golden_inputs, or run quantize again",
        )
    return Golden(inputs[:count].reshape(count, -1), outputs[:count])


def push_with_progress(
    attached: Attached, image: bytes, facts: ImageFacts, golden: Golden, console: Console
) -> PushReport:
    """Pushes, and shows how far it has come and how long it will take."""
    columns = (
        TextColumn("    {task.description}"),
        BarColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        sending: TaskID = progress.add_task("pushing", total=len(image))
        testing: TaskID = progress.add_task("testing", total=len(golden.inputs), visible=False)

        def on_fit(hello: Hello, fit: ResourceFit) -> None:
            console.print(f"    {hello.board}, firmware {hello.firmware}")
            for line in fit.lines():
                console.print(f"    {line}")

        def on_tested(done: int, total: int) -> None:
            progress.update(testing, completed=done, visible=True)

        def on_resume(error: DeviceError, pause_s: float) -> None:
            console.print(f"    {error.received}; going on in {pause_s:g} s")

        watcher = PushCallbacks(
            on_fit=on_fit,
            on_sent=lambda done, total: progress.update(sending, completed=done),
            on_tested=on_tested,
            on_resume=on_resume,
        )
        return push(attached.connect, image, facts.memory_bytes, golden, watcher)

"""Push with its progress on the console."""

from rich.console import Console

from kwspipe.core.image_info import ImageRequirements
from kwspipe.device.boards import BoardHandle
from kwspipe.device.errors import DeviceError
from kwspipe.device.golden import GoldenVectors
from kwspipe.device.messages import Hello
from kwspipe.device.push import PushCallbacks, PushReport, ResourceFit, push
from kwspipe.terminal.progress import ProgressBars


def push_with_progress(
    board: BoardHandle,
    image: bytes,
    requirements: ImageRequirements,
    golden: GoldenVectors,
    console: Console,
) -> PushReport:
    """Pushes an image and shows the progress and the estimated remaining time."""
    with ProgressBars("percent") as progress:
        sending = progress.add_task("pushing the model", total=len(image))
        testing = progress.add_task("testing the outputs", total=len(golden.inputs), visible=False)

        def on_fit(hello: Hello, fit: ResourceFit) -> None:
            console.print(f"    {hello.board}, firmware {hello.firmware}")
            for line in fit.lines():
                console.print(f"    {line}")

        def on_resume(error: DeviceError, pause_s: float) -> None:
            console.print(f"    {error.received}; resuming in {pause_s:g} s")

        callbacks = PushCallbacks(
            on_fit=on_fit,
            on_sent=lambda done, _: progress.update(sending, completed=done),
            on_tested=lambda done, _: progress.update(testing, completed=done, visible=True),
            on_resume=on_resume,
        )
        return push(board.connect, image, requirements.memory_bytes, golden, callbacks)

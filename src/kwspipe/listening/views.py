"""Displays of a detection session: level, class scores and detections on a terminal, otherwise lines."""

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from kwspipe.audio.level_meter import meter
from kwspipe.audio.pcm import Pcm
from kwspipe.config.threshold_text import FULL_SCORE, threshold_text
from kwspipe.core.spotter import Inference
from kwspipe.labels import is_keyword
from kwspipe.listening.session import DetectionRecord

WIDTH = 40
FRAMES_PER_S = 12


class PlainView:
    """Prints one line per detection, for files, pipes and logs.

    Args:
        console: destination of the lines.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> "PlainView":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Does nothing."""

    def show_message(self, line: str) -> None:
        """Prints a line."""
        self._console.print(f"    {escape(line)}")

    def begin_source(self, name: str) -> None:
        """Prints nothing, because a folder may contain thousands of recordings without detections."""

    def show_level(self, block: Pcm) -> None:
        """Prints nothing."""

    def show_scores(self, inference: Inference) -> None:
        """Prints nothing."""

    def show_detection(self, detection: DetectionRecord) -> None:
        """Prints a detection."""
        stored = f"  -> {detection.file}" if detection.file else ""
        score = threshold_text(detection.score)
        self._console.print(
            f"    {detection.time_s:8.2f} s  [bold]{escape(detection.label)}[/]  score {score}  "
            f"{escape(detection.source)}{escape(stored)}"
        )


class LiveView(PlainView):
    """Shows bars for the level and the class scores, below the lines of the detections.

    Args:
        console: a terminal.
        labels: labels of the model.
        thresholds: (classes,) thresholds from 0 to 255, marked in the bars.
    """

    def __init__(self, console: Console, labels: Sequence[str], thresholds: Sequence[int]) -> None:
        super().__init__(console)
        self._labels, self._thresholds = labels, thresholds
        self._name, self._time_s, self._meter = "", 0.0, Text()
        self._scores = [0] * len(labels)
        self._live = Live(
            console=console, refresh_per_second=FRAMES_PER_S, transient=True, get_renderable=self.render
        )

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def begin_source(self, name: str) -> None:
        """Shows the name of the source."""
        self._name, self._time_s = name, 0.0

    def show_level(self, block: Pcm) -> None:
        """Shows the peak level of a block."""
        self._meter = meter(block)

    def show_scores(self, inference: Inference) -> None:
        """Shows the class scores and the time."""
        self._time_s = inference.time_ms / 1000
        self._scores = [int(score) + 128 for score in inference.scores]

    def render(self) -> Group:
        """Returns the current state of all bars."""
        head = Text.assemble("    ", (self._name, "bold"), f"  {self._time_s:.1f} s    Ctrl-C ends it")
        width = max(map(len, self._labels))
        rows = zip(self._labels, self._scores, self._thresholds, strict=True)
        return Group(head, self._meter, *(self._bar(label.ljust(width), *row) for label, *row in rows))

    def _bar(self, label: str, score: int, threshold: int) -> Text:
        filled, mark = (
            round(WIDTH * score / FULL_SCORE),
            min(round(WIDTH * threshold / FULL_SCORE), WIDTH - 1),
        )
        keyword = is_keyword(label)
        style = "green" if keyword and score > threshold else "cyan" if keyword else "dim"
        bar = Text("█" * filled + "░" * (WIDTH - filled), style)
        if keyword:
            bar.stylize("reverse", mark, mark + 1)
        return Text.assemble(f"    {label} ", bar, f" {100 * score / FULL_SCORE:3.0f} %")

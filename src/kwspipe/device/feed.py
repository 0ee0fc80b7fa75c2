"""Feeds audio or features to a board instead of its microphone, and collects the detections."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kwspipe.device.frames import OVERHEAD_BYTES
from kwspipe.device.link import Link
from kwspipe.device.messages import FEED_REQUEST, Event, FeedKind
from kwspipe.device.window import FIRST_PIECE_BYTES

BITS_A_BYTE = 10  # 8N1: a start bit and a stop bit around each byte


@dataclass(frozen=True)
class FeedReport:
    """What was fed and what the board detected.

    Attributes:
        audio_s: length of what was fed.
        feed_s: how long it took.
    """

    events: tuple[Event, ...]
    audio_s: float
    feed_s: float


def slowdown(bytes_per_s: float, baud: int) -> float:
    """How many times slower than real time a stream goes over a line at best; below 1 it is faster."""
    framing = 1 + (OVERHEAD_BYTES + FEED_REQUEST.size + 5) / FIRST_PIECE_BYTES
    return bytes_per_s * framing * BITS_A_BYTE / baud


def feed_audio(
    link: Link,
    samples: NDArray[np.int16],
    sample_rate_hz: int,
    baud: int | None,
    console: Console,
    on_progress: Callable[[], None] = lambda: None,
) -> FeedReport:
    """Feeds audio and returns what the board heard in it.

    Args:
        link: the board.
        samples: (samples,) int16, at the rate the board's model was made for.
        sample_rate_hz: that rate.
        baud: of the line, None where it has no such limit (a pseudo-terminal).
        console: for the progress, and to say that it takes longer than the audio.
        on_progress: called again and again; what it raises ends the feed.
    """
    audio_s = len(samples) / sample_rate_hz
    factor = slowdown(2.0 * sample_rate_hz, baud) if baud else 0.0
    if factor > 1:
        console.print(
            f"Feeding {audio_s:.1f} s of audio over a line of {baud:,} baud takes {audio_s * factor:.0f} s: "
            f"{factor:.1f} times slower than real time. The board keeps the audio's own time."
        )
    return _feed(link, FeedKind.AUDIO, samples.astype("<i2").tobytes(), 2, audio_s, console, on_progress)


def feed_features(
    link: Link, features: NDArray[np.uint16], frame_step_s: float, console: Console
) -> FeedReport:
    """Feeds the front end's output, (frames, channels) uint16, a frame every ``frame_step_s`` of audio."""
    frame_bytes = 2 * features.shape[1]
    raw = features.astype("<u2").tobytes()
    return _feed(link, FeedKind.FEATURES, raw, frame_bytes, len(features) * frame_step_s, console)


def _feed(
    link: Link,
    kind: FeedKind,
    raw: bytes,
    unit_bytes: int,
    audio_s: float,
    console: Console,
    on_progress: Callable[[], None] = lambda: None,
) -> FeedReport:
    columns = (TextColumn("feeding"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    started_s = time.monotonic()
    link.start_feed(kind)
    with Progress(*columns, console=console, transient=True) as progress, link.listen() as events:
        task = progress.add_task("feed", total=len(raw))

        def advance(done: int) -> None:
            progress.update(task, completed=done)
            on_progress()

        try:
            link.feed(kind, raw, unit_bytes, advance)
        finally:
            link.stop_feed()
    return FeedReport(tuple(events), audio_s, time.monotonic() - started_s)

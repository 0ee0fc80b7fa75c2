"""Injection of audio or features into a board in place of its microphone."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from kwspipe.device.frames import OVERHEAD_BYTES
from kwspipe.device.link import Link
from kwspipe.device.messages import FEED_REQUEST, Event, FeedKind
from kwspipe.device.window import FIRST_PIECE_BYTES
from kwspipe.terminal.progress import ProgressBars

BITS_PER_BYTE = 10  # 8N1: a start bit and a stop bit around each byte
COBS_BYTES = 5  # COBS code bytes and the delimiters of a frame


@dataclass(frozen=True)
class FeedReport:
    """Result of a feed.

    Attributes:
        events: detections of the board.
        audio_s: duration of the audio.
        feed_s: duration of the transfer.
    """

    events: tuple[Event, ...]
    audio_s: float
    feed_s: float


def slowdown(bytes_per_s: float, baud: int) -> float:
    """Returns the minimum transfer time of a stream divided by its duration.

    A value above 1 means that the transfer is slower than real time.
    """
    framing = 1 + (OVERHEAD_BYTES + FEED_REQUEST.size + COBS_BYTES) / FIRST_PIECE_BYTES
    return bytes_per_s * framing * BITS_PER_BYTE / baud


def feed_audio(
    link: Link,
    samples: NDArray[np.int16],
    sample_rate_hz: int,
    baud: int | None,
    console: Console,
    on_progress: Callable[[], None] = lambda: None,
) -> FeedReport:
    """Feeds audio to the board and returns its detections.

    Args:
        link: the link to the board.
        samples: (samples,) int16, at the sample rate of the model on the board.
        sample_rate_hz: the sample rate.
        baud: speed of the serial line, None if it has no limit (a pseudo-terminal).
        console: shows a message if the transfer is slower than real time.
        on_progress: called during the transfer. An exception in it ends the feed.
    """
    audio_s = len(samples) / sample_rate_hz
    factor = slowdown(2.0 * sample_rate_hz, baud) if baud else 0.0
    if factor > 1:
        console.print(
            f"Feeding {audio_s:.1f} s of audio over a line of {baud:,} baud takes {audio_s * factor:.0f} s: "
            f"{factor:.1f} times slower than real time. The board measures time in the audio."
        )
    return _feed(link, FeedKind.AUDIO, samples.astype("<i2").tobytes(), 2, audio_s, on_progress)


def feed_features(
    link: Link, features: NDArray[np.uint16], frame_step_s: float, console: Console
) -> FeedReport:
    """Feeds features of the front end to the board and returns its detections.

    Args:
        link: the link to the board.
        features: (frames, channels) uint16.
        frame_step_s: audio time between two frames.
        console: shows the progress.
    """
    frame_bytes = 2 * features.shape[1]
    raw = features.astype("<u2").tobytes()
    return _feed(link, FeedKind.FEATURES, raw, frame_bytes, len(features) * frame_step_s)


def _feed(
    link: Link,
    kind: FeedKind,
    raw: bytes,
    unit_bytes: int,
    audio_s: float,
    on_progress: Callable[[], None] = lambda: None,
) -> FeedReport:
    started_s = time.monotonic()
    link.start_feed(kind)
    with ProgressBars("percent") as progress, link.collect_events() as events:
        task = progress.add_task("feeding", total=len(raw))

        def advance(num_bytes: int) -> None:
            progress.update(task, completed=num_bytes)
            on_progress()

        try:
            link.feed(kind, raw, unit_bytes, advance)
        finally:
            link.stop_feed()
    return FeedReport(tuple(events), audio_s, time.monotonic() - started_s)

"""The loop of listening: blocks of sound through a spotter, until the sound ends, time is up or Ctrl-C comes."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.core.spotter import Inference, Spotter
from kwspipe.listening.dump import Dump
from kwspipe.listening.sources import Sound


@dataclass(frozen=True)
class HeardDetection:
    """A detection.

    Attributes:
        source: the recording or the microphone.
        time_s: from the start of that sound.
        label: the word.
        score: mean score when it fired, 0 to 255.
        file: where its sound was kept; None where it was not.
    """

    source: str
    time_s: float
    label: str
    score: int
    file: str | None


@dataclass
class Report:
    """What a session came to."""

    detections: list[HeardDetection] = field(default_factory=list)
    num_sounds: int = 0
    num_inferences: int = 0
    audio_s: float = 0.0
    took_s: float = 0.0
    interrupted: bool = False


class View(Protocol):
    """Shows what goes on."""

    def say(self, line: str) -> None:
        """Tells something that stays."""

    def begin(self, name: str) -> None:
        """A sound begins."""

    def level(self, block: Pcm) -> None:
        """A block was heard."""

    def scores(self, inference: Inference) -> None:
        """The model was run."""

    def heard(self, detection: HeardDetection) -> None:
        """A word was detected."""


@dataclass(frozen=True)
class Limits:
    """How long a session goes on.

    Attributes:
        stopped: tells whether it shall end now.
        duration_s: seconds of sound; None for all there is.
        realtime: wait so that the sound passes at its own pace; for recordings.
        sleep: waits so many seconds.
    """

    stopped: Callable[[], bool]
    duration_s: float | None = None
    realtime: bool = False
    sleep: Callable[[float], None] = time.sleep


def listen(
    spotter: Spotter, rate_hz: int, sounds: Iterable[Sound], view: View, dump: Dump | None, limits: Limits
) -> Report:
    """Listens to sounds, one after another, each from a fresh start.

    Args:
        spotter: the model.
        rate_hz: the sample rate it hears.
        sounds: what it hears.
        view: shows it.
        dump: keeps the sound of detections; None keeps none.
        limits: when it ends.
    """
    report = Report()
    started_s = time.monotonic()
    for sound in sounds:
        spotter.reset()
        view.begin(sound.name)
        report.num_sounds += 1
        for _ in _through(spotter, rate_hz, sound, view, dump, report):
            report.took_s = time.monotonic() - started_s
            if limits.realtime and report.audio_s > report.took_s:
                limits.sleep(report.audio_s - report.took_s)
            report.interrupted = limits.stopped()
            if report.interrupted or report.audio_s >= (limits.duration_s or float("inf")):
                return report
    return report


def _through(
    spotter: Spotter, rate_hz: int, sound: Sound, view: View, dump: Dump | None, report: Report
) -> Iterator[None]:
    """Lets a sound through the spotter, a block at each step."""
    kept, end = np.zeros(0, np.int16), 0
    for block in sound.blocks:
        end += len(block)
        report.audio_s += len(block) / rate_hz
        if dump:
            kept = np.concatenate([kept, block])[-(dump.num_samples + len(block)) :]
        for inference in spotter.infer(block):
            report.num_inferences += 1
            view.scores(inference)
            if inference.detection is None:
                continue
            until = len(kept) - (end - inference.time_ms * rate_hz // 1000)
            label, score = inference.detection.label, inference.detection.score
            file = dump.write(label, sound.name, kept[: max(until, 0)]) if dump else None
            heard = HeardDetection(sound.name, inference.time_ms / 1000, label, score, file)
            report.detections.append(heard)
            view.heard(heard)
        view.level(block)
        yield


@contextmanager
def ends_by(signal_number: int) -> Iterator[Callable[[], bool]]:
    """Takes a signal as the wish to end, as long as the block lasts; yields what tells whether it came."""
    import signal

    came: list[bool] = []
    before = signal.signal(signal_number, lambda *_: came.append(True))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal_number, before)

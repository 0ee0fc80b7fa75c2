"""Detection loop: passes blocks of audio to a spotter until the audio ends, the time limit or Ctrl-C."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.core.spotter import Inference, Spotter
from kwspipe.listening.detection_recorder import DetectionRecorder
from kwspipe.listening.sources import Sound


@dataclass(frozen=True)
class DetectionRecord:
    """A detection and its source.

    Attributes:
        source: name of the recording or the microphone.
        time_s: time of the detection from the start of the source.
        label: label of the detected word.
        score: averaged score at the time of the detection, 0 to 255.
        file: path of the stored audio relative to the folder; None if it was not stored.
    """

    source: str
    time_s: float
    label: str
    score: int
    file: str | None


@dataclass
class Report:
    """Results of a session.

    Attributes:
        detections: all detections in order.
        num_sounds: number of recordings and microphones.
        num_inferences: number of runs of the model.
        audio_s: duration of the processed audio.
        took_s: duration of the session.
        interrupted: the session was stopped by the user.
    """

    detections: list[DetectionRecord] = field(default_factory=list)
    num_sounds: int = 0
    num_inferences: int = 0
    audio_s: float = 0.0
    took_s: float = 0.0
    interrupted: bool = False


class View(Protocol):
    """Display of the progress of a session."""

    def show_message(self, line: str) -> None:
        """Prints a line."""

    def begin_source(self, name: str) -> None:
        """Shows that a recording or microphone starts."""

    def show_level(self, block: Pcm) -> None:
        """Shows the level of a block, (samples,) int16."""

    def show_scores(self, inference: Inference) -> None:
        """Shows the scores of an inference."""

    def show_detection(self, detection: DetectionRecord) -> None:
        """Shows a detection."""


@dataclass(frozen=True)
class Limits:
    """Duration and pace of a session.

    Attributes:
        stopped: returns whether the user has stopped the session.
        duration_s: duration of the audio; None for no limit.
        realtime: processes recordings in real time instead of as fast as possible.
        sleep: waits for a number of seconds.
    """

    stopped: Callable[[], bool]
    duration_s: float | None = None
    realtime: bool = False
    sleep: Callable[[float], None] = time.sleep


def listen(
    spotter: Spotter,
    rate_hz: int,
    sounds: Iterable[Sound],
    view: View,
    recorder: DetectionRecorder | None,
    limits: Limits,
) -> Report:
    """Detects words in audio sources, one after another. The spotter is reset before each source.

    Args:
        spotter: front end, model and detector.
        rate_hz: sample rate of the audio.
        sounds: the audio sources.
        view: display of the progress.
        recorder: stores the audio of detections; None stores none.
        limits: duration and pace.
    """
    report = Report()
    started_s = time.monotonic()
    for sound in sounds:
        spotter.reset()
        view.begin_source(sound.name)
        report.num_sounds += 1
        for _ in _process(spotter, rate_hz, sound, view, recorder, report):
            report.took_s = time.monotonic() - started_s
            if limits.realtime and report.audio_s > report.took_s:
                limits.sleep(report.audio_s - report.took_s)
            report.interrupted = limits.stopped()
            if report.interrupted or report.audio_s >= (limits.duration_s or float("inf")):
                return report
    return report


def _process(
    spotter: Spotter,
    rate_hz: int,
    sound: Sound,
    view: View,
    recorder: DetectionRecorder | None,
    report: Report,
) -> Iterator[None]:
    """Passes an audio source to the spotter; yields after each block."""
    recent, end = np.zeros(0, np.int16), 0  # the latest samples, and the number of all samples
    for block in sound.blocks:
        end += len(block)
        report.audio_s += len(block) / rate_hz
        if recorder:
            recent = np.concatenate([recent, block])[-(recorder.num_samples + len(block)) :]
        for inference in spotter.infer(block):
            report.num_inferences += 1
            view.show_scores(inference)
            if inference.detection is None:
                continue
            length = len(recent) - (end - inference.time_ms * rate_hz // 1000)
            label, score = inference.detection.label, inference.detection.score
            file = recorder.write(label, sound.name, recent[: max(length, 0)]) if recorder else None
            detection = DetectionRecord(sound.name, inference.time_ms / 1000, label, score, file)
            report.detections.append(detection)
            view.show_detection(detection)
        view.show_level(block)
        yield


@contextmanager
def stop_on_signal(signal_number: int) -> Iterator[Callable[[], bool]]:
    """Handles a signal as a request to stop; yields a function that returns whether the signal was received."""
    received: list[bool] = []
    before = signal.signal(signal_number, lambda *_: received.append(True))
    try:
        yield lambda: bool(received)
    finally:
        signal.signal(signal_number, before)

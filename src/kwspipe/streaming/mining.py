"""False accepts in hours of sound without keywords, as clips to train with."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from kwspipe.audio.pcm import Pcm
from kwspipe.compiler import image_format as container
from kwspipe.core.spotter import Spotter
from kwspipe.streaming import curve
from kwspipe.streaming.composition import sound_streams
from kwspipe.streaming.scoring import StreamScores, hear

# Listened to at once, a stream a thread; the memory one needs.
PART_S = 120
COLUMNS = ("file", "label", "score", "recording", "time_ms")


@dataclass(frozen=True)
class Mined:
    """A false accept.

    Attributes:
        label: the word that fired.
        score: its mean score, 0 to 255.
        recording: what it was heard in.
        time_ms: of the detection, from the start of that recording.
        pcm: (samples,) int16: what the model saw when that word scored highest, and a margin around it.
    """

    label: str
    score: int
    recording: str
    time_ms: int
    pcm: Pcm


def mine(
    image: bytes,
    recordings: Iterable[tuple[str, Pcm]],
    sample_length: int,
    margin: int,
    threads: int,
    threshold: int | None,
    advance: Callable[[int], None],
) -> Iterator[Mined]:
    """Listens to recordings without keywords, one after another, and yields what fires.

    Args:
        image: a model image.
        recordings: names and samples, (samples,) int16, at the model's rate; taken as they are needed.
        sample_length: samples the model sees at once.
        margin: samples more on both sides.
        threads: recordings listened to at once.
        threshold: for all words, in place of the model's; None for those.
        advance: told of samples heard.
    """
    spotter = Spotter(image)
    part = PART_S * spotter.sample_rate_hz
    settings = container.read_sections(image)[container.DETECTOR]
    if threshold is not None:
        settings = curve.with_thresholds(settings, [threshold] * len(spotter.labels))
    for batch in _batches(recordings, threads * part):
        names, sounds = zip(*batch, strict=True)
        streams = list(sound_streams("negative", sounds, names, part))
        for heard in hear(image, streams, spotter.sample_rate_hz, threads, advance):
            yield from _fired(heard, settings, spotter, sample_length, margin)


class ClipFolder:
    """Files clips: ``<folder>/<label>/<number>.wav``, and a table of them.

    Args:
        folder: an existing folder.
        sample_rate_hz: of the clips.
    """

    def __init__(self, folder: Path, sample_rate_hz: int) -> None:
        self.folder, self.sample_rate_hz = folder, sample_rate_hz
        self.by_label: Counter[str] = Counter()
        self._table = (folder / "mined.csv").open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._table, lineterminator="\n")
        self._csv.writerow(COLUMNS)

    def add(self, mined: Mined) -> None:
        """Writes a clip."""
        self.by_label[mined.label] += 1
        name = f"clips/{mined.label}/{self.by_label.total():06}.wav"
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, mined.pcm, self.sample_rate_hz, subtype="PCM_16")
        self._csv.writerow((name, mined.label, mined.score, mined.recording, mined.time_ms))

    def close(self) -> None:
        """Ends the table."""
        self._table.close()


def _batches(recordings: Iterable[tuple[str, Pcm]], num_samples: int) -> Iterator[list[tuple[str, Pcm]]]:
    """Gathers recordings until they are so long together; each batch is one recording too long at most."""
    batch: list[tuple[str, Pcm]] = []
    for name, pcm in recordings:
        batch.append((name, pcm))
        if sum(one.size for _, one in batch) >= num_samples:
            yield batch
            batch = []
    if batch:
        yield batch


def _fired(
    heard: StreamScores, settings: bytes, spotter: Spotter, sample_length: int, margin: int
) -> Iterator[Mined]:
    samples = np.concatenate(heard.stream.pieces)
    starts = np.cumsum([0, *(piece.size for piece in heard.stream.pieces[:-1])])
    for detection in heard.detect(settings, spotter.labels):
        best_ms = _highest(heard, detection.index, detection.time_ms, spotter.window_ms)
        end = _samples(best_ms, spotter.sample_rate_hz)
        place = int(
            np.searchsorted(starts, _samples(detection.time_ms, spotter.sample_rate_hz) - 1, side="right")
        )
        start_ms = 1000 * int(starts[place - 1]) // spotter.sample_rate_hz
        clip = samples[max(0, end - sample_length - margin) : end + margin]
        yield Mined(
            detection.label,
            detection.score,
            heard.stream.paths[place - 1],
            detection.time_ms - start_ms,
            clip,
        )


def _highest(heard: StreamScores, index: int, time_ms: int, window_ms: int) -> int:
    """Returns the time of the inference in the averaging window in which a class scored highest."""
    within = np.flatnonzero((heard.times_ms <= time_ms) & (heard.times_ms >= max(0, time_ms - window_ms)))
    best = within[int(heard.scores[within, index].argmax())]
    return int(heard.times_ms[best])


def _samples(time_ms: int, sample_rate_hz: int) -> int:
    return time_ms * sample_rate_hz // 1000

"""Hard-negative mining: false accepts in audio without keywords, as training clips."""

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
from kwspipe.streaming.scoring import StreamScores, score_streams

# Audio that a thread processes as one stream. It determines the memory.
PART_S = 120
COLUMNS = ("file", "label", "score", "recording", "time_ms")


@dataclass(frozen=True)
class MinedClip:
    """A false accept.

    Attributes:
        label: the detected keyword.
        score: its mean score, 0 to 255.
        recording: path of the recording.
        time_ms: time of the detection, from the start of the recording.
        pcm: (samples,) int16, input of the inference with the highest score of the keyword, with a margin around it.
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
) -> Iterator[MinedClip]:
    """Yields the false accepts of a model in recordings without keywords.

    Args:
        image: a model image.
        recordings: names and samples, (samples,) int16, at the sample rate of the model; read on demand.
        sample_length: number of samples of the model input.
        margin: number of samples that a clip has in addition on each side.
        threads: number of streams that are processed in parallel.
        threshold: threshold of all keywords; None: the thresholds of the model.
        advance: called with the number of samples of each processed block.
    """
    spotter = Spotter(image)
    part = PART_S * spotter.sample_rate_hz
    settings = container.read_sections(image)[container.DETECTOR]
    if threshold is not None:
        settings = curve.with_thresholds(settings, [threshold] * len(spotter.labels))
    for batch in _batches(recordings, threads * part):
        names, sounds = zip(*batch, strict=True)
        streams = list(sound_streams("negative", sounds, names, part))
        for scores in score_streams(image, streams, spotter.sample_rate_hz, threads, advance):
            yield from _detected_clips(scores, settings, spotter, sample_length, margin)


class ClipFolder:
    """Writes clips as ``<folder>/clips/<label>/<number>.wav``, and the table mined.csv.

    Args:
        folder: an existing folder.
        sample_rate_hz: sample rate of the clips.
    """

    def __init__(self, folder: Path, sample_rate_hz: int) -> None:
        self.folder, self.sample_rate_hz = folder, sample_rate_hz
        self.by_label: Counter[str] = Counter()
        self._table = (folder / "mined.csv").open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._table, lineterminator="\n")
        self._csv.writerow(COLUMNS)

    def add(self, mined: MinedClip) -> None:
        """Writes a clip."""
        self.by_label[mined.label] += 1
        name = f"clips/{mined.label}/{self.by_label.total():06}.wav"
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, mined.pcm, self.sample_rate_hz, subtype="PCM_16")
        self._csv.writerow((name, mined.label, mined.score, mined.recording, mined.time_ms))

    def close(self) -> None:
        """Closes the table."""
        self._table.close()


def _batches(recordings: Iterable[tuple[str, Pcm]], num_samples: int) -> Iterator[list[tuple[str, Pcm]]]:
    """Yields groups of recordings with at least the given total number of samples. The last group can be shorter."""
    batch: list[tuple[str, Pcm]] = []
    for name, pcm in recordings:
        batch.append((name, pcm))
        if sum(one.size for _, one in batch) >= num_samples:
            yield batch
            batch = []
    if batch:
        yield batch


def _detected_clips(
    scores: StreamScores, settings: bytes, spotter: Spotter, sample_length: int, margin: int
) -> Iterator[MinedClip]:
    samples = np.concatenate(scores.stream.pieces)
    starts = np.cumsum([0, *(piece.size for piece in scores.stream.pieces[:-1])])
    for detection in scores.detect(settings, spotter.labels):
        best_ms = _time_of_highest_score(scores, detection.index, detection.time_ms, spotter.window_ms)
        end = _samples(best_ms, spotter.sample_rate_hz)
        last_sample = _samples(detection.time_ms, spotter.sample_rate_hz) - 1
        piece = int(np.searchsorted(starts, last_sample, side="right")) - 1
        start_ms = 1000 * int(starts[piece]) // spotter.sample_rate_hz
        clip = samples[max(0, end - sample_length - margin) : end + margin]
        yield MinedClip(
            detection.label,
            detection.score,
            scores.stream.paths[piece],
            detection.time_ms - start_ms,
            clip,
        )


def _time_of_highest_score(scores: StreamScores, index: int, time_ms: int, window_ms: int) -> int:
    """Returns the time of the inference with the highest score of a class in the averaging window."""
    within = np.flatnonzero((scores.times_ms <= time_ms) & (scores.times_ms >= max(0, time_ms - window_ms)))
    best = within[int(scores.scores[within, index].argmax())]
    return int(scores.times_ms[best])


def _samples(time_ms: int, sample_rate_hz: int) -> int:
    return time_ms * sample_rate_hz // 1000

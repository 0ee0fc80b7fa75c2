"""Compares rules of the streaming detector on the test streams of finished runs.

    python scripts/measure_detector_rules.py runs/commands_6 runs/digits_3 --speech path/to/more/talk

The scores of the streams are computed once. Each rule selects a keyword and a value from the mean scores of the window,
and a detection requires a value above the threshold. ``RULES`` describes the rules. The first table shows the share of
missed keywords (without background / at ``--snr-db`` over noise) at the best threshold under a number of false accepts
per hour, the second one both figures at fixed thresholds. False accepts are counted on the keyword-free speech of the
test split and of ``--speech``. A dash means that no threshold meets the target.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table

from kwspipe.audio.pcm import AudioError
from kwspipe.compiler import image_format as container
from kwspipe.config import StreamConfig
from kwspipe.core.detector import Detection, unpack_settings
from kwspipe.core.spotter import Spotter
from kwspipe.dataset.decode import read_files
from kwspipe.dataset.sources.root_folders import list_root_folders
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.labels import is_keyword
from kwspipe.streaming.composition import PART_MINUTES, compose, sound_streams
from kwspipe.streaming.matching import match
from kwspipe.streaming.scoring import StreamScores, score_with_progress
from kwspipe.streaming.streams import Stream, total_hours

CONF = Path(__file__).resolve().parent.parent / "conf"
TARGETS = (0.5, 1.0, 2.0, 5.0, 10.0)
FIXED = (60, 90, 120, 145, 180)
LOG_RANGE = 8.0  # the log margin of -8 to 8 covers the thresholds 0 to 255

Means = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Choice = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]  # class and value per inference


def _best_keyword(means: Means, keywords: Mask) -> Choice:
    top = np.where(keywords, means, -np.inf).argmax(axis=1)
    return top, means[np.arange(len(means)), top]


def _others(means: Means, top: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    rest = means.copy()
    rest[np.arange(len(means)), top] = -np.inf
    return rest.max(axis=1)


def top_class(means: Means, keywords: Mask) -> Choice:
    """A: the class with the highest mean, if it is a keyword."""
    top = means.argmax(axis=1)
    return top, np.where(keywords[top], means[np.arange(len(means)), top], -np.inf)


def top_keyword(means: Means, keywords: Mask) -> Choice:
    """B: the keyword with the highest mean, whatever the means of the other classes."""
    return _best_keyword(means, keywords)


def margin(means: Means, keywords: Mask) -> Choice:
    """C: the keyword with the highest mean, minus the highest mean of all other classes."""
    top, value = _best_keyword(means, keywords)
    return top, value - _others(means, top)


def log_margin(means: Means, keywords: Mask) -> Choice:
    """D: as C, with the logarithm of the means; the thresholds 0 to 255 are margins from -8 to 8."""
    top, value = margin(np.log((means + 0.5) / 255.5), keywords)
    return top, (value / LOG_RANGE + 1) / 2 * 255


RULES: dict[str, Callable[[Means, Mask], Choice]] = {
    "A top class": top_class,
    "B top keyword": top_keyword,
    "C margin": margin,
    "D log margin": log_margin,
}


def window_means(scores: StreamScores, settings: dict[str, Any]) -> tuple[Means, Mask]:
    """Returns the mean scores of the window, (inferences, classes), and which inferences have enough of them.

    Args:
        scores: scores of a stream, with inferences at most as frequent as ``latency_ms``.
        settings: settings of the detector.
    """
    values = scores.scores.astype(np.int64) + 128
    sums = np.concatenate([np.zeros((1, values.shape[1]), np.int64), values.cumsum(axis=0)])
    end = np.arange(1, len(values) + 1)
    times = scores.times_ms.astype(np.int64)
    first = np.searchsorted(times, times - settings["average_window_duration_ms"])
    if settings["minimum_count"] == 0:
        first = end - 1
    counts = end - first
    return (sums[end] - sums[first]) // counts[:, np.newaxis] * 1.0, counts >= settings["minimum_count"]


def detect(
    choice: Choice, enough: Mask, times_ms: npt.NDArray[np.int64], threshold: float, suppression_ms: int
) -> list[tuple[int, int]]:
    """Returns class and time in ms of each detection."""
    top, value = choice
    candidates = np.flatnonzero(enough & (value > threshold))
    fired, place = [], 0
    while place < len(candidates):
        index = candidates[place]
        fired.append((int(top[index]), int(times_ms[index])))
        place = int(np.searchsorted(times_ms[candidates], times_ms[index] + suppression_ms, side="right"))
    return fired


@dataclass(frozen=True)
class Curve:
    """Figures of one rule at the thresholds 0 to 255.

    Attributes:
        per_hour: (256,) false accepts per hour.
        missed: (256, conditions) share of missed keywords.
    """

    per_hour: npt.NDArray[np.float64]
    missed: npt.NDArray[np.float64]

    def at_target(self, target: float) -> npt.NDArray[np.float64] | None:
        """Returns the lowest share of missed keywords, (conditions,), under a number of false accepts per hour."""
        allowed = np.flatnonzero(self.per_hour <= target)
        if not len(allowed):
            return None
        best: npt.NDArray[np.float64] = self.missed[allowed[self.missed[allowed].sum(axis=1).argmin()]]
        return best


def measure(
    rule: Callable[[Means, Mask], Choice],
    scores: Sequence[StreamScores],
    settings: dict[str, Any],
    labels: Sequence[str],
    hit_window_ms: float,
    sample_rate_hz: int,
) -> Curve:
    """Returns the figures of a rule on scored streams."""
    words = [label for label in labels if is_keyword(label)]
    keywords = np.array([is_keyword(label) for label in labels])
    spoken = [one for one in scores if one.stream.kind == "words"]
    hours = total_hours([one.stream for one in scores if one.stream.kind == "negative"], sample_rate_hz)
    accepts, missed = np.zeros(256), np.ones((256, len(spoken)))
    for one in scores:
        means, enough = window_means(one, settings)
        choice, times = rule(means, keywords), one.times_ms.astype(np.int64)
        for threshold in range(256):
            fired = detect(choice, enough, times, threshold, settings["suppression_ms"])
            if one.stream.kind == "negative":
                accepts[threshold] += len(fired)
                continue
            detections = [Detection(labels[index], index, 0, time_ms) for index, time_ms in fired]
            outcome = match(one.stream, detections, words, hit_window_ms)
            missed[threshold, spoken.index(one)] = outcome.missed.mean()
    return Curve(accepts / hours, missed)


def streams_of(store: ClipStore, config: StreamConfig, speech: Sequence[str]) -> list[Stream]:
    """Returns the streams of the test split (words without background and over noise, speech) and further speech."""
    streams = [
        stream
        for stream in compose(store, config, "testing", seed=1)
        if stream.kind == "negative" or (stream.kind == "words" and stream.background != "speech")
    ]
    if speech:
        rate = store.summary["sample_rate_hz"]
        recordings, _ = list_root_folders(speech, "--speech", "speech without keywords")
        pieces = [pcm for pcm in read_files(recordings, rate) if not isinstance(pcm, AudioError)]
        more = sound_streams("negative", pieces, [""] * len(pieces), int(PART_MINUTES * 60 * rate))
        streams += [replace(stream, name=f"more {stream.name}") for stream in more]
    return streams


def _shares(missed: npt.NDArray[np.float64] | None) -> str:
    return "-" if missed is None else " / ".join(f"{100 * share:.1f}" for share in missed)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="run folders with prepare/ and quantize/")
    parser.add_argument(
        "--speech", nargs="*", default=[], help="folders of speech without keywords or training data"
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="maximum duration of a stream of words")
    parser.add_argument(
        "--repeats", type=int, default=1, help="number of times that a stream contains the same clip"
    )
    parser.add_argument("--snr-db", type=float, default=10.0, help="ratio of the words over noise")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    values: Any = OmegaConf.to_container(OmegaConf.load(CONF / "stream" / "default.yaml"))
    config = StreamConfig(
        **values
        | {
            "snr_db": (arguments.snr_db,),
            "words_minutes": arguments.minutes,
            "max_words_minutes": arguments.minutes,
            "max_repeats": arguments.repeats,
        }
    )
    console = Console(width=160)
    for run in arguments.runs:
        image, store = (run / "quantize" / "model.kws").read_bytes(), ClipStore(run / "prepare")
        labels, rate = Spotter(image).labels, store.summary["sample_rate_hz"]
        settings = unpack_settings(container.read_sections(image)[container.DETECTOR])
        scores = score_with_progress(
            image, streams_of(store, config, arguments.speech), rate, arguments.threads
        )
        speech = [one.stream for one in scores if one.stream.kind == "negative"]
        words = next(one.stream for one in scores if one.stream.kind == "words")
        count = sum(is_keyword(word.word) and word.word in labels for word in words.spoken)
        title = f"{run.name}: {total_hours(speech, rate):.2f} h of speech, {count} words per condition"
        at_targets, at_fixed = Table(title=title), Table()
        at_targets.add_column("% missed, clean / noise, at")
        at_fixed.add_column("per hour, % missed, at threshold")
        for target in TARGETS:
            at_targets.add_column(f"{target:g} per hour", justify="right")
        for threshold in FIXED:
            at_fixed.add_column(f"{threshold} ({threshold / 255:.0%})", justify="right")
        for name, rule in RULES.items():
            curve = measure(rule, scores, settings, labels, config.hit_window_ms, rate)
            at_targets.add_row(name, *(_shares(curve.at_target(target)) for target in TARGETS))
            at_fixed.add_row(name, *(f"{curve.per_hour[t]:.1f}, {_shares(curve.missed[t])}" for t in FIXED))
        console.print(at_targets, at_fixed)


if __name__ == "__main__":
    main()

"""Keyword-free parts of recordings whose transcripts contain keywords."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context

from kwspipe.audio.pcm import Pcm
from kwspipe.dataset.decode import map_in_order, num_workers
from kwspipe.dataset.keyword_free.alignment import MARGIN_MS, SAMPLE_RATE_HZ, Aligner
from kwspipe.dataset.keyword_free.transcripts import KeywordFinder

# A shorter part of a recording is omitted together with the keywords around it.
MIN_PART_MS = 1500
# Recordings that are submitted ahead of the results, per process.
NUM_AHEAD = 4
Limits = tuple[int, int]


@dataclass(frozen=True)
class Transcribed:
    """A recording and its transcript.

    Attributes:
        pcm: (samples,) int16 at ``alignment.SAMPLE_RATE_HZ``.
        words: the spoken words.
    """

    pcm: Pcm
    words: tuple[str, ...]


def keyword_free_parts(
    recordings: Iterable[Transcribed], finder: KeywordFinder
) -> Iterator[list[Limits] | None]:
    """Yields the keyword-free parts of each recording, each as its first sample and the sample after its last one.

    Args:
        recordings: the recordings, consumed a bounded number ahead.
        finder: search for the keywords.

    Yields:
        The parts of a recording; None if its transcript cannot be aligned.
    """
    processes = num_workers()
    with ProcessPoolExecutor(processes, get_context("spawn")) as executor:
        yield from map_in_order(executor, partial(_parts, finder), recordings, NUM_AHEAD * processes)


@cache
def _aligner() -> Aligner:
    return Aligner()


def _parts(finder: KeywordFinder, recording: Transcribed) -> list[Limits] | None:
    limits = _aligner().align(recording.pcm, recording.words)
    if limits is None:
        return None
    omitted = [(limits[first][0], limits[end - 1][1]) for first, end in finder.find(recording.words)]
    per_ms = SAMPLE_RATE_HZ // 1000
    return list(parts_between(recording.pcm.size, omitted, MIN_PART_MS * per_ms, MARGIN_MS * per_ms))


def parts_between(length: int, omitted: Sequence[Limits], min_length: int, margin: int) -> Iterator[Limits]:
    """Yields the parts of a recording between the omitted passages.

    Args:
        length: number of samples of the recording.
        omitted: passages to omit, sorted.
        min_length: minimum number of samples of a part.
        margin: number of samples that are omitted before and after each passage.
    """
    start = 0
    for first, end in [*omitted, (length + margin, length + margin)]:
        if first - margin - start >= min_length:
            yield start, first - margin
        start = max(start, end + margin)

"""A few recordings each of a few speakers, drawn in one pass and in bounded memory."""

import hashlib
import heapq
import itertools
from collections.abc import Iterable

from kwspipe.dataset.recordings import Recording


class RecordingSample:
    """Up to ``limit`` recordings of those that are added, the same ones whatever their order.

    Args:
        limit: how many are kept.
        seed: decides which.
    """

    def __init__(self, limit: int, seed: str) -> None:
        self._limit, self._seed = limit, seed
        self._heap: list[tuple[int, str, Recording]] = []

    def add(self, recording: Recording) -> None:
        """Keeps a recording if it is drawn before one of those kept."""
        entry = (-random_key(recording.path, self._seed), recording.path, recording)
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def recordings(self) -> list[Recording]:
        """Returns those kept, in the order they are drawn."""
        return [recording for *_, recording in sorted(self._heap, reverse=True)]


def sample_speakers(
    recordings: Iterable[Recording], num_recordings: int, limit: int, seed: str
) -> list[Recording]:
    """Draws speakers at random, and up to ``limit`` recordings of each, so that each says several words.

    Who is drawn depends on the seed and on names only, not on the order of the recordings.

    Args:
        recordings: to draw from.
        num_recordings: how many are wanted in all.
        limit: of one speaker.
        seed: decides who is drawn.

    Returns:
        Those of the first speaker drawn, then those of the second, and so on.
    """
    kept: dict[str, RecordingSample] = {}
    last_drawn: list[tuple[int, str]] = []  # of the speakers kept, the one to give up first stands first
    for recording in recordings:
        speaker = recording.speaker
        if speaker not in kept:
            entry = (-random_key(speaker, seed), speaker)
            if len(kept) == num_recordings:
                if entry <= last_drawn[0]:
                    continue
                del kept[heapq.heapreplace(last_drawn, entry)[1]]
            else:
                heapq.heappush(last_drawn, entry)
            kept[speaker] = RecordingSample(limit, seed)
        kept[speaker].add(recording)
    speakers = (speaker for _, speaker in sorted(last_drawn, reverse=True))
    drawn = (recording for speaker in speakers for recording in kept[speaker].recordings())
    return list(itertools.islice(drawn, num_recordings))


def random_key(text: str, seed: str) -> int:
    """Returns a number by which names are in random order, the same one for the same seed."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{text}".encode(), digest_size=8).digest(), "big")

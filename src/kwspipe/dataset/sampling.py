"""Random samples of recordings and speakers, drawn in one pass with bounded memory."""

import hashlib
import heapq
import itertools
from collections.abc import Iterable

from kwspipe.dataset.recordings import Recording


class RecordingSample:
    """A random sample of the recordings that are added; it does not depend on their order.

    Args:
        limit: maximum size of the sample.
        seed: selects the sample.
    """

    def __init__(self, limit: int, seed: str) -> None:
        self._limit, self._seed = limit, seed
        self._heap: list[tuple[int, str, Recording]] = []

    def add(self, recording: Recording) -> None:
        """Adds a recording to the candidates; the sample consists of those with the lowest random keys."""
        entry = (-random_key(recording.path, self._seed), recording.path, recording)
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def recordings(self) -> list[Recording]:
        """Returns the sample in random order."""
        return [recording for *_, recording in sorted(self._heap, reverse=True)]


def sample_speakers(
    recordings: Iterable[Recording], num_recordings: int, limit: int, seed: str
) -> list[Recording]:
    """Draws random speakers, and up to ``limit`` recordings of each, so that a speaker has several words.

    The result depends on the seed and the names only, not on the order of the recordings.

    Args:
        recordings: the candidates.
        num_recordings: size of the sample.
        limit: maximum number of recordings per speaker.
        seed: selects the sample.

    Returns:
        The recordings of the first speaker drawn, then those of the second, and so on.
    """
    samples: dict[str, RecordingSample] = {}
    # A heap of the speakers in samples. Its first element is the speaker to remove next.
    last_drawn: list[tuple[int, str]] = []
    for recording in recordings:
        speaker = recording.speaker
        if speaker not in samples:
            entry = (-random_key(speaker, seed), speaker)
            if len(samples) == num_recordings:
                if entry <= last_drawn[0]:
                    continue
                del samples[heapq.heapreplace(last_drawn, entry)[1]]
            else:
                heapq.heappush(last_drawn, entry)
            samples[speaker] = RecordingSample(limit, seed)
        samples[speaker].add(recording)
    speakers = (speaker for _, speaker in sorted(last_drawn, reverse=True))
    drawn = (recording for speaker in speakers for recording in samples[speaker].recordings())
    return list(itertools.islice(drawn, num_recordings))


def random_key(text: str, seed: str) -> int:
    """Returns a pseudo-random sort key of 64 bits that depends on the text and the seed only."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{text}".encode(), digest_size=8).digest(), "big")

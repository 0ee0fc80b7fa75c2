"""People of one split and the words they say, to let them talk in a row or at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kwspipe.dataset.decode import Clip
from kwspipe.dataset.hard_negatives import clip_edits
from kwspipe.dataset.recordings import Recording

NUM_WORDS_IN_A_ROW = (2, 3)
NUM_WORDS_OF_A_TALKER = 3


@dataclass(frozen=True)
class DecodedWord:
    """A decoded clip, and the recording it is."""

    recording: Recording
    clip: Clip


# A clip and the recordings it was made of.
ComposedClip = tuple[Clip, Sequence[Recording]]


class SpeechMixer:
    """Decoded words by several people.

    Args:
        words: what they say; kept in memory.
        length: samples the network hears.
        rate_hz: sample rate of the words.
    """

    def __init__(self, words: Iterable[DecodedWord], length: int, rate_hz: int) -> None:
        self._length, self._rate_hz = length, rate_hz
        by_speaker: dict[str, list[DecodedWord]] = defaultdict(list)
        for spoken in words:
            by_speaker[spoken.recording.speaker].append(spoken)
        self._all = list(by_speaker.values())
        talkative = [said for said in self._all if len({spoken.recording.word for spoken in said}) > 1]
        everyone = [spoken for said in self._all for spoken in said]
        self._fluent = talkative or ([everyone] if len(everyone) > 1 else [])

    @property
    def fluent(self) -> bool:
        """Whether there are two words to say in a row."""
        return bool(self._fluent)

    @property
    def several(self) -> bool:
        """Whether there are two people to talk at once."""
        return len(self._all) > 1

    def concatenate_words(self, rng: np.random.Generator) -> ComposedClip:
        """Says two or three words, by one speaker where anyone has said two different ones."""
        said = self._fluent[int(rng.integers(len(self._fluent)))]
        count = int(rng.integers(NUM_WORDS_IN_A_ROW[0], NUM_WORDS_IN_A_ROW[1] + 1))
        chosen = [said[index] for index in rng.permutation(len(said))[:count]]
        clip = clip_edits.concatenate_words(
            [spoken.clip for spoken in chosen], self._length, self._rate_hz, rng
        )
        return clip, [spoken.recording for spoken in chosen]

    def mix_babble(self, num_talkers: tuple[int, int], rng: np.random.Generator) -> ComposedClip:
        """Lets people talk at once, as many as drawn between two limits and as there are."""
        count = int(rng.integers(num_talkers[0], num_talkers[1] + 1))
        talkers = []
        for index in rng.permutation(len(self._all))[:count]:
            said = self._all[index]
            talkers.append([said[place] for place in rng.permutation(len(said))[:NUM_WORDS_OF_A_TALKER]])
        clips = [[spoken.clip for spoken in said] for said in talkers]
        return clip_edits.mix_babble(clips, self._length, self._rate_hz, rng), [
            said[0].recording for said in talkers
        ]

"""Speech mixer: concatenates words and mixes babble from decoded words of the speakers of one split."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kwspipe.dataset.decode import Clip
from kwspipe.dataset.hard_negatives import clip_edits
from kwspipe.dataset.recordings import Recording

# Minimum and maximum number of concatenated words.
NUM_CONCATENATED_WORDS = (2, 3)
# Maximum number of words per speaker in babble.
MAX_BABBLE_WORDS = 3


@dataclass(frozen=True)
class DecodedWord:
    """A recording and its decoded clip."""

    recording: Recording
    clip: Clip


# A clip and the recordings it consists of.
ComposedClip = tuple[Clip, Sequence[Recording]]


class SpeechMixer:
    """Composes clips from decoded words of several speakers.

    Args:
        words: the words; they are kept in memory.
        length: number of samples of a window.
        rate_hz: sample rate of the words.
    """

    def __init__(self, words: Iterable[DecodedWord], length: int, rate_hz: int) -> None:
        self._length, self._rate_hz = length, rate_hz
        by_speaker: dict[str, list[DecodedWord]] = defaultdict(list)
        for word in words:
            by_speaker[word.recording.speaker].append(word)
        self._speakers = list(by_speaker.values())
        several_words = [own for own in self._speakers if len({word.recording.word for word in own}) > 1]
        all_words = [word for own in self._speakers for word in own]
        # Groups of words to concatenate: one group per speaker, or all words if no speaker has two different ones.
        self._groups = several_words or ([all_words] if len(all_words) > 1 else [])

    @property
    def can_concatenate(self) -> bool:
        """True if there are two words to concatenate."""
        return bool(self._groups)

    @property
    def can_mix_babble(self) -> bool:
        """True if there are two speakers to mix."""
        return len(self._speakers) > 1

    def concatenate_words(self, rng: np.random.Generator) -> ComposedClip:
        """Concatenates two or three words, of one speaker if any speaker has two different words."""
        group = self._groups[int(rng.integers(len(self._groups)))]
        count = int(rng.integers(NUM_CONCATENATED_WORDS[0], NUM_CONCATENATED_WORDS[1] + 1))
        selected = [group[index] for index in rng.permutation(len(group))[:count]]
        clip = clip_edits.concatenate_words(
            [word.clip for word in selected], self._length, self._rate_hz, rng
        )
        return clip, [word.recording for word in selected]

    def mix_babble(self, num_speakers: tuple[int, int], rng: np.random.Generator) -> ComposedClip:
        """Mixes speakers.

        Args:
            num_speakers: minimum and maximum number of speakers; there may be fewer in the split.
            rng: random generator of the clip.
        """
        count = int(rng.integers(num_speakers[0], num_speakers[1] + 1))
        selected = []
        for speaker in rng.permutation(len(self._speakers))[:count]:
            own = self._speakers[speaker]
            selected.append([own[index] for index in rng.permutation(len(own))[:MAX_BABBLE_WORDS]])
        clips = [[word.clip for word in own] for own in selected]
        recordings = [own[0].recording for own in selected]
        return clip_edits.mix_babble(clips, self._length, self._rate_hz, rng), recordings

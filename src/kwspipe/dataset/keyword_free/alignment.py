"""Forced alignment of transcripts with PocketSphinx: the times of keywords in running speech."""

from collections.abc import Sequence
from typing import Any

from kwspipe.audio.pcm import Pcm
from kwspipe.errors import KwspipeError

SAMPLE_RATE_HZ = 16000  # of the acoustic model en-us
# PocketSphinx's default frame rate.
FRAMES_PER_S = 100
# Audio before and after a keyword that is omitted with it, because the limits of aligned words are inexact.
MARGIN_MS = 200


# Approximate pronunciations of letters and groups of letters in ARPAbet. The alignment of a word that is not in the
# dictionary needs its duration and its neighbours rather than its exact sounds.
_SOUNDS = {
    "ch": "CH", "ck": "K", "gh": "G", "ng": "NG", "oo": "UW", "ee": "IY", "ea": "IY", "ou": "AW", "ow": "OW",
    "ph": "F", "qu": "K W", "sh": "SH", "th": "TH", "wh": "W", "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH",
    "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AO", "p": "P",
    "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip


def _approximate_sounds(word: str) -> str:
    """Returns an approximate pronunciation of an English word, as phones separated by spaces."""
    phones: list[str] = []
    index = 0
    while index < len(word):
        length = 2 if word[index : index + 2] in _SOUNDS else 1
        phones += [_SOUNDS[word[index : index + length]]] if word[index : index + length] in _SOUNDS else []
        index += length
    return " ".join(phones)


def check(sample_rate_hz: int) -> None:
    """Raises KwspipeError if PocketSphinx is not installed, or if its models are for another sample rate."""
    _pocketsphinx()
    if sample_rate_hz != SAMPLE_RATE_HZ:
        raise KwspipeError(
            "frontend.sample_rate_hz",
            f"{sample_rate_hz} with dataset.omitted_keywords=passages",
            f"{SAMPLE_RATE_HZ}, the sample rate of the acoustic model",
            "set dataset.omitted_keywords=recordings",
        )


def _pocketsphinx() -> Any:
    try:
        import pocketsphinx
    except ImportError:
        raise KwspipeError(
            "dataset.omitted_keywords",
            "'passages' without the package pocketsphinx",
            "the package, or dataset.omitted_keywords=recordings",
            "pip install 'kwspipe[alignment]'",
        ) from None
    return pocketsphinx


class Aligner:
    """Forced aligner for English. It is not thread-safe."""

    def __init__(self) -> None:
        self._decoder = _pocketsphinx().Decoder(samprate=SAMPLE_RATE_HZ, lm=None, loglevel="FATAL")

    def align(self, pcm: Pcm, words: Sequence[str]) -> list[tuple[int, int]] | None:
        """Returns the first sample of each word and the sample after its last one.

        Args:
            pcm: (samples,) int16 at 16 kHz.
            words: all spoken words, in lower case.

        Returns:
            The limits of the words; None if the alignment fails.
        """
        for word in dict.fromkeys(words):
            if self._decoder.lookup_word(word) is None:
                self._decoder.add_word(word, _approximate_sounds(word) or "SIL", False)
        self._decoder.set_align_text(" ".join(words))
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()
        segments = self._decoder.seg() or ()
        found = [s for s in segments if not s.word.startswith(("<", "[", "+"))]
        if [segment.word.partition("(")[0] for segment in found] != list(words):
            return None
        step = SAMPLE_RATE_HZ // FRAMES_PER_S
        return [(segment.start_frame * step, (segment.end_frame + 1) * step) for segment in found]

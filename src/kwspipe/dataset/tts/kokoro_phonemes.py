"""What Kokoro reads: numbers of phonemes, for which espeak-ng's pronunciation is rewritten.

Kokoro was trained on the notation of the G2P package Misaki: IPA, with one letter for each diphthong and affricate and
without marks of length in American English. The numbers are those of the model's ``config.json`` (Kokoro-82M v1.0).
"""

import re

from kwspipe.dataset.tts import espeak

AMERICAN, BRITISH = "gmw/en-US", "gmw/en-GB-x-rp"
# Raised with every change of what is made of a text: clips in the cache are known by it.
REVISION = 1

TOKENS: dict[str, int] = dict(zip(
    ';:,.!?—…"()“” ', (1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16), strict=True
)) | dict(zip(
    "AIOQSTWYᵊabcdefhijklmnopqrstuvwxyz",
    (24, 25, 31, 33, 35, 36, 39, 41, 42, *range(43, 49), *range(50, 69)), strict=True,
)) | dict(zip(
    "ɑɐɒæɔðʤəɛɜɡɪŋθɹɾʃʧʊʌʒʔˈˌːᵻ",
    (69, 70, 71, 72, 76, 81, 82, 83, 86, 87, 92, 102, 112, 119, 123, 125, 131, 133, 135, 138, 147, 148,
     156, 157, 158, 177), strict=True,
))  # fmt: skip

# From espeak-ng's IPA, multi-letter phonemes tied with ^, to Misaki's; in this order.
_SHARED = (
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("e^ɪ", "A"), ("ɔ^ɪ", "Y"), ("d^ʒ", "ʤ"), ("t^ʃ", "ʧ"), ("ə^l", "ᵊl"),
    ("n\u0329", "ᵊn"), ("l\u0329", "ᵊl"), ("ʔ", "t"), ("ɚ", "əɹ"), ("r", "ɹ"), ("x", "k"), ("ç", "k"), ("ɬ", "l"),
    ("\u0303", ""), ("ʲ", ""),
)  # fmt: skip
_AMERICAN = (("o^ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ɐ", "ə"), ("ː", ""))
_BRITISH = (("ə^ʊ", "Q"), ("e^ə", "ɛː"), ("iə", "ɪə"), ("i^ə", "ɪə"), ("ɐ", "ə"))
# espeak-ng gives British "one" the vowel of "on", as in the north; the voices are of the south.
_EXCEPTIONS = {BRITISH: {"one": "wˈʌn"}}


def phonemes(text: str, voice: str) -> str:
    """Returns Kokoro's phonemes of a text, the punctuation at its end kept.

    Args:
        text: words; punctuation within it counts as a space.
        voice: ``AMERICAN`` or ``BRITISH``.
    """
    ending = re.search(r"[.!?,;:]*$", text)[0]  # type: ignore[index]
    words = re.findall(r"[^\s.!?,;:]+", text)
    spoken = espeak.ipa(words, voice)
    exceptions = _EXCEPTIONS.get(voice, {})
    rewritten = " ".join(exceptions.get(word.casefold()) or _rewritten(spoken[word], voice) for word in words)
    if "ˈ" not in rewritten:  # function words have weak stress; alone they carry the sentence's
        rewritten = rewritten.replace("ˌ", "ˈ", 1)
    return rewritten + ending


def tokens(spoken: str) -> list[int]:
    """Returns the numbers of phonemes; what the model does not know is left out."""
    return [TOKENS[letter] for letter in spoken if letter in TOKENS]


def _rewritten(spoken: str, voice: str) -> str:
    for from_espeak, to_kokoro in (*_SHARED, *(_BRITISH if voice == BRITISH else _AMERICAN), ("^", "")):
        spoken = spoken.replace(from_espeak, to_kokoro)
    return spoken.strip()

"""Phoneme tokens of Kokoro, converted from the pronunciation of espeak-ng.

Kokoro was trained with the notation of the G2P package Misaki: IPA with one letter for each diphthong and affricate,
and without length marks in American English. The tokens are those of ``config.json`` of the model (Kokoro-82M v1.0).
"""

import re

from kwspipe.dataset.tts import espeak

AMERICAN, BRITISH = "gmw/en-US", "gmw/en-GB-x-rp"
# Part of the cache key. It must be increased with each change of the conversion.
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

# Replacements from the IPA of espeak-ng, with letters of one phoneme joined by ^, to Misaki, in this order.
_SHARED = (
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("e^ɪ", "A"), ("ɔ^ɪ", "Y"), ("d^ʒ", "ʤ"), ("t^ʃ", "ʧ"), ("ə^l", "ᵊl"),
    ("n\u0329", "ᵊn"), ("l\u0329", "ᵊl"), ("ʔ", "t"), ("ɚ", "əɹ"), ("r", "ɹ"), ("x", "k"), ("ç", "k"), ("ɬ", "l"),
    ("\u0303", ""), ("ʲ", ""),
)  # fmt: skip
_AMERICAN = (("o^ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ɐ", "ə"), ("ː", ""))
_BRITISH = (("ə^ʊ", "Q"), ("e^ə", "ɛː"), ("iə", "ɪə"), ("i^ə", "ɪə"), ("ɐ", "ə"))
# espeak-ng pronounces British "one" with the northern vowel of "on". The voices have southern accents.
_EXCEPTIONS = {BRITISH: {"one": "wˈʌn"}}


def phonemes(text: str, voice: str) -> str:
    """Returns the phonemes of a text in the notation of Kokoro, with the punctuation at its end.

    Args:
        text: the words. Punctuation inside the text is replaced by spaces.
        voice: ``AMERICAN`` or ``BRITISH``.
    """
    ending = re.search(r"[.!?,;:]*$", text)[0]  # type: ignore[index]
    words = re.findall(r"[^\s.!?,;:]+", text)
    pronunciations = espeak.ipa(words, voice)
    exceptions = _EXCEPTIONS.get(voice, {})
    converted = " ".join(
        exceptions.get(word.casefold()) or _converted(pronunciations[word], voice) for word in words
    )
    if "ˈ" not in converted:  # function words have only secondary stress; a text needs a primary stress
        converted = converted.replace("ˌ", "ˈ", 1)
    return converted + ending


def tokens(phoneme_text: str) -> list[int]:
    """Returns the tokens of phonemes. Letters without token are omitted."""
    return [TOKENS[letter] for letter in phoneme_text if letter in TOKENS]


def _converted(ipa: str, voice: str) -> str:
    for from_espeak, to_kokoro in (*_SHARED, *(_BRITISH if voice == BRITISH else _AMERICAN), ("^", "")):
        ipa = ipa.replace(from_espeak, to_kokoro)
    return ipa.strip()

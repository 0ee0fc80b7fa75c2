"""Takes of speakers, division of clips among engines, and synthesis through the cache."""

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from kwspipe.dataset.tts import espeak, kokoro
from kwspipe.dataset.tts.speech_cache import SpeechCache
from kwspipe.dataset.tts.synthesizers import Speaker, SpeechSynthesizer, clips_per_engine, generate_takes

SPEAKERS = [Speaker(name, name, name) for name in ("ann", "bob", "cid", "dan")]


class Echo:
    """Engine that returns its arguments as utterance."""

    name = "kokoro"
    seed = "7"

    def speakers(self) -> list[Speaker]:
        return SPEAKERS

    def utterance(self, text: str, speaker: Speaker, rng: random.Random) -> kokoro.Utterance:
        return kokoro.Utterance(text, speaker.voice, rng.random())


def first(num_takes: int, word: str = "seven", speakers: list[Speaker] = SPEAKERS) -> list:
    return list(itertools.islice(generate_takes(Echo(), word, speakers), num_takes))  # type: ignore[arg-type]


def test_each_speaker_has_one_take_before_any_second_take():
    takes = first(12)
    assert [take for _, take, _ in takes] == [0] * 4 + [1] * 4 + [2] * 4
    assert all(
        {s.name for s, take, _ in takes if take == n} == {"ann", "bob", "cid", "dan"} for n in range(3)
    )
    assert len({utterance for _, _, utterance in takes}) == 12
    assert {utterance.text[:-1] for _, _, utterance in takes} == {"seven"}


def test_takes_do_not_depend_on_the_number_of_clips_and_speakers():
    assert first(12)[:5] == first(5)
    without = [entry for entry in first(12) if entry[0].name != "bob"]
    assert first(9, speakers=[s for s in SPEAKERS if s.name != "bob"]) == without
    assert first(4, speakers=SPEAKERS[::-1]) == first(4)
    assert first(4, "six") != first(4)


def test_without_speakers_there_are_no_takes():
    assert first(3, speakers=[]) == []


@pytest.mark.parametrize(
    ("engines", "shares", "total", "expected"),
    [
        (("espeak",), (1.0, 9.0), 7, {"espeak": 7}),
        (("espeak", "kokoro"), (1.0, 1.0), 7, {"espeak": 4, "kokoro": 3}),
        (("kokoro", "espeak"), (1.0, 3.0), 100, {"kokoro": 75, "espeak": 25}),
        (("espeak", "kokoro"), (1.0, 100.0), 3, {"espeak": 0, "kokoro": 3}),
    ],
)
def test_clips_are_divided_by_shares(engines: tuple, shares: tuple, total: int, expected: dict):
    assert clips_per_engine(engines, dict(zip(("espeak", "kokoro"), shares, strict=True)), total) == expected


@pytest.mark.skipif(not espeak.is_installed(), reason="needs the extra: pip install kwspipe[synthetic]")
def test_cached_samples_equal_synthesized_samples(tmp_path: Path):
    utterance = espeak.Utterance("seven.", "gmw/en-US+f3", 160, 50)
    expected = espeak.synthesize(utterance, 16000)
    cache = SpeechCache(tmp_path / "speech")
    synthesizer = SpeechSynthesizer(cache, tmp_path, "0" * 64)
    for _ in range(2):
        assert np.array_equal(synthesizer.synthesize(utterance, 16000), expected)
    assert cache.has(synthesizer.key(utterance)) and cache.size()[0] == 1
    assert np.array_equal(SpeechSynthesizer(None, tmp_path, "0" * 64).synthesize(utterance, 16000), expected)


def test_the_key_contains_engine_version_and_utterance(tmp_path: Path):
    synthesizer = SpeechSynthesizer(None, tmp_path, "ab" * 32)
    assert synthesizer.key(kokoro.Utterance("one.", "af_sky", 0.9)) == {
        "engine": "kokoro",
        "version": kokoro.model_version("ab" * 32),
        "text": "one.",
        "voice": "af_sky",
        "speed": 0.9,
    }

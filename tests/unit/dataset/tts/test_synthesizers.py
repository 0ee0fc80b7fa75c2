"""Who says what: the same whatever else is said, shared among engines as configured."""

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from kwspipe.dataset.tts import espeak, kokoro
from kwspipe.dataset.tts.speech_cache import SpeechCache
from kwspipe.dataset.tts.synthesizers import Speaker, SpeechSynthesizer, clips_each, takes

SPEAKERS = [Speaker(name, name, name) for name in ("ann", "bob", "cid", "dan")]


class Echo:
    """An engine whose utterances can be read."""

    name = "kokoro"
    seed = "7"

    def speakers(self) -> list[Speaker]:
        return SPEAKERS

    def utterance(self, text: str, speaker: Speaker, draw: random.Random) -> kokoro.Utterance:
        return kokoro.Utterance(text, speaker.voice, draw.random())


def first(num_takes: int, word: str = "seven", speakers: list[Speaker] = SPEAKERS) -> list:
    return list(itertools.islice(takes(Echo(), word, speakers), num_takes))  # type: ignore[arg-type]


def test_everyone_speaks_once_before_anyone_speaks_twice():
    spoken = first(12)
    assert [take for _, take, _ in spoken] == [0] * 4 + [1] * 4 + [2] * 4
    assert all(
        {s.name for s, take, _ in spoken if take == n} == {"ann", "bob", "cid", "dan"} for n in range(3)
    )
    assert len({utterance for _, _, utterance in spoken}) == 12
    assert {utterance.text[:-1] for _, _, utterance in spoken} == {"seven"}


def test_more_clips_and_fewer_speakers_leave_the_rest_as_it_was():
    assert first(12)[:5] == first(5)
    without = [entry for entry in first(12) if entry[0].name != "bob"]
    assert first(9, speakers=[s for s in SPEAKERS if s.name != "bob"]) == without
    assert first(4, speakers=SPEAKERS[::-1]) == first(4)
    assert first(4, "six") != first(4)


def test_nobody_says_nothing():
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
def test_shares_add_up(engines: tuple, shares: tuple, total: int, expected: dict):
    assert clips_each(engines, dict(zip(("espeak", "kokoro"), shares, strict=True)), total) == expected


@pytest.mark.skipif(not espeak.installed(), reason="needs the extra: pip install kwspipe[synthetic]")
def test_what_is_kept_sounds_as_what_is_spoken(tmp_path: Path):
    utterance = espeak.Utterance("seven.", "gmw/en-US+f3", 160, 50)
    spoken = espeak.synthesize(utterance, 16000)
    cache = SpeechCache(tmp_path / "speech")
    mouth = SpeechSynthesizer(cache, tmp_path, "0" * 64)
    for _ in range(2):
        assert np.array_equal(mouth.speak(utterance, 16000), spoken)
    assert cache.has(mouth.key(utterance)) and cache.size()[0] == 1
    assert np.array_equal(SpeechSynthesizer(None, tmp_path, "0" * 64).speak(utterance, 16000), spoken)


def test_keys_name_engine_version_and_utterance(tmp_path: Path):
    mouth = SpeechSynthesizer(None, tmp_path, "ab" * 32)
    assert mouth.key(kokoro.Utterance("one.", "af_sky", 0.9)) == {
        "engine": "kokoro",
        "version": kokoro.version("ab" * 32),
        "text": "one.",
        "voice": "af_sky",
        "speed": 0.9,
    }

"""Synthetic speech: the same utterance gives the same samples, whatever was said before."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from kwspipe.audio.pcm import peak_db, word_bounds
from kwspipe.errors import KwspipeError

pytest.importorskip("espeakng_loader", reason="needs the extra: pip install kwspipe[synthetic]")

from kwspipe.dataset.tts.espeak import Utterance, accents, phonemes, synthesize, variants

RATE_HZ = 16000
# Voices with breath, with the Klatt synthesizers, with flutter and echo: each keeps state of another kind.
STATEFUL = ["f3", "klatt3", "caleb", "Reed", "victor", "Andy", "croak"]


def seven(variant: str, rate_wpm: int = 160, pitch: int = 50) -> Utterance:
    return Utterance("seven.", f"gmw/en-US+{variant}", rate_wpm, pitch)


def test_an_utterance_does_not_depend_on_those_before():
    first = [synthesize(seven(variant), RATE_HZ) for variant in STATEFUL]
    synthesize(Utterance("something else!", "gmw/en-GB-scotland+Alicia", 220, 10), RATE_HZ)
    again = [synthesize(seven(variant), RATE_HZ) for variant in reversed(STATEFUL)][::-1]
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_another_process_says_the_same():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        elsewhere = list(pool.map(synthesize, map(seven, STATEFUL), [RATE_HZ] * len(STATEFUL)))
    here = [synthesize(seven(variant), RATE_HZ) for variant in STATEFUL]
    assert all(np.array_equal(one, other) for one, other in zip(here, elsewhere, strict=True))


def test_every_voice_speaks():
    names = variants()
    assert len(names) > 80
    assert not {"whisper", "UniRobot", "robosoft", "robosoft5"} & set(names)
    for name in names:
        pcm = synthesize(seven(name), RATE_HZ)
        start, end = word_bounds(pcm, RATE_HZ, 30.0)
        assert 0.2 < (end - start) / RATE_HZ < 1.2, name
        assert peak_db(pcm) > -20, name


def test_voice_rate_and_pitch_are_heard():
    plain = synthesize(seven("f3"), RATE_HZ)
    slow, fast = synthesize(seven("f3", 110), RATE_HZ), synthesize(seven("f3", 220), RATE_HZ)
    assert fast.size < plain.size < slow.size
    others = [seven("m3"), seven("f3", pitch=70), Utterance("seven.", "gmw/en-GB-scotland+f3", 160, 50)]
    assert all(not np.array_equal(plain, synthesize(other, RATE_HZ)) for other in others)


def test_the_rate_of_samples_is_the_one_asked_for():
    assert synthesize(seven("f1"), 8000).size == pytest.approx(synthesize(seven("f1"), 16000).size / 2, abs=2)


def test_nothing_to_pronounce_is_no_samples_or_silence():
    assert not np.any(np.abs(synthesize(Utterance("...", "gmw/en-US", 160, 50), RATE_HZ)) > 40)


def test_accents_are_known_by_language_and_by_identifier():
    known = accents()
    assert known["en-us"] == known["gmw/en-US"] == "gmw/en-US"
    assert known["en-gb"] == "gmw/en"
    assert known["en-gb-scotland"] == "gmw/en-GB-scotland"
    assert known["de"] == "gmw/de"


def test_homophones_have_the_same_phonemes():
    spoken = phonemes(["two", "to", "too", "one", "won", "four", "tree", "three"], "gmw/en-US")
    assert spoken["two"] == spoken["to"] == spoken["too"]
    assert spoken["one"] == spoken["won"]
    assert spoken["tree"] != spoken["three"]


def test_an_unknown_voice_is_an_error():
    with pytest.raises(KwspipeError, match="espeak-ng: no voice 'xx-nowhere'"):
        synthesize(Utterance("seven", "xx-nowhere", 160, 50), RATE_HZ)

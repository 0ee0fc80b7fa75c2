"""Synthesis by espeak-ng: the samples depend on the utterance only."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from kwspipe.audio.pcm import peak_db, word_bounds
from kwspipe.errors import KwspipeError

pytest.importorskip("espeakng_loader", reason="needs the extra: pip install kwspipe[synthetic]")

from kwspipe.dataset.tts.espeak import Utterance, accents, phonemes, synthesize, variants

RATE_HZ = 16000
# Voices with breath, Klatt synthesizers, flutter and echo, which keep different kinds of state.
STATEFUL = ["f3", "klatt3", "caleb", "Reed", "victor", "Andy", "croak"]


def seven(variant: str, rate_wpm: int = 160, pitch: int = 50) -> Utterance:
    return Utterance("seven.", f"gmw/en-US+{variant}", rate_wpm, pitch)


def test_an_utterance_does_not_depend_on_earlier_utterances():
    first = [synthesize(seven(variant), RATE_HZ) for variant in STATEFUL]
    synthesize(Utterance("something else!", "gmw/en-GB-scotland+Alicia", 220, 10), RATE_HZ)
    again = [synthesize(seven(variant), RATE_HZ) for variant in reversed(STATEFUL)][::-1]
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_another_process_gives_the_same_samples():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        in_pool = list(pool.map(synthesize, map(seven, STATEFUL), [RATE_HZ] * len(STATEFUL)))
    in_this_process = [synthesize(seven(variant), RATE_HZ) for variant in STATEFUL]
    assert all(np.array_equal(one, other) for one, other in zip(in_this_process, in_pool, strict=True))


def test_every_variant_is_audible():
    names = variants()
    assert len(names) > 80
    assert not {"whisper", "UniRobot", "robosoft", "robosoft5"} & set(names)
    for name in names:
        pcm = synthesize(seven(name), RATE_HZ)
        start, end = word_bounds(pcm, RATE_HZ, 30.0)
        assert 0.2 < (end - start) / RATE_HZ < 1.2, name
        assert peak_db(pcm) > -20, name


def test_voice_rate_and_pitch_change_the_samples():
    plain = synthesize(seven("f3"), RATE_HZ)
    slow, fast = synthesize(seven("f3", 110), RATE_HZ), synthesize(seven("f3", 220), RATE_HZ)
    assert fast.size < plain.size < slow.size
    others = [seven("m3"), seven("f3", pitch=70), Utterance("seven.", "gmw/en-GB-scotland+f3", 160, 50)]
    assert all(not np.array_equal(plain, synthesize(other, RATE_HZ)) for other in others)


def test_the_sample_rate_is_configurable():
    assert synthesize(seven("f1"), 8000).size == pytest.approx(synthesize(seven("f1"), 16000).size / 2, abs=2)


def test_a_text_without_words_gives_no_samples_or_silence():
    assert not np.any(np.abs(synthesize(Utterance("...", "gmw/en-US", 160, 50), RATE_HZ)) > 40)


def test_accents_have_languages_and_identifiers_as_keys():
    identifiers = accents()
    assert identifiers["en-us"] == identifiers["gmw/en-US"] == "gmw/en-US"
    assert identifiers["en-gb"] == "gmw/en"
    assert identifiers["en-gb-scotland"] == "gmw/en-GB-scotland"
    assert identifiers["de"] == "gmw/de"


def test_homophones_have_the_same_phonemes():
    texts = phonemes(["two", "to", "too", "one", "won", "four", "tree", "three"], "gmw/en-US")
    assert texts["two"] == texts["to"] == texts["too"]
    assert texts["one"] == texts["won"]
    assert texts["tree"] != texts["three"]


def test_an_unknown_voice_is_an_error():
    with pytest.raises(KwspipeError, match="espeak-ng: no voice 'xx-nowhere'"):
        synthesize(Utterance("seven", "xx-nowhere", 160, 50), RATE_HZ)

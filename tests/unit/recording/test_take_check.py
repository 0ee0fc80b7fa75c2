"""Takes are judged by level, clipping, and where the word lies; every fault tells the speaker what to do."""

import dataclasses
import re

import numpy as np
import pytest

from kwspipe.config import RecordConfig
from kwspipe.recording.take_check import is_clipped, judge, levels_db, noise_db
from support.takes import CONFIG, RATE_HZ, room, take


def fault(pcm: np.ndarray, config: RecordConfig = CONFIG) -> str | None:
    return judge(pcm, RATE_HZ, noise_db(room(1.0), RATE_HZ), config).fault


def test_a_good_take_is_good_and_its_word_is_found():
    judged = judge(take(start_s=0.5, word_s=0.4, peak=0.5), RATE_HZ, -70.0, CONFIG)
    assert judged.fault is None
    assert judged.start == pytest.approx(0.5 * RATE_HZ, abs=0.02 * RATE_HZ)
    assert judged.end == pytest.approx(0.9 * RATE_HZ, abs=0.02 * RATE_HZ)
    assert judged.peak_db == pytest.approx(-6, abs=0.2)
    assert 50 < judged.snr_db < 70


@pytest.mark.parametrize(
    ("pcm", "expected"),
    [
        (take(peak=1.5), "too loud, it clips: speak softer"),
        (take(peak=0.02, noise=0.0001), r"too soft \(peak -34 dB, wanted -30\): come closer"),
        (room(2.0), r"nothing heard above the room's noise \(\d+ dB, wanted 15\)"),
        (take(peak=0.1, noise=0.05), "nothing heard above the room's noise"),
        (take(start_s=0.0), "it began before the recording did: wait for the prompt"),
        (take(start_s=1.7), "it was cut off at the end: speak sooner"),
        (take(word_s=0.03), r"too short \(\d+ ms, wanted 120\): was it a click"),
        (take(start_s=0.3, word_s=1.3), r"too long \(13\d0 ms, at most 1000\): only the word"),
        (np.zeros(2 * RATE_HZ, np.int16), "digital silence: is the microphone muted"),
        (np.zeros(0, np.int16), "digital silence"),
    ],
    ids=["clipped", "soft", "silent", "noisy", "early", "late", "click", "long", "muted", "empty"],
)
def test_faults_are_told(pcm: np.ndarray, expected: str):
    told = fault(pcm)
    assert told is not None
    assert re.search(expected, told), told


def test_limits_are_those_of_the_configuration():
    soft = take(peak=0.02, noise=0.0001)
    assert fault(soft, dataclasses.replace(CONFIG, min_peak_db=-40.0)) is None
    long = take(start_s=0.3, word_s=1.3)
    assert fault(long, dataclasses.replace(CONFIG, max_word_ms=1500)) is None


def test_a_room_louder_than_before_is_heard_in_the_take():
    loud = take(peak=0.1, noise=0.03)
    assert "nothing heard" in str(judge(loud, RATE_HZ, -90.0, CONFIG).fault)


def test_a_single_full_sample_is_no_clipping():
    pcm = take(peak=0.5)
    pcm[12000] = 32767
    assert not is_clipped(pcm)
    pcm[12000:12003] = -32768
    assert is_clipped(pcm)


def test_levels_are_of_full_scale():
    square = np.where(np.arange(RATE_HZ) % 2, 16384, -16384).astype(np.int16)
    assert levels_db(square, RATE_HZ) == pytest.approx(np.full(100, -6.02), abs=0.01)
    assert noise_db(np.zeros(0, np.int16), RATE_HZ) == noise_db(np.zeros(RATE_HZ, np.int16), RATE_HZ) == -100

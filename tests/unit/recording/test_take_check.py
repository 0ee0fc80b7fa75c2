"""Quality check of takes: level, clipping, position of the word, and the texts for the speaker."""

import dataclasses
import re

import numpy as np
import pytest

from kwspipe.config import RecordConfig
from kwspipe.recording.take_check import check_take, is_clipped, levels_db, noise_db
from support.takes import CONFIG, RATE_HZ, room, take


def fault(pcm: np.ndarray, config: RecordConfig = CONFIG) -> str | None:
    return check_take(pcm, RATE_HZ, noise_db(room(1.0), RATE_HZ), config).fault


def test_a_good_take_is_accepted_and_its_word_is_found():
    check = check_take(take(start_s=0.5, word_s=0.4, peak=0.5), RATE_HZ, -70.0, CONFIG)
    assert check.fault is None
    assert check.start == pytest.approx(0.5 * RATE_HZ, abs=0.02 * RATE_HZ)
    assert check.end == pytest.approx(0.9 * RATE_HZ, abs=0.02 * RATE_HZ)
    assert check.peak_db == pytest.approx(-6, abs=0.2)
    assert 50 < check.snr_db < 70


@pytest.mark.parametrize(
    ("pcm", "expected"),
    [
        (take(peak=1.5), "too loud, the recording clips: speak softer"),
        (take(peak=0.02, noise=0.0001), r"too soft \(peak -34 dB, at least -30\): move closer"),
        (room(2.0), r"no word above the room noise \(\d+ dB, at least 15\): speak louder"),
        (take(peak=0.1, noise=0.05), "no word above the room noise"),
        (take(start_s=0.0), "the word starts before the recording: wait for the prompt"),
        (take(start_s=1.7), "the word is cut off at the end: speak sooner"),
        (take(word_s=0.03), r"too short \(\d+ ms, at least 120\): possibly a click"),
        (
            take(start_s=0.3, word_s=1.3),
            r"too long \(13\d0 ms, at most 1000 of record.max_word_ms\): speak only the word",
        ),
        (np.zeros(2 * RATE_HZ, np.int16), "digital silence: check whether the microphone is muted"),
        (np.zeros(0, np.int16), "digital silence"),
    ],
    ids=["clipped", "soft", "silent", "noisy", "early", "late", "click", "long", "muted", "empty"],
)
def test_faults_of_takes(pcm: np.ndarray, expected: str):
    reason = fault(pcm)
    assert reason is not None
    assert re.search(expected, reason), reason


def test_the_limits_are_configurable():
    soft = take(peak=0.02, noise=0.0001)
    assert fault(soft, dataclasses.replace(CONFIG, min_peak_db=-40.0)) is None
    long = take(start_s=0.3, word_s=1.3)
    assert fault(long, dataclasses.replace(CONFIG, max_word_ms=1500)) is None


def test_louder_room_noise_is_measured_in_the_take():
    loud = take(peak=0.1, noise=0.03)
    assert "no word above" in str(check_take(loud, RATE_HZ, -90.0, CONFIG).fault)


def test_a_single_sample_at_full_scale_is_not_clipping():
    pcm = take(peak=0.5)
    pcm[12000] = 32767
    assert not is_clipped(pcm)
    pcm[12000:12003] = -32768
    assert is_clipped(pcm)


def test_levels_are_relative_to_full_scale():
    square = np.where(np.arange(RATE_HZ) % 2, 16384, -16384).astype(np.int16)
    assert levels_db(square, RATE_HZ) == pytest.approx(np.full(100, -6.02), abs=0.01)
    assert noise_db(np.zeros(0, np.int16), RATE_HZ) == noise_db(np.zeros(RATE_HZ, np.int16), RATE_HZ) == -100

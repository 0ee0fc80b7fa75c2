"""Clip edits: windows of partial words, concatenated words, babble and added noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.audio.pcm import float_from_pcm
from kwspipe.augment import crop_or_pad_around_word
from kwspipe.dataset.decode import Clip
from kwspipe.dataset.hard_negatives import clip_edits

RATE_HZ = 16000
LENGTH = 19200
MARGIN = 800  # 50 ms, the margin of word_bounds
PARTS = (0.2, 0.5)
# A word of 0.5 s, 0.25 s after the start of the recording. Its sample values are 1 to 8000.
WORD = Clip(
    np.concatenate([np.zeros(4000), np.arange(1, 8001), np.zeros(4000)]).astype(np.int16), 3200, 12800
)


def window(clip: Clip, placement: str, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return crop_or_pad_around_word(clip.pcm, (clip.trim_start, clip.trim_end), LENGTH, placement, rng)  # type: ignore[arg-type]


def test_a_beginning_ends_within_the_word():
    clip = clip_edits.cut_beginning(WORD, LENGTH, PARTS, RATE_HZ)
    lasts = [int(window(clip, "random", seed)[-1]) for seed in range(200)]
    assert min(lasts) >= 0.2 * 8000 and max(lasts) <= 0.5 * 8000
    assert max(lasts) - min(lasts) > 0.25 * 8000  # the cut differs between epochs
    assert int(window(clip, "center")[-1]) == round(0.35 * 8000)
    samples = window(clip, "random")
    assert (np.diff(samples[samples > 0].astype(int)) == 1).all()  # the samples of the word from the first on
    assert samples[samples > 0][0] == 1


def test_an_ending_starts_within_the_word():
    clip = clip_edits.cut_ending(WORD, LENGTH, PARTS, RATE_HZ)
    firsts = [int(window(clip, "random", seed)[0]) for seed in range(200)]
    assert min(firsts) >= 0.5 * 8000 and max(firsts) <= 0.8 * 8000 + 1
    assert max(firsts) - min(firsts) > 0.25 * 8000
    assert int(window(clip, "random").max()) == 8000


@settings(deadline=None, max_examples=80)
@given(st.integers(1, 60000), st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 99), st.booleans())
def test_windows_are_never_padded(num_word: int, before: int, after: int, seed: int, first: bool):
    pcm = np.concatenate([np.full(before, 5), np.full(num_word, 100), np.full(after, 5)]).astype(np.int16)
    word = Clip(pcm, max(0, before - MARGIN), min(pcm.size, before + num_word + MARGIN))
    clip = (clip_edits.cut_beginning if first else clip_edits.cut_ending)(word, LENGTH, PARTS, RATE_HZ)
    assert 0 <= clip.trim_start <= clip.trim_end == LENGTH <= clip.pcm.size <= LENGTH + LENGTH // 2
    samples = window(clip, "random", seed)
    starts = range(clip.trim_start + 1)
    assert any(np.array_equal(samples, clip.pcm[start : start + LENGTH]) for start in starts)


def test_windows_of_concatenated_words_have_both_words():
    rng = np.random.default_rng(1)
    words = [Clip(np.full(12000, value, np.int16), 0, 12000) for value in (100, 200, 300)]
    clip = clip_edits.concatenate_words(words, LENGTH, RATE_HZ, rng)
    assert clip.pcm.size >= 36000
    for seed in range(20):
        samples = window(clip, "random", seed)
        assert 100 in samples and 200 in samples
        assert np.flatnonzero(samples == 100).min() < np.flatnonzero(samples == 200).min()


def test_concatenated_short_words_are_complete():
    words = [Clip(np.full(2000, value, np.int16), 0, 2000) for value in (100, 200)]
    clip = clip_edits.concatenate_words(words, LENGTH, RATE_HZ, np.random.default_rng(1))
    assert {100, 200} <= set(window(clip, "random", 3).tolist())
    assert np.abs(np.diff(clip.pcm.astype(int))).max() < 20  # faded, without a click between them


def test_babble_has_all_speakers_in_every_window():
    time_s = np.arange(8000) / RATE_HZ
    tones = [
        Clip((3000 * np.sin(2 * np.pi * f * time_s)).astype(np.int16), 0, 8000) for f in (400, 900, 1700)
    ]
    clip = clip_edits.mix_babble([[tone] for tone in tones], LENGTH, RATE_HZ, np.random.default_rng(2))
    assert clip.pcm.size == 2 * LENGTH
    for seed in range(5):
        spectrum = np.abs(np.fft.rfft(window(clip, "random", seed)))
        bins = [round(frequency_hz * LENGTH / RATE_HZ) for frequency_hz in (400, 900, 1700)]
        levels = [spectrum[index - 2 : index + 3].max() for index in bins]
        assert min(levels) > 30 * np.median(spectrum)
        assert max(levels) / min(levels) < 10 ** (clip_edits.BABBLE_SPREAD_DB / 20) * 1.3


def test_loud_babble_is_scaled_and_not_clipped():
    loud = Clip(np.full(8000, 30000, np.int16), 0, 8000)
    clip = clip_edits.mix_babble([[loud]] * 6, LENGTH, RATE_HZ, np.random.default_rng(2))
    assert 32000 <= clip.pcm.max() <= 32767 and clip.pcm.min() >= 0


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 25.0])
def test_noise_has_the_ratio_in_the_entire_clip(snr_db: float):
    word = np.zeros(LENGTH, np.int16)
    word[9000:12000] = np.where(np.arange(3000) % 2, 8000, -8000)
    noise = np.random.default_rng(0).normal(0, 500, 5000).astype(np.int16)
    clip = clip_edits.mix_noise(Clip(word, 0, LENGTH), noise, snr_db)
    added = float_from_pcm(clip.pcm[:9000])
    assert 20 * np.log10(8000 / 32768 / np.sqrt(np.mean(added**2))) == pytest.approx(snr_db, abs=0.5)
    assert (clip.trim_start, clip.trim_end) == (0, LENGTH)


def test_without_noise_or_signal_the_clip_is_unchanged():
    silent, word = Clip(np.zeros(100, np.int16), 0, 100), Clip(np.full(100, 50, np.int16), 10, 90)
    assert clip_edits.mix_noise(silent, np.full(10, 9, np.int16), 5.0) is silent
    assert clip_edits.mix_noise(word, np.zeros(10, np.int16), 5.0) is word


@pytest.mark.parametrize("num_samples", [1, LENGTH - 1, LENGTH, LENGTH + 1, 2 * LENGTH, 5 * LENGTH])
def test_windows_are_anywhere_in_a_long_cut(num_samples: int):
    pcm = (np.arange(num_samples) % 30000 + 1).astype(np.int16)
    clip = clip_edits.any_window(pcm, LENGTH)
    starts = [int(window(clip, "random", seed)[0]) for seed in range(50)]
    if num_samples <= LENGTH:
        assert clip.pcm.size == num_samples
    else:
        assert max(starts) > (min(num_samples, 2 * LENGTH) - LENGTH) * 0.8
        assert all(window(clip, "random", seed).all() for seed in range(50))  # never padded

"""Spectrum and level of generated noise."""

import numpy as np
import pytest

from kwspipe.audio.pcm import float_from_pcm
from kwspipe.dataset.noise.generated import GeneratedNoise, render
from kwspipe.dataset.tts.espeak import Utterance, is_installed

RATE_HZ = 16000


def octave_levels_db(samples: np.ndarray) -> np.ndarray:
    """Returns the mean power density in the five octaves from 125 Hz to 4 kHz, in dB."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequency = np.fft.rfftfreq(samples.size, 1 / RATE_HZ)
    edges = 125 * 2.0 ** np.arange(6)
    bands = [power[(frequency >= low) & (frequency < 2 * low)].mean() for low in edges[:-1]]
    return 10 * np.log10(bands)


@pytest.mark.parametrize(("kind", "slope_db"), [("white", 0.0), ("pink", -3.0), ("brown", -6.0)])
def test_colours(kind: str, slope_db: float):
    samples = float_from_pcm(render(GeneratedNoise(kind, 8.0, -20.0, 3), RATE_HZ))
    assert samples.size == 8 * RATE_HZ
    assert np.diff(octave_levels_db(samples)) == pytest.approx([slope_db] * 4, abs=0.6)
    assert 10 * np.log10(np.mean(samples**2)) == pytest.approx(-20.0, abs=0.2)


def test_the_seed_decides():
    noise = GeneratedNoise("pink", 1.0, -30.0, 3)
    assert np.array_equal(render(noise, RATE_HZ), render(noise, RATE_HZ))
    assert not np.array_equal(render(noise, RATE_HZ), render(GeneratedNoise("pink", 1.0, -30.0, 4), RATE_HZ))


@pytest.mark.skipif(not is_installed(), reason="needs the extra: pip install kwspipe[synthetic]")
def test_babble_has_no_pauses():
    voices = tuple(
        Utterance("cat, dog, house,", f"gmw/en-US+{v}", 160, 50) for v in ("f1", "m1", "f2", "m2", "m3", "f4")
    )
    pcm = render(GeneratedNoise("babble", 6.0, -25.0, 3, voices), RATE_HZ)
    samples = float_from_pcm(pcm)
    assert samples.size == 6 * RATE_HZ
    assert 10 * np.log10(np.mean(samples**2)) == pytest.approx(-25.0, abs=0.2)
    level = np.sqrt(np.mean(samples.reshape(-1, RATE_HZ // 4) ** 2, axis=1))
    assert level.min() > 0.1 * level.max()
    assert np.array_equal(pcm, render(GeneratedNoise("babble", 6.0, -25.0, 3, voices), RATE_HZ))
    assert not render(GeneratedNoise("babble", 1.0, -25.0, 3), RATE_HZ).any()

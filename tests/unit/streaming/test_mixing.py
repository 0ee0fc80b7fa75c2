"""Mixing of words and background."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.errors import KwspipeError
from kwspipe.streaming.mixing import Slot, mix
from support.streams import RATE_HZ, tone


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), snr_db=st.floats(-5, 30), level=st.floats(0.02, 0.2))
def test_words_and_background_have_the_configured_ratio(seed: int, snr_db: float, level: float) -> None:
    rng = np.random.default_rng(seed)
    # The level of the background varies. The ratio refers to its level during the word.
    noise = rng.standard_normal(3 * RATE_HZ) * (1.2 + np.sin(np.arange(3 * RATE_HZ) / 3000))
    background = [(800 * noise).astype(np.int16), np.zeros(RATE_HZ, np.int16)]
    clip = np.concatenate([tone(0.1, 300, 0.001), tone(0.4, 300, level), tone(0.1, 300, 0.001)])
    slots = [Slot(clip, (1600, 8000), int(rng.integers(8000, 20000))) for _ in range(3)]
    mixed = mix(slots, background, snr_db, -96.0, RATE_HZ, rng).astype(float)
    start = 0
    for slot in slots:
        first, last = (start + slot.gap + sample for sample in slot.word)
        word = slot.clip[slice(*slot.word)].astype(float)
        # If the sum exceeds full scale, both are attenuated. The gain of the word is found by projection.
        found = mixed[first:last]
        gain = float(found @ word / (word @ word))
        background_part = found - gain * word
        measured = 10 * np.log10(np.mean((gain * word) ** 2) / np.mean(background_part**2))
        # The background correlates with the word by chance: four standard deviations are tolerated.
        by_chance = 4 * np.sqrt(np.mean(background_part**2) / (word @ word)) / gain
        assert measured == pytest.approx(snr_db, abs=0.1 + 20 * np.log10(1 + by_chance))
        assert 0 < gain < 1.1
        start += slot.length
    assert np.abs(mixed).max() <= 32768


def test_a_silent_background_is_an_error() -> None:
    slot = Slot(tone(0.3, 300), (0, 4800), 3000)
    with pytest.raises(KwspipeError, match=r"only silence in 1 recording\(s\).*set stream.snr_db=\[\]"):
        mix([slot], [np.zeros(9000, np.int16)], 10.0, -70.0, RATE_HZ, np.random.default_rng(0))

"""Division of noise among the splits, and positions of silence clips."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.dataset.noise.background import NoiseRecording, fits_clip, silence_positions, split_noise
from kwspipe.dataset.store.clip_store import Segment
from kwspipe.errors import KwspipeError

LENGTH = 100
BOTH = {"validation": 0.1, "testing": 0.1}


def recordings(*lengths: int) -> list[NoiseRecording]:
    offsets = [sum(lengths[:index]) for index in range(len(lengths))]
    return [
        NoiseRecording(f"{n}.wav", f"{n}", o, length, None)
        for n, (o, length) in enumerate(zip(offsets, lengths, strict=True))
    ]


def test_long_recordings_are_cut_in_time():
    assert split_noise(recordings(10000), BOTH, LENGTH, True) == [
        Segment("0.wav", "training", 0, 8000),
        Segment("0.wav", "validation", 8000, 1000),
        Segment("0.wav", "testing", 9000, 1000),
    ]


def test_parts_of_one_recording_are_in_one_split():
    parts = [
        NoiseRecording(f"{g}-{t}", f"{g}", 1000 * g + 200 * t, 200, None) for g in range(30) for t in range(3)
    ]
    splits: dict[str, set[str]] = {}
    for segment in split_noise(parts, BOTH, LENGTH, True):
        splits.setdefault(segment.path.partition("-")[0], set()).add(segment.split)
    assert all(len(members) == 1 for members in splits.values())
    assert {split for members in splits.values() for split in members} == {
        "training",
        "validation",
        "testing",
    }


def test_a_prescribed_split_is_used():
    given = [
        NoiseRecording(f"{s}.wav", s, n * 500, 500, s)
        for n, s in enumerate(("testing", "training", "validation"))
    ]
    assert [p.split for p in split_noise(given, BOTH, LENGTH, True)] == ["testing", "training", "validation"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=12), st.sampled_from([{}, {"testing": 0.0}, BOTH]))
def test_each_sample_is_in_one_split(lengths: list[int], fractions: dict):
    try:
        segments = split_noise(recordings(*lengths), fractions, LENGTH, True)
    except KwspipeError:
        assert max(lengths) < 3 * LENGTH
        return
    counts = np.zeros(sum(lengths), int)
    for segment in segments:
        counts[segment.offset : segment.offset + segment.length] += 1
    assert (counts == 1).all()
    assert all(fits_clip(segments, split, LENGTH) for split in ("training", *fractions))
    assert {p.split for p in segments} <= {"training", *fractions}


def test_too_little_noise_is_an_error():
    with pytest.raises(KwspipeError) as caught:
        split_noise(recordings(150, 90), BOTH, LENGTH, True)
    assert "dataset.noise_roots: too little background noise for" in str(caught.value)
    assert "set dataset.silence_class_ratio=0" in str(caught.value)
    assert split_noise(recordings(150, 90), BOTH, LENGTH, False)


def test_silence_positions_are_in_all_segments_of_the_split():
    segments = split_noise(recordings(3000, 2500, 4000, 80), BOTH, LENGTH, True)
    for split in ("training", "validation", "testing"):
        positions = silence_positions(segments, split, 40, LENGTH, 3)
        assert len(positions) == 40
        assert all(p.split == split and p.offset <= o <= p.offset + p.length - LENGTH for p, o in positions)
        assert len({p.path for p, _ in positions}) >= 3
        assert len({o for _, o in positions}) > 20
        assert positions == silence_positions(segments, split, 40, LENGTH, 3)
        assert positions != silence_positions(segments, split, 40, LENGTH, 4)

"""Lists of transforms: results, seeds, labels and errors."""

import numpy as np
import pytest

from kwspipe.augment import Augmenter, check, clip_keys, sources
from kwspipe.config import AugmentConfig
from kwspipe.errors import ConfigError
from support.default_settings import plain_settings

LENGTH = 19200
NOISE = [np.random.default_rng(5).integers(-2000, 2000, 48000).astype(np.int16)]
LABELS = ("one", "_silence_")


def augmenter(*transforms: dict, noise: list = NOISE, placement: str = "random") -> Augmenter:
    config = AugmentConfig(placement=placement, transforms=transforms)  # type: ignore[arg-type]
    return Augmenter(config, noise, LENGTH, 16000, LABELS, seed=1)


def preset(name: str) -> tuple[dict, ...]:
    return tuple(plain_settings("augment", name)["transforms"])


def recordings(num_clips: int) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(-8000, 8000, 16000).astype(np.int16) for _ in range(num_clips)]


BOUNDS = (4000, 12000)
OTHERS = (
    {"name": "SevenBandParametricEQ", "p": 0.3},  # of audiomentations
    {"name": "TimeStretch", "p": 0.3},
    {"name": "PitchShift", "p": 0.3},
)


@pytest.mark.parametrize("name", ["light", "noisy", "strong", "far_field"])
def test_a_clip_does_not_depend_on_its_batch_or_on_the_augmenter(name: str) -> None:
    transforms = preset(name)
    transforms = (*transforms[:-2], *OTHERS, *transforms[-2:])
    pcm, keys = recordings(20), clip_keys(7, 0, np.arange(20))
    batch = augmenter(*transforms).clips(pcm, [BOUNDS] * 20, keys, ["one"] * 20)
    smaller = augmenter(*transforms)
    smaller.clips(pcm[:3], [BOUNDS] * 3, keys[:3], ["one"] * 3)
    rows = [19, 4, 11]
    again = smaller.clips([pcm[row] for row in rows], [BOUNDS] * 3, keys[rows], ["one"] * 3)
    # The last bit of Fourier transforms can depend on the number of clips.
    assert np.abs(again.astype(int) - batch[rows]).max() <= 1
    other = augmenter(*transforms).clips(pcm, [BOUNDS] * 20, clip_keys(7, 1, np.arange(20)), ["one"] * 20)
    assert not any(np.array_equal(a, b) for a, b in zip(batch, other, strict=True))


def test_a_single_clip_equals_that_of_a_batch() -> None:
    one = augmenter(*preset("light"))
    pcm = recordings(1)
    batch = one.clips(pcm, [BOUNDS], clip_keys(7, 2, 5), ["one"])
    assert np.array_equal(one.clip(pcm[0], BOUNDS, (7, 2, 5), "one"), batch[0])


def test_samples_beyond_full_scale_are_clipped() -> None:
    loud = np.full(LENGTH, 30000, np.int16)
    louder = augmenter({"name": "Gain", "p": 1.0, "min_gain_db": 12.0, "max_gain_db": 12.0})
    assert np.all(louder.clip(loud, (0, LENGTH), (1,), "one") == 32767)
    assert np.all(louder.clip(-loud, (0, LENGTH), (1,), "one") == -32768)
    noisy = augmenter({"name": "AddBackgroundNoise", "p": 1.0, "min_snr_db": -40.0, "max_snr_db": -40.0})
    mixed = noisy.clip(np.full(LENGTH, 30000, np.int16), (0, LENGTH), (1,), "one")
    noise = np.abs(NOISE[0]).max()
    assert noise < 30000 and {mixed.min(), mixed.max()} == {-32768, 32767}


def test_without_transforms_a_clip_equals_the_recording() -> None:
    pcm = recordings(1)[0]
    clip = augmenter(placement="center").clip(pcm, BOUNDS, (1,), "one")
    assert np.array_equal(clip[1600:17600], pcm) and not clip[:1600].any()


def test_p_is_the_share_of_transformed_clips() -> None:
    louder = augmenter({"name": "Gain", "p": 0.3, "min_gain_db": 6.0, "max_gain_db": 6.0}, placement="center")
    pcm = np.full(LENGTH, 100, np.int16)
    clips = louder.clips([pcm] * 1000, [(0, LENGTH)] * 1000, clip_keys(np.arange(1000)), ["one"] * 1000)
    assert np.mean(clips[:, 0] == 200) == pytest.approx(0.3, abs=0.05)


def test_labels_select_the_transformed_clips() -> None:
    louder = {"name": "Gain", "p": 1.0, "min_gain_db": 6.0, "max_gain_db": 6.0, "labels": ["_silence_"]}
    pcm = np.full(LENGTH, 100, np.int16)
    clips = augmenter(louder).clips(
        [pcm] * 2, [(0, LENGTH)] * 2, clip_keys(np.arange(2)), ["_silence_", "one"]
    )
    assert clips[:, 0].tolist() == [200, 100]


@pytest.mark.parametrize("name", ["light", "noisy", "strong", "far_field"])
def test_silence_has_a_wide_range_of_levels_and_digital_zero_does_not_change(name: str) -> None:
    one = augmenter(*preset(name))
    noise = NOISE[0][:LENGTH]
    clips = one.clips([noise] * 200, [(0, LENGTH)] * 200, clip_keys(np.arange(200)), ["_silence_"] * 200)
    levels_db = 20 * np.log10(np.sqrt(np.mean(clips.astype(float) ** 2, axis=1)) / 32768)
    assert np.percentile(levels_db, 95) - np.percentile(levels_db, 5) > 25
    zero = one.clip(np.zeros(LENGTH, np.int16), (0, LENGTH), (1,), "_silence_")
    assert not zero.any()


def test_masks_of_features() -> None:
    masking = augmenter(
        {"name": "SpecTimeMask", "p": 1.0, "min_mask_fraction": 0.1, "max_mask_fraction": 0.1},
        {"name": "SpecFrequencyMask", "p": 1.0, "min_mask_fraction": 0.2, "max_mask_fraction": 0.2},
    )
    features = np.zeros((50, 60, 50), np.int8)
    masking.mask(features, clip_keys(np.arange(50)), ["one"] * 50)
    masked = features == -128
    assert np.all(masked.all(axis=2).sum(axis=1) == 6) and np.all(masked.all(axis=1).sum(axis=1) == 10)
    frames = {int(np.flatnonzero(rows.all(axis=1))[0]) for rows in masked}
    assert len(frames) > 20
    assert np.all(np.diff(np.flatnonzero(masked[0].all(axis=1))) == 1)


def test_sources_have_a_hash_of_the_recorded_responses(tmp_path) -> None:
    import soundfile

    soundfile.write(tmp_path / "hall.wav", np.ones(10), 16000)
    transforms = [{"name": "RoomSimulator", "rir_roots": [str(tmp_path)]}, {"name": "Gain"}]
    first = sources(transforms)
    soundfile.write(tmp_path / "other.wav", np.ones(20), 16000)
    assert set(first) == {"rir_roots"} and sources(transforms) != first
    assert sources([{"name": "RoomSimulator", "rir_roots": []}]) == {}


ERRORS = [
    ({"name": "Gian"}, "Gian: unknown transform. Closest: Gain. Allowed: AddBackgroundNoise, AddColorNoise,"),
    ({}, "None: unknown transform. Closest: "),
    (
        {"name": "Gain", "min_gain": 3},
        "Gain: no parameter 'min_gain'. Closest: min_gain_db. Known: min_gain_db, max",
    ),
    ({"name": "Gain", "p": 1.5}, "Gain: p is 1.5; it must be a number from 0 to 1"),
    ({"name": "Gain", "p": "often"}, "Gain: p is 'often'; it must be a number from 0 to 1"),
    ({"name": "BitCrush", "p": -1}, "BitCrush: p is -1; it must be a number from 0 to 1"),
    ({"name": "BitCrush", "min_bit_depth": 0}, "BitCrush: min_bit_depth must be"),
    (
        {"name": "AddBackgroundNoise", "min_snr_db": 9.0, "max_snr_db": 3.0},
        "AddBackgroundNoise: min_snr_db 9.0 is above max_snr_db 3.0",
    ),
    (
        {"name": "AddGaussianSNR", "min_snr_db": None},
        "AddGaussianSNR: min_snr_db is None; it must be a number from -100 to",
    ),
    (
        {"name": "PitchShift", "min_semitones": -99.0},
        "PitchShift: min_semitones is -99.0; it must be a number from -12 to 12",
    ),
    ({"name": "Speed", "min_rate": 0.1}, "Speed: min_rate is 0.1; it must be a number from 0.5 to 2"),
    (
        {"name": "SpecTimeMask", "max_mask_fraction": 2},
        "SpecTimeMask: max_mask_fraction is 2; it must be a number from 0 to 1",
    ),
    (
        {"name": "Gain", "labels": ["tow"]},
        "Gain: no label 'tow'. Closest: two. Known: one, two, _unknown_, _silence_",
    ),
    (
        {"name": "Gain", "labels": "two"},
        "Gain: labels is 'two'; it must be a list of labels, for example [_silence_]",
    ),
    (
        {"name": "RoomSimulator", "rir_roots": ["nowhere"]},
        "RoomSimulator: rir_roots.0, 'nowhere', is not a folder",
    ),
    (
        {"name": "RoomSimulator", "num_rooms": 0},
        "RoomSimulator: num_rooms is 0; it must be a number from 1 to 4096",
    ),
    (
        {"name": "Overload", "max_over_db": True},
        "Overload: max_over_db is True; it must be a number from 0 to 96",
    ),
]


@pytest.mark.parametrize(("transform", "message"), ERRORS, ids=lambda value: str(value)[:40])
def test_the_error_for_an_invalid_transform(transform: dict, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check([transform], ("one", "two"))
    assert f"augment.transforms.0, {message}" in str(caught.value)


def test_all_errors_are_reported_together() -> None:
    with pytest.raises(ConfigError) as caught:
        check([{"name": "Gian"}, {"name": "Gain"}, {"name": "Gain", "p": 2}], ())
    text = str(caught.value)
    assert "has 2 problems" in text and "transforms.0, Gian" in text and "transforms.2, Gain" in text


def test_speed_must_be_first_and_masks_last() -> None:
    gain = {"name": "Gain"}
    with pytest.raises(ConfigError) as caught:
        check([gain, {"name": "Speed"}, {"name": "SpecTimeMask"}, gain, {"name": "SpecFrequencyMask"}], ())
    text = str(caught.value)
    assert (
        "transforms.1, Speed: it changes the extraction of clips from recordings; make it the first transform"
        in text
    )
    assert (
        "transforms.3, Gain: it transforms samples, but the earlier SpecTimeMask transforms features; "
        "move it before SpecTimeMask" in text
    )
    assert "has 2 problems" in text

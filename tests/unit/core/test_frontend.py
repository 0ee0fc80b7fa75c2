"""FrontEnd: shapes, types, threads, streams, and errors for invalid arguments."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import CoreState, FrontEnd
from kwspipe.errors import KwspipeError

STREAMED = ["default", "dc_notch", "pcan", "step_is_window"]


def config_of(name: str, base: FrontendConfig) -> FrontendConfig:
    changes = {
        "default": {},
        "dc_notch": {"dc_notch_filter_enable": True},
        "pcan": {"pcan_enable": True},
        "step_is_window": {"window_step_ms": base.window_size_ms},
    }
    return replace(base, **changes[name])


def noise(num_clips: int, num_samples: int, seed: int = 1) -> np.ndarray:
    loudness = np.geomspace(3, 12000, num_samples)
    return (np.random.default_rng(seed).normal(0, loudness, (num_clips, num_samples))).astype(np.int16)


@pytest.fixture(scope="module")
def frontend(default_frontend: FrontendConfig) -> FrontEnd:
    return FrontEnd(default_frontend)


@pytest.fixture(scope="module")
def clips(frontend: FrontEnd) -> np.ndarray:
    return noise(5, frontend.clip_samples)


def test_the_default_clip_has_59_frames_of_49_channels(frontend: FrontEnd, clips: np.ndarray) -> None:
    assert (frontend.clip_samples, frontend.num_frames, frontend.num_channels) == (19200, 59, 49)
    assert frontend.features(clips).shape == (5, 59, 49)


def test_int8_features_are_the_quantized_uint16_features(
    default_frontend: FrontendConfig, clips: np.ndarray
) -> None:
    frontend = FrontEnd(replace(default_frontend, quantize_dynamic_scale_enable=False))
    raw = frontend.features(clips, dtype=np.uint16).astype(np.int32)
    features = frontend.features(clips)
    assert features.dtype == np.int8
    np.testing.assert_array_equal(features, np.clip((raw * 256 + 333) // 666 - 128, -128, 127))


def test_the_dynamic_scale_is_per_clip(default_frontend: FrontendConfig, clips: np.ndarray) -> None:
    dynamic = FrontEnd(replace(default_frontend, quantize_dynamic_scale_enable=True))
    quiet_and_loud = np.stack([clips[0] // 50, clips[0]])
    features = dynamic.features(quiet_and_loud)
    assert features.max(axis=(1, 2)).tolist() == [127, 127]
    np.testing.assert_array_equal(features[0], dynamic.features(quiet_and_loud[:1])[0])


@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("dtype", [np.int8, np.uint16])
def test_threads_do_not_change_the_result(
    frontend: FrontEnd, clips: np.ndarray, threads: int, dtype: type
) -> None:
    expected = frontend.features(clips, dtype=dtype)
    np.testing.assert_array_equal(frontend.features(clips, threads=threads, dtype=dtype), expected)


@pytest.mark.parametrize("threads", [1, 4])
def test_no_clips_have_no_features(frontend: FrontEnd, threads: int) -> None:
    assert frontend.features(np.zeros((0, 19200), np.int16), threads=threads).shape == (0, 59, 49)


def test_clips_can_be_views_of_other_arrays(frontend: FrontEnd, clips: np.ndarray) -> None:
    strided = np.repeat(clips, 2, axis=1)[:, ::2]
    assert not strided.flags.c_contiguous
    np.testing.assert_array_equal(frontend.features(strided), frontend.features(clips))


def test_clips_do_not_depend_on_each_other(frontend: FrontEnd, clips: np.ndarray) -> None:
    np.testing.assert_array_equal(frontend.features(clips)[::-1], frontend.features(clips[::-1].copy()))


@pytest.mark.parametrize("name", STREAMED)
@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 1500), min_size=1, max_size=40))
def test_a_stream_computes_the_frames_of_the_clip(
    default_frontend: FrontendConfig, name: str, sizes: list[int]
) -> None:
    frontend = FrontEnd(config_of(name, default_frontend))
    clip = noise(1, frontend.clip_samples, seed=sum(sizes))[0]
    cuts = [cut for cut in np.cumsum(sizes).tolist() if cut < len(clip)]
    stream = frontend.stream()
    frames = np.concatenate([stream.push(piece) for piece in np.split(clip, cuts)])
    np.testing.assert_array_equal(frames, frontend.features(clip[None], dtype=np.uint16)[0])


def test_a_stream_continues_after_the_length_of_a_clip(frontend: FrontEnd) -> None:
    audio = noise(1, 40000)[0]
    stream = frontend.stream()
    frames = stream.push(audio)
    assert frames.shape == ((40000 - 480) // 320 + 1, 49)
    np.testing.assert_array_equal(frames[:59], frontend.features(audio[None, :19200], dtype=np.uint16)[0])
    assert (frames[59:118] != frontend.features(audio[None, 59 * 320 :][:, :19200], dtype=np.uint16)[0]).any()


def test_reset_restarts_a_stream(frontend: FrontEnd, clips: np.ndarray) -> None:
    stream = frontend.stream()
    first = stream.push(clips[0][:5000])
    stream.push(clips[1])
    stream.reset()
    np.testing.assert_array_equal(stream.push(clips[0][:5000]), first)


@pytest.mark.parametrize("dynamic", [False, True])
def test_a_stream_quantizes_like_a_clip(
    default_frontend: FrontendConfig, clips: np.ndarray, dynamic: bool
) -> None:
    frontend = FrontEnd(replace(default_frontend, quantize_dynamic_scale_enable=dynamic))
    stream = frontend.stream()
    np.testing.assert_array_equal(stream.quantize(stream.push(clips[2])), frontend.features(clips[2:3])[0])


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 19200), np.float32),
        np.zeros((2, 19200), np.int32),
        np.zeros((2, 19199), np.int16),
        np.zeros(19200, np.int16),
        np.zeros((1, 2, 19200), np.int16),
    ],
)
def test_the_error_for_invalid_clips_has_type_and_shape(frontend: FrontEnd, wrong: np.ndarray) -> None:
    with pytest.raises(KwspipeError) as error:
        frontend.features(wrong)
    assert f"{wrong.dtype} of shape {wrong.shape}" in str(error.value)
    assert "Allowed: int16 of shape (clips, 19200)" in str(error.value)


def test_invalid_output_types_and_threads_are_rejected(frontend: FrontEnd, clips: np.ndarray) -> None:
    with pytest.raises(KwspipeError, match=r"float32. Allowed: int8 or uint16"):
        frontend.features(clips, dtype=np.float32)
    with pytest.raises(KwspipeError, match=r"threads\): 0. Allowed: 1 or more"):
        frontend.features(clips, threads=0)


@pytest.mark.parametrize("wrong", [np.zeros(10, np.float64), np.zeros((1, 10), np.int16)])
def test_invalid_samples_are_rejected(frontend: FrontEnd, wrong: np.ndarray) -> None:
    with pytest.raises(KwspipeError, match=r"Allowed: int16 of shape \(n,\)"):
        frontend.stream().push(wrong)


def test_the_error_for_damaged_tables_has_the_status(frontend: FrontEnd) -> None:
    with pytest.raises(KwspipeError, match="KWS_ERROR_FORMAT"):
        CoreState(b"XXXX" + frontend.tables[4:])
    with pytest.raises(KwspipeError, match="KWS_ERROR_SIZE"):
        CoreState(frontend.tables[:-4])


def test_the_memory_of_the_default_settings(frontend: FrontEnd) -> None:
    from kwspipe._core import lib

    state = CoreState(frontend.tables)
    assert lib.kws_frontend_memory_bytes(state.blob, len(frontend.tables)) == 3204

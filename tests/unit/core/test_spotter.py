"""Spotter of the C core, compared with front end, model and detector one after another."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from kwspipe._core import ffi, lib

from kwspipe.compiler.compile import compile_model
from kwspipe.core.detector import Detector, pack_settings
from kwspipe.core.frontend import FrontEnd
from kwspipe.core.model_runner import CoreModel
from kwspipe.core.spotter import Spotter
from support import default_settings
from support.tflite_builder import ModelBuilder

LABELS = ["low", "high", "_silence_"]
# 200 ms at 8 kHz: 24 frames of 10 channels, with a step of 8 ms.
FRONTEND = replace(
    default_settings.FRONTEND,
    sample_rate_hz=8000,
    sample_length_ms=200,
    window_size_ms=16,
    window_step_ms=8,
    filterbank_n_channels=10,
    filterbank_upper_band_limit=3800.0,
    filterbank_lower_band_limit=100.0,
)
DETECTOR = replace(
    default_settings.DETECTOR,
    average_window_duration_ms=100,
    detection_threshold=100,
    suppression_ms=60,
    minimum_count=2,
    latency_ms=20,
)
SAMPLES = 9000


@cache
def tone_model():
    """Returns a .tflite of a layer that compares the lower with the upper channels, and a softmax."""
    builder = ModelBuilder()
    weights = np.zeros((3, 24, 10), np.int8)
    weights[0, :, :4], weights[0, :, 6:] = 20, -20
    weights[1, :, :4], weights[1, :, 6:] = -20, 20
    source = builder.tensor((1, 240), 1.0, 0)
    matrix = builder.tensor((3, 240), 0.0005, 0, weights.reshape(3, 240))
    bias = builder.tensor((3,), 0.0005, 0, np.zeros(3, np.int32))
    logits, result = builder.tensor((1, 3), 0.1, 0), builder.tensor((1, 3), 1 / 256, -128)
    builder.operator("FULLY_CONNECTED", (source, matrix, bias), (logits,), 0)
    builder.operator("SOFTMAX", (logits,), (result,), 1.0)
    return builder.build((source,), (result,))


@cache
def spotter_image(frontend, detector):
    tables, blob = FrontEnd(frontend).tables, pack_settings(detector, LABELS)
    return compile_model(tone_model(), LABELS, tables, blob, "tones")[0]


@st.composite
def variants(draw):
    frontend = replace(
        FRONTEND,
        quantize_dynamic_scale_enable=draw(st.booleans()),
        dc_notch_filter_enable=draw(st.booleans()),
    )
    return frontend, replace(DETECTOR, latency_ms=draw(st.sampled_from([0, 5, 8, 20, 24])))


def tones(seed):
    """Returns low tones, high tones and pauses in noise, (SAMPLES,) int16."""
    random = np.random.default_rng(seed)
    pitch_hz = np.repeat(random.choice([0, 300, 3000], SAMPLES // 1000), 1000)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / 8000
    return (8000 * np.sin(phase) + random.normal(0, 30, SAMPLES)).astype(np.int16)


def separate_results(frontend, detector, samples):
    """Returns times (inferences,), scores (inferences, classes) and detections."""
    stream = FrontEnd(frontend).stream()
    frames = stream.push(samples)
    ends = np.arange(24, len(frames) + 1, max(math.ceil(detector.latency_ms / 8), 1))
    clips = np.stack([stream.quantize(frames[end - 24 : end]) for end in ends])
    scores = CoreModel(spotter_image(frontend, detector)).run(clips.reshape(len(clips), 240))
    times_ms = 16 + 8 * (ends - 1)
    return times_ms, scores, Detector(pack_settings(detector, LABELS), LABELS).process_many(scores, times_ms)


@given(variants(), st.integers(0, 5), st.lists(st.integers(0, 3000), max_size=12))
@settings(max_examples=40, deadline=None)
def test_equals_the_separate_parts_for_any_division_into_blocks(variant, seed, cuts):
    samples = tones(seed)
    times_ms, scores, detections = separate_results(*variant, samples)
    spotter = Spotter(spotter_image(*variant))
    pieces = np.split(samples, np.minimum(np.cumsum(cuts, dtype=int), len(samples)))
    inferences = [inference for piece in pieces for inference in spotter.infer(piece)]
    assert [inference.time_ms for inference in inferences] == times_ms.tolist()
    np.testing.assert_array_equal([inference.scores for inference in inferences], scores)
    assert [inference.detection for inference in inferences if inference.detection] == detections


def test_both_tones_are_detected():
    detections = Spotter(spotter_image(FRONTEND, DETECTOR)).feed(
        np.concatenate([tones(seed) for seed in range(4)])
    )
    assert {detection.label for detection in detections} == {"low", "high"}


@given(
    variants(), st.integers(0, 5), st.lists(st.tuples(st.integers(0, 900), st.integers(0, 3)), max_size=40)
)
@settings(max_examples=30, deadline=None)
def test_samples_can_be_pushed_between_operators(variant, seed, turns):
    """Runs samples and operators in any order, as the main loop of a firmware does."""
    samples = tones(seed)
    spotter, detected, used = Spotter(spotter_image(*variant)), [], 0
    core, detection, data = spotter._core, ffi.new("kws_detection_t *"), ffi.from_buffer("int16_t[]", samples)
    turns = iter(turns)
    while used < len(samples) or core.running:
        count, operators = next(turns, (len(samples), 1))
        used += lib.kws_spotter_push(core, data + used, min(count, len(samples) - used))
        for _ in range(operators):
            if lib.kws_spotter_step(core, detection):
                detected.append((detection.index, detection.score, detection.time_ms))
    expected = Spotter(spotter_image(*variant)).feed(samples)
    assert detected == [(d.index, d.score, d.time_ms) for d in expected]


@given(variants(), st.integers(0, 5))
@settings(max_examples=10, deadline=None)
def test_features_give_the_same_detections_as_samples(variant, seed):
    samples = tones(seed)
    frames = FrontEnd(variant[0]).stream().push(samples)
    spotter = Spotter(spotter_image(*variant))
    detections = [
        detection for part in np.array_split(frames, 5) for detection in spotter.feed_features(part)
    ]
    assert detections == Spotter(spotter_image(*variant)).feed(samples)

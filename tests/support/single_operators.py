"""Random networks with a single operator, and the comparison of the C core with the reference kernels."""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from kwspipe.compiler.compile import compile_model
from kwspipe.core.model_runner import CoreModel
from support.reference_kernels import run_reference
from support.tflite_builder import NONE, RELU, RELU6, SAME, VALID

CLIPS = 6
modest = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32 - 1)
zero_points = st.integers(-128, 127)
activations = st.sampled_from([NONE, RELU, RELU6])
paddings = st.sampled_from([SAME, VALID])
extents = st.integers(1, 12)
strides = st.tuples(st.integers(1, 3), st.integers(1, 3))
windowed = {
    "seed": seeds, "height": extents, "width": extents, "strides": strides, "padding": paddings,
    "activation": activations, "zero_point": zero_points,
    "output_zero_point": st.one_of(st.just(-128), zero_points),
}  # fmt: skip
"""Arguments that the tests of convolutions have in common."""


def inputs_for(rng: np.random.Generator, size: int) -> np.ndarray:
    """Returns random clips and the two clips of extreme values, (CLIPS, size) int8."""
    inputs = rng.integers(-128, 128, (CLIPS, size)).astype(np.int8)
    inputs[0], inputs[1] = -128, 127
    return inputs


def assert_equal(tflite: bytes, size: int, output_size: int, rng: np.random.Generator) -> None:
    """Asserts that the C core and the reference kernels have equal outputs."""
    image, summary = compile_model(tflite, [f"class {i}" for i in range(output_size)], b"", b"", "test")
    inputs = inputs_for(rng, size)
    np.testing.assert_array_equal(CoreModel(image).run(inputs), run_reference(tflite, inputs))
    assert summary.image_bytes == len(image)


def quantized_weights(rng, shape, scale_shape, spread):
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    scales = rng.uniform(1, 2, scale_shape) * 2.0 ** rng.uniform(-spread, 0, scale_shape)
    return weights, scales


def biases(rng, scale, scales, out_scale):
    """Returns biases of some output steps and weight scales. Some channels have very small weights and a large bias."""
    scales = np.where(rng.integers(4, size=scales.shape) == 0, scales * 2.0 ** rng.uniform(-24, -6), scales)
    steps = rng.uniform(-150, 150, scales.shape)
    limit = 2.0**30
    return np.clip(steps * out_scale / (scale * scales), -limit, limit).astype(np.int32), scales


def output_scale(rng, input_scale, filter_scale, taps):
    """Returns a scale with which the outputs use the int8 range and sometimes exceed it."""
    return float(input_scale * filter_scale * 74 * 74 * np.sqrt(taps) / rng.uniform(10, 200))


def output_shape(extents, kernel, strides, dilations, padding):
    shape = []
    for extent, taps, stride, dilation in zip(extents, kernel, strides, dilations, strict=True):
        dilated_size = (taps - 1) * dilation + 1
        shape.append(-(-extent // stride) if padding == SAME else (extent - dilated_size) // stride + 1)
    return tuple(shape)

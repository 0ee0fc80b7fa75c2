"""Single operators with random shapes, scales and data: the C core equals the reference kernels bit for bit."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from kwspipe.compiler.compile import compile_model
from kwspipe.core.model_runner import CoreModel
from support.reference_kernels import run_reference
from support.single_operators import (
    activations,
    assert_equal,
    modest,
    output_scale,
    output_shape,
    paddings,
    quantized_weights,
    seeds,
    zero_points,
)
from support.tflite_builder import NONE, ModelBuilder


@modest
@given(
    seed=seeds,
    count=st.integers(1, 60),
    activation=activations,
    zero_point=zero_points,
    other=zero_points,
    out=zero_points,
)
def test_add(seed, count, activation, zero_point, other, out):
    """Adds the input of the model and the output of a fully connected layer."""
    rng = np.random.default_rng(seed)
    scales = 2.0 ** rng.uniform(-6, 0, 3)
    model = ModelBuilder()
    source = model.tensor((1, count), scales[0], zero_point)
    weights, weight_scale = quantized_weights(rng, (count, count), (), 1)
    second_scale = output_scale(rng, scales[0], float(weight_scale), count)
    second = model.tensor((1, count), second_scale, other)
    model.operator(
        "FULLY_CONNECTED", [source, model.tensor(weights.shape, weight_scale, 0, weights), -1], [second], NONE
    )
    output = model.tensor((1, count), max(scales[0], second_scale) * rng.uniform(0.3, 2), out)
    model.operator("ADD", [source, second], [output], activation)
    assert_equal(model.build([source], [output]), count, count, rng)


@modest
@given(
    seed=seeds,
    kind=st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.integers(1, 5),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=paddings,
    activation=activations,
    zero_point=zero_points,
)
def test_pool(seed, kind, height, width, channels, kernel, strides, padding, activation, zero_point):
    rng = np.random.default_rng(seed)
    shape = output_shape((height, width), kernel, strides, (1, 1), padding)
    assume(min(shape) > 0)
    model = ModelBuilder()
    scale = float(rng.uniform(0.01, 0.2))
    source = model.tensor((1, height, width, channels), scale, zero_point)
    output = model.tensor((1, *shape, channels), scale, zero_point)
    model.operator(kind, [source], [output], padding, *strides, *kernel, activation)
    assert_equal(
        model.build([source], [output]), height * width * channels, shape[0] * shape[1] * channels, rng
    )


@modest
@given(
    seed=seeds,
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.integers(1, 9),
    keep=st.booleans(),
    zero_point=zero_points,
    out=zero_points,
    ratio=st.one_of(st.just(1.0), st.floats(0.2, 4)),
)
def test_mean(seed, height, width, channels, keep, zero_point, out, ratio):
    rng = np.random.default_rng(seed)
    model = ModelBuilder()
    scale = float(np.float32(rng.uniform(0.01, 0.2)))
    source = model.tensor((1, height, width, channels), scale, zero_point)
    axes = model.tensor((2,), None, 0, np.array([1, 2], np.int32))
    output = model.tensor((1, 1, 1, channels) if keep else (1, channels), scale * ratio, out)
    model.operator("MEAN", [source, axes], [output], keep)
    assert_equal(model.build([source], [output]), height * width * channels, channels, rng)


@modest
@given(
    seed=seeds,
    classes=st.integers(1, 60),
    rows=st.integers(1, 3),
    zero_point=zero_points,
    scale=st.floats(1e-4, 2),
)
def test_softmax(seed, classes, rows, zero_point, scale):
    rng = np.random.default_rng(seed)
    model = ModelBuilder()
    source = model.tensor((1, rows, classes), scale, zero_point)
    output = model.tensor((1, rows, classes), 1 / 256, -128)
    model.operator("SOFTMAX", [source], [output], 1.0)
    assert_equal(model.build([source], [output]), rows * classes, rows * classes, rng)


@modest
@given(
    kind=st.sampled_from(["RELU", "RELU6", "QUANTIZE", "LOGISTIC", "TANH"]),
    scale=st.floats(0.01, 0.2),
    zero_point=zero_points,
    out=zero_points,
    ratio=st.one_of(st.just(1.0), st.floats(0.1, 8)),
)
def test_table(kind, scale, zero_point, out, ratio):
    """Runs functions of one value on all 256 inputs."""
    fixed = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}  # required by TensorFlow Lite
    output_scale, output_zero_point = fixed.get(kind, (scale * ratio, out))
    model = ModelBuilder()
    source = model.tensor((1, 256), scale, zero_point)
    output = model.tensor((1, 256), output_scale, output_zero_point)
    model.operator(kind, [source], [output])
    tflite = model.build([source], [output])
    image, _ = compile_model(tflite, [f"class {i}" for i in range(256)], b"", b"", "test")
    inputs = np.arange(-128, 128, dtype=np.int8)[None]
    np.testing.assert_array_equal(CoreModel(image).run(inputs), run_reference(tflite, inputs))

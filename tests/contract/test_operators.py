"""Single operators of random shape, window, scale and data: the core gives the reference kernels' bits."""

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kwspipe.tflite.compiler import compile_model
from kwspipe.tflite.runner import CoreModel
from reference_kernels import run_reference
from tflite_builder import NONE, RELU, RELU6, SAME, VALID, ModelBuilder

CLIPS = 6
modest = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32 - 1)
zero_points = st.integers(-128, 127)
activations = st.sampled_from([NONE, RELU, RELU6])
paddings = st.sampled_from([SAME, VALID])


def inputs_for(rng: np.random.Generator, size: int) -> np.ndarray:
    """Random clips, and the extremes."""
    inputs = rng.integers(-128, 128, (CLIPS, size)).astype(np.int8)
    inputs[0], inputs[1] = -128, 127
    return inputs


def assert_equal(tflite: bytes, size: int, output_size: int, rng: np.random.Generator) -> None:
    image, summary = compile_model(tflite, [f"class {i}" for i in range(output_size)], b"", b"", "test")
    inputs = inputs_for(rng, size)
    np.testing.assert_array_equal(CoreModel(image).run(inputs), run_reference(tflite, inputs))
    assert summary.image_bytes == len(image)


def quantized_weights(rng, shape, scale_shape, spread):
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    scales = rng.uniform(1, 2, scale_shape) * 2.0 ** rng.uniform(-spread, 0, scale_shape)
    return weights, scales


def biases(rng, scale, scales, out_scale):
    """Biases of some output steps; some channels all but switched off, their tiny weights beside a large bias."""
    scales = np.where(rng.integers(4, size=scales.shape) == 0, scales * 2.0 ** rng.uniform(-24, -6), scales)
    steps = rng.uniform(-150, 150, scales.shape)
    limit = 2.0**30
    return np.clip(steps * out_scale / (scale * scales), -limit, limit).astype(np.int32), scales


def output_scale(rng, input_scale, filter_scale, taps):
    """A scale such that outputs fill the int8 range and overstep it now and then."""
    return float(input_scale * filter_scale * 74 * 74 * np.sqrt(taps) / rng.uniform(10, 200))


@modest
@given(
    seed=seeds,
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    channels=st.sampled_from([1, 2, 3, 4, 7, 8, 12, 16]),
    filters=st.integers(1, 9),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilations=st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (2, 2)]),
    padding=paddings,
    activation=activations,
    zero_point=zero_points,
    output_zero_point=st.one_of(st.just(-128), zero_points),
)
def test_convolution(
    seed, height, width, channels, filters, kernel, strides, dilations, padding, activation, zero_point,
    output_zero_point,
):  # fmt: skip
    rng = np.random.default_rng(seed)
    shape = output_shape((height, width), kernel, strides, dilations, padding)
    assume(min(shape) > 0)
    taps = kernel[0] * kernel[1] * channels
    weights, scales = quantized_weights(rng, (filters, *kernel, channels), filters, rng.choice([0, 3, 9]))
    scale = float(rng.uniform(0.01, 2))
    model = ModelBuilder()
    source = model.tensor((1, height, width, channels), scale, zero_point)
    out_scale = output_scale(rng, scale, scales.max(), taps)
    values, scales = biases(rng, scale, scales, out_scale)
    inputs = [
        source,
        model.tensor(weights.shape, scales, 0, weights),
        model.tensor((filters,), scale * scales, 0, values),
    ]
    output = model.tensor((1, *shape, filters), out_scale, output_zero_point)
    model.operator("CONV_2D", inputs, [output], padding, *strides, *dilations, activation)
    size = height * width * channels
    assert_equal(model.build([source], [output]), size, shape[0] * shape[1] * filters, rng)


@modest
@given(
    seed=seeds,
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    channels=st.integers(1, 9),
    multiplier=st.sampled_from([1, 1, 1, 2, 3]),
    kernel=st.one_of(st.just((3, 3)), st.tuples(st.integers(1, 5), st.integers(1, 5))),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilations=st.sampled_from([(1, 1), (1, 1), (1, 1), (2, 1), (1, 2)]),
    padding=paddings,
    activation=activations,
    zero_point=zero_points,
    output_zero_point=st.one_of(st.just(-128), zero_points),
)
def test_depthwise_convolution(
    seed, height, width, channels, multiplier, kernel, strides, dilations, padding, activation, zero_point,
    output_zero_point,
):  # fmt: skip
    rng = np.random.default_rng(seed)
    shape = output_shape((height, width), kernel, strides, dilations, padding)
    assume(min(shape) > 0)
    filters = channels * multiplier
    weights, scales = quantized_weights(rng, (1, *kernel, filters), filters, rng.choice([0, 3, 9]))
    scale = float(rng.uniform(0.01, 2))
    model = ModelBuilder()
    source = model.tensor((1, height, width, channels), scale, zero_point)
    out_scale = output_scale(rng, scale, scales.max(), kernel[0] * kernel[1])
    values, scales = biases(rng, scale, scales, out_scale)
    inputs = [
        source,
        model.tensor(weights.shape, scales, 0, weights, axis=3),
        model.tensor((filters,), scale * scales, 0, values),
    ]
    output = model.tensor((1, *shape, filters), out_scale, output_zero_point)
    options = (padding, *strides, *dilations, activation, multiplier)
    model.operator("DEPTHWISE_CONV_2D", inputs, [output], *options)
    assert_equal(
        model.build([source], [output]), height * width * channels, shape[0] * shape[1] * filters, rng
    )


@modest
@given(
    seed=seeds,
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.sampled_from([4, 8, 12, 16, 24]),
    middle=st.integers(1, 7),
    stride=st.integers(1, 2),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
    activation=activations,
    zero_point=zero_points,
)
def test_padded_expansion_and_depthwise(
    seed, height, width, channels, middle, stride, pads, activation, zero_point
):
    """As in MobileNetV2: CONV_2D 1x1, PAD, DEPTHWISE_CONV_2D, which become one operator."""
    rng = np.random.default_rng(seed)
    padded = (height + pads[0] + pads[1], width + pads[2] + pads[3])
    shape = output_shape(padded, (3, 3), (stride, stride), (1, 1), VALID)
    assume(min(shape) > 0)
    model = ModelBuilder()
    scale, middle_zero_point = 0.05, zero_point if activation == NONE else -128
    source = model.tensor((1, height, width, channels), scale, zero_point)
    weights, scales = quantized_weights(rng, (middle, 1, 1, channels), middle, 2)
    middle_scale = output_scale(rng, scale, scales.max(), channels)
    if activation == RELU6:
        middle_scale = 6 / 255
    expanded = model.tensor((1, height, width, middle), middle_scale, middle_zero_point)
    values = rng.integers(-5000, 5000, middle).astype(np.int32)
    inputs = [
        source,
        model.tensor(weights.shape, scales, 0, weights),
        model.tensor((middle,), None, 0, values),
    ]
    model.operator("CONV_2D", inputs, [expanded], SAME, 1, 1, 1, 1, activation)
    amounts = np.array([[0, 0], pads[:2], pads[2:], [0, 0]], np.int32)
    wide = model.tensor((1, *padded, middle), middle_scale, middle_zero_point)
    model.operator("PAD", [expanded, model.tensor((4, 2), None, 0, amounts)], [wide])
    filters, filter_scales = quantized_weights(rng, (1, 3, 3, middle), middle, 2)
    out_scale = output_scale(rng, middle_scale, filter_scales.max(), 9)
    output = model.tensor((1, *shape, middle), out_scale, -128)
    inputs = [
        wide,
        model.tensor(filters.shape, filter_scales, 0, filters, axis=3),
        model.tensor((middle,), None, 0, rng.integers(-5000, 5000, middle).astype(np.int32)),
    ]
    model.operator("DEPTHWISE_CONV_2D", inputs, [output], VALID, stride, stride, 1, 1, activation, 1)
    assert_equal(
        model.build([source], [output]), height * width * channels, shape[0] * shape[1] * middle, rng
    )


@modest
@given(
    seed=seeds,
    taps=st.one_of(st.integers(1, 70), st.just(4100)),
    units=st.integers(1, 9),
    activation=activations,
    zero_point=zero_points,
    output_zero_point=zero_points,
)
def test_fully_connected(seed, taps, units, activation, zero_point, output_zero_point):
    rng = np.random.default_rng(seed)
    scale = float(rng.uniform(0.001, 2))
    weights, scales = quantized_weights(rng, (units, taps), (), 6)
    model = ModelBuilder()
    shape = (1, taps) if taps < 4096 else (1, 4, 5, taps // 20)
    source = model.tensor(shape, scale, zero_point)
    values = rng.integers(-5000, 5000, units).astype(np.int32)
    bias_scale = (np.float32(scale) * np.asarray(scales, np.float32)).astype(np.float64)
    inputs = [
        source,
        model.tensor(weights.shape, scales, 0, weights),
        model.tensor((units,), bias_scale, 0, values),
    ]
    output = model.tensor((1, units), output_scale(rng, scale, np.max(scales), taps), output_zero_point)
    model.operator("FULLY_CONNECTED", inputs, [output], activation)
    assert_equal(model.build([source], [output]), taps, units, rng)


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
    """Both inputs come from one: itself, and itself through a fully connected layer."""
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
    """All 256 values of operators that look at one."""
    fixed = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}  # as TensorFlow Lite demands
    output_scale, output_zero_point = fixed.get(kind, (scale * ratio, out))
    model = ModelBuilder()
    source = model.tensor((1, 256), scale, zero_point)
    output = model.tensor((1, 256), output_scale, output_zero_point)
    model.operator(kind, [source], [output])
    tflite = model.build([source], [output])
    image, _ = compile_model(tflite, [f"class {i}" for i in range(256)], b"", b"", "test")
    inputs = np.arange(-128, 128, dtype=np.int8)[None]
    np.testing.assert_array_equal(CoreModel(image).run(inputs), run_reference(tflite, inputs))


def output_shape(extents, kernel, strides, dilations, padding):
    shape = []
    for extent, taps, stride, dilation in zip(extents, kernel, strides, dilations, strict=True):
        reach = (taps - 1) * dilation + 1
        shape.append(-(-extent // stride) if padding == SAME else (extent - reach) // stride + 1)
    return tuple(shape)

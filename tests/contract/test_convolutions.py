"""Random convolutions and fully connected layers: the C core equals the reference kernels bit for bit."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from support.single_operators import (
    activations,
    assert_equal,
    biases,
    modest,
    output_scale,
    output_shape,
    quantized_weights,
    seeds,
    windowed,
    zero_points,
)
from support.tflite_builder import NONE, RELU6, SAME, VALID, ModelBuilder


@modest
@given(
    **windowed,
    channels=st.sampled_from([1, 2, 3, 4, 7, 8, 12, 16]),
    filters=st.integers(1, 9),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dilations=st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (2, 2)]),
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
    **windowed,
    channels=st.integers(1, 9),
    multiplier=st.sampled_from([1, 1, 1, 2, 3]),
    kernel=st.one_of(st.just((3, 3)), st.tuples(st.integers(1, 5), st.integers(1, 5))),
    dilations=st.sampled_from([(1, 1), (1, 1), (1, 1), (2, 1), (1, 2)]),
)
def test_depthwise_convolution(
    seed, height, width, channels, multiplier, kernel, strides, dilations, padding, activation, zero_point,
    output_zero_point,
):  # fmt: skip
    assert_depthwise(
        seed, (height, width), channels, multiplier, kernel, strides, dilations, padding, activation, zero_point,
        output_zero_point,
    )  # fmt: skip


@modest
@given(
    **{name: windowed[name] for name in ("seed", "padding", "activation", "zero_point", "output_zero_point")},
    length=st.integers(1, 70),
    across=st.sampled_from([1, 1, 1, 2]),
    channels=st.integers(1, 5),
    taps=st.sampled_from([1, 2, 3, 4, 5, 9, 29, 31, 33]),
    stride=st.integers(1, 3),
    dilation=st.sampled_from([1, 1, 1, 2]),
    is_column=st.booleans(),
)
def test_depthwise_convolution_along_a_row_or_a_column(
    seed, length, across, channels, taps, stride, dilation, is_column, padding, activation, zero_point,
    output_zero_point,
):  # fmt: skip
    """Runs windows over time as in MatchboxNet. The compiler changes the layout of activations of one column."""
    order = slice(None, None, -1 if is_column else 1)
    assert_depthwise(
        seed, (across, length)[order], channels, 1, (1, taps)[order], (1, stride)[order], (1, dilation)[order],
        padding, activation, zero_point, output_zero_point,
    )  # fmt: skip


def assert_depthwise(
    seed, extents, channels, multiplier, kernel, strides, dilations, padding, activation, zero_point,
    output_zero_point,
):  # fmt: skip
    rng = np.random.default_rng(seed)
    height, width = extents
    shape = output_shape(extents, kernel, strides, dilations, padding)
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
    """Runs CONV_2D 1x1, PAD and DEPTHWISE_CONV_2D as in MobileNetV2. The compiler fuses them to one operator."""
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
    padded_tensor = model.tensor((1, *padded, middle), middle_scale, middle_zero_point)
    model.operator("PAD", [expanded, model.tensor((4, 2), None, 0, amounts)], [padded_tensor])
    filters, filter_scales = quantized_weights(rng, (1, 3, 3, middle), middle, 2)
    out_scale = output_scale(rng, middle_scale, filter_scales.max(), 9)
    output = model.tensor((1, *shape, middle), out_scale, -128)
    inputs = [
        padded_tensor,
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

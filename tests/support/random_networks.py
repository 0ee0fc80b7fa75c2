"""Small int8 networks of random layers with residual additions."""

import numpy as np

from support.tflite_builder import NONE, RELU, RELU6, SAME, VALID, ModelBuilder


class Network:
    """Builder of a network, layer by layer.

    Args:
        rng: random generator of weights and quantization.
        shape: (height, width, channels) of the input.
    """

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int, int]) -> None:
        self.rng, self.shape, self.input_shape = rng, shape, shape
        self.model = ModelBuilder()
        self.scale, self.zero_point = float(rng.uniform(0.01, 0.1)), int(rng.integers(-128, 128))
        self.input = self.tensor = self.model.tensor((1, *shape), self.scale, self.zero_point)
        self.earlier = [(self.tensor, self.shape, self.scale, self.zero_point)]

    def convolution(self, kernel, filters, strides=(1, 1), padding=SAME, dilations=(1, 1)) -> None:
        """Appends CONV_2D."""
        weights, scales = self._weights((filters, *kernel, self.shape[2]), filters)
        self._multiply("CONV_2D", weights, scales, 0, kernel, strides, padding, dilations, filters)

    def depthwise(self, kernel, multiplier=1, strides=(1, 1), padding=SAME, dilations=(1, 1)) -> None:
        """Appends DEPTHWISE_CONV_2D."""
        filters = self.shape[2] * multiplier
        weights, scales = self._weights((1, *kernel, filters), filters)
        self._multiply("DEPTHWISE_CONV_2D", weights, scales, 3, kernel, strides, padding, dilations, filters)

    def pad(self, top: int, bottom: int, left: int, right: int) -> None:
        """Appends PAD."""
        amounts = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        shape = (self.shape[0] + top + bottom, self.shape[1] + left + right, self.shape[2])
        output = self.model.tensor((1, *shape), self.scale, self.zero_point)
        self.model.operator("PAD", [self.tensor, self.model.tensor((4, 2), None, 0, amounts)], [output])
        self._advance(output, shape, self.scale, self.zero_point)

    def add(self) -> bool:
        """Appends ADD with an earlier tensor of the same shape. Returns False if there is none."""
        candidates = [other for other in self.earlier[:-1] if other[1] == self.shape]
        if not candidates:
            return False
        other = candidates[int(self.rng.integers(len(candidates)))]
        scale = max(self.scale, other[2]) * float(self.rng.uniform(0.6, 2))
        zero_point = int(self.rng.integers(-40, 40))
        output = self.model.tensor((1, *self.shape), scale, zero_point)
        sources = [self.tensor, other[0]] if self.rng.integers(2) else [other[0], self.tensor]
        self.model.operator("ADD", sources, [output], int(self.rng.choice([NONE, NONE, RELU])))
        self._advance(output, self.shape, scale, zero_point)
        return True

    def pool(self, kind: str, kernel, strides, padding) -> None:
        """Appends AVERAGE_POOL_2D or MAX_POOL_2D."""
        shape = (*output_extents(self.shape[:2], kernel, strides, padding), self.shape[2])
        output = self.model.tensor((1, *shape), self.scale, self.zero_point)
        self.model.operator(kind, [self.tensor], [output], padding, *strides, *kernel, NONE)
        self._advance(output, shape, self.scale, self.zero_point)

    def classifier(self, classes: int) -> tuple[bytes, int]:
        """Appends MEAN or RESHAPE, FULLY_CONNECTED and SOFTMAX. Returns the file and its number of classes."""
        height, width, channels = self.shape
        if self.rng.integers(2):
            size, scale, zero_point = (
                channels,
                self.scale * float(self.rng.uniform(0.3, 1)),
                int(self.rng.integers(-128, 128)),
            )
            output = self.model.tensor((1, size), scale, zero_point)
            axes = self.model.tensor((2,), None, 0, np.array([1, 2], np.int32))
            self.model.operator("MEAN", [self.tensor, axes], [output], False)
        else:
            size, scale, zero_point = height * width * channels, self.scale, self.zero_point
            output = self.model.tensor((1, size), scale, zero_point)
            shape = self.model.tensor((2,), None, 0, np.array([1, size], np.int32))
            self.model.operator("RESHAPE", [self.tensor, shape], [output])
        weights, scales = self._weights((classes, size), ())
        bias = self.rng.integers(-3000, 3000, classes).astype(np.int32)
        inputs = [
            output,
            self.model.tensor(weights.shape, scales, 0, weights),
            self.model.tensor((classes,), None, 0, bias),
        ]
        logits_scale = scale * float(scales) * 74 * 74 * np.sqrt(size) / 60
        logits = self.model.tensor((1, classes), logits_scale, 3)
        self.model.operator("FULLY_CONNECTED", inputs, [logits], NONE)
        posteriors = self.model.tensor((1, classes), 1 / 256, -128)
        self.model.operator("SOFTMAX", [logits], [posteriors], 1.0)
        return self.model.build([self.input], [posteriors]), classes

    def _multiply(self, kind, weights, scales, axis, kernel, strides, padding, dilations, filters) -> None:
        shape = (*output_extents(self.shape[:2], kernel, strides, padding, dilations), filters)
        bias = self.rng.integers(-3000, 3000, filters).astype(np.int32)
        inputs = [
            self.tensor,
            self.model.tensor(weights.shape, scales, 0, weights, axis=axis),
            self.model.tensor((filters,), None, 0, bias),
        ]
        activation = int(self.rng.choice([RELU6, RELU, NONE]))
        taps = weights.size // filters
        scale = float(self.scale * scales.max() * 74 * 74 * np.sqrt(taps) / self.rng.uniform(20, 120))
        zero_point = -128 if activation != NONE else int(self.rng.integers(-60, 60))
        if activation == RELU6 and 0.1 < scale / (6 / 255) < 10:  # as converters choose it
            scale = 6 / 255
        output = self.model.tensor((1, *shape), scale, zero_point)
        options = (padding, *strides, *dilations, activation)
        if kind == "DEPTHWISE_CONV_2D":
            options += (filters // self.shape[2],)
        self.model.operator(kind, inputs, [output], *options)
        self._advance(output, shape, scale, zero_point)

    def _weights(self, shape, scale_shape) -> tuple[np.ndarray, np.ndarray]:
        weights = self.rng.integers(-127, 128, shape).astype(np.int8)
        return weights, 0.01 * 2.0 ** -self.rng.uniform(0, 3, scale_shape)

    def _advance(self, tensor: int, shape, scale: float, zero_point: int) -> None:
        self.tensor, self.shape, self.scale, self.zero_point = tensor, tuple(shape), scale, zero_point
        self.earlier.append((tensor, self.shape, scale, zero_point))


def random_network(rng: np.random.Generator) -> tuple[bytes, int, int]:
    """Returns (.tflite, elements of the input, classes)."""
    shape = (int(rng.integers(6, 20)), int(rng.integers(4, 16)), int(rng.choice([1, 1, 2, 4, 8])))
    network = Network(rng, shape)
    for _ in range(int(rng.integers(2, 7))):
        _add_layer(network, rng)
    tflite, classes = network.classifier(int(rng.integers(2, 13)))
    return tflite, int(np.prod(shape)), classes


def _add_layer(network: Network, rng: np.random.Generator) -> None:
    height, width, _ = network.shape
    filters = int(rng.choice([3, 4, 8, 12, 16, 24]))
    strides = tuple(int(stride) for stride in rng.choice([1, 1, 2], 2))
    padding = int(rng.choice([SAME, VALID])) if min(height, width) >= 5 else SAME
    choice = int(rng.integers(8))
    if choice == 0:
        network.convolution((3, 3), filters, strides, padding)
    elif choice == 1:
        network.convolution((int(rng.integers(1, 4)), int(rng.integers(1, 5))), filters, strides, padding)
    elif choice in (2, 3):  # an inverted residual block
        network.convolution((1, 1), filters * 2)
        if rng.integers(2):
            network.pad(int(rng.integers(2)), 1, int(rng.integers(2)), 1)
            network.depthwise((3, 3), 1, (2, 2), VALID if min(network.shape[:2]) >= 3 else SAME)
        else:
            network.depthwise((3, 3))
        network.convolution((1, 1), filters)
        network.add()
    elif choice == 4:
        network.depthwise((3, 3), int(rng.choice([1, 1, 2])), strides, padding)
    elif choice == 5:
        network.depthwise((int(rng.integers(1, 6)), int(rng.integers(1, 6))), 1, strides, SAME)
    elif choice == 6:
        kind = str(rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
        network.pool(kind, (2, 2), strides, SAME)
    elif not network.add():
        network.convolution((1, 1), filters)


def output_extents(extents, kernel, strides, padding, dilations=(1, 1)) -> tuple[int, ...]:
    """Returns the height and the width of the output of a window."""
    shape = []
    for extent, taps, stride, dilation in zip(extents, kernel, strides, dilations, strict=True):
        dilated_size = (taps - 1) * dilation + 1
        shape.append(-(-extent // stride) if padding == SAME else (extent - dilated_size) // stride + 1)
    return tuple(shape)

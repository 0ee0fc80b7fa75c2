"""Weight shapes of a network, computed without TensorFlow."""

# ruff: noqa: D102, N802  (names are those of Keras' layers)

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]
Size = int | tuple[int, int]


@dataclass(frozen=True)
class Maps:
    """Values between two layers; ``shape`` is (None, rows, columns, channels) or (None, channels)."""

    shape: tuple[Any, ...]


class ShapeTracer:
    """Takes the place of ``keras_layers`` and records the weight shapes of each layer.

    Each method has the parameters of the Keras layer of that name, as far as the networks use them.

    Attributes:
        weights: shapes of the weights by layer name, in the order of Keras' ``get_weights``.
    """

    def __init__(self) -> None:
        self.weights: dict[str, list[Shape]] = {}

    def Input(self, shape: Sequence[int], name: str) -> Maps:
        return Maps((None, *shape))

    def Model(self, inputs: Maps, outputs: Maps, name: str) -> Maps:
        return outputs

    def Conv2D(
        self, filters: int, kernel_size: Size, strides: Size = 1, *, name: str, padding: str = "valid",
        use_bias: bool = True,
    ) -> Callable[[Maps], Maps]:  # fmt: skip
        def call(maps: Maps) -> Maps:
            self._record(name, (*_pair(kernel_size), maps.shape[-1], filters), filters, use_bias)
            return Maps((None, *_size(maps, kernel_size, strides, padding), filters))

        return call

    def DepthwiseConv2D(
        self,
        kernel_size: Size,
        strides: Size = 1,
        *,
        name: str,
        padding: str = "valid",
        use_bias: bool = True,
    ) -> Callable[[Maps], Maps]:
        def call(maps: Maps) -> Maps:
            channels = maps.shape[-1]
            self._record(name, (*_pair(kernel_size), channels, 1), channels, use_bias)
            return Maps((None, *_size(maps, kernel_size, strides, padding), channels))

        return call

    def Dense(self, units: int, *, name: str, use_bias: bool = True, **_: Any) -> Callable[[Maps], Maps]:
        def call(maps: Maps) -> Maps:
            self._record(name, (maps.shape[-1], units), units, use_bias)
            return Maps((*maps.shape[:-1], units))

        return call

    def BatchNormalization(self, *, name: str, **_: Any) -> Callable[[Maps], Maps]:
        def call(maps: Maps) -> Maps:
            self.weights[name] = [maps.shape[-1:]] * 4  # scale, offset, moving mean, moving variance
            return maps

        return call

    def ReLU(self, max_value: float, name: str) -> Callable[[Maps], Maps]:
        return lambda maps: maps

    def Add(self, name: str) -> Callable[[list[Maps]], Maps]:
        return lambda summands: summands[0]

    def Reshape(self, target_shape: Sequence[int], name: str) -> Callable[[Maps], Maps]:
        return lambda maps: Maps((None, *target_shape))

    def ZeroPadding2D(self, padding: tuple[tuple[int, int], ...], name: str) -> Callable[[Maps], Maps]:
        def call(maps: Maps) -> Maps:
            sizes = (size + sum(ends) for size, ends in zip(maps.shape[1:3], padding, strict=True))
            return Maps((None, *sizes, maps.shape[-1]))

        return call

    def GlobalAveragePooling2D(self, name: str) -> Callable[[Maps], Maps]:
        return lambda maps: Maps((None, maps.shape[-1]))

    def _record(self, name: str, kernel: Shape, num_outputs: int, use_bias: bool) -> None:
        self.weights[name] = [kernel, (num_outputs,)] if use_bias else [kernel]


def _pair(size: Size) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def _size(maps: Maps, kernel_size: Size, strides: Size, padding: str) -> tuple[int, int]:
    """Returns (rows, columns) of a convolution's outputs."""
    kernels = (1, 1) if padding == "same" else _pair(kernel_size)
    rows, columns = (
        -(-(size - kernel + 1) // stride)
        for size, kernel, stride in zip(maps.shape[1:3], kernels, _pair(strides), strict=True)
    )
    return rows, columns

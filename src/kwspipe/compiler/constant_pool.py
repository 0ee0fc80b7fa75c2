"""Section of constants in a model image: weights, requantization constants and tables in the layout of the device.

docs/specifications/model_image.md describes the layout.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kwspipe.compiler import operators as ops
from kwspipe.compiler.fixed_point import Integers
from kwspipe.compiler.requantization import Requantization

_ALIGNMENT = 16


@dataclass
class ConstantPool:
    """Content of the section. Equal arrays are stored once.

    Attributes:
        data: the bytes of the section.
        offsets: offset of each array by its bytes.
    """

    data: bytearray = field(default_factory=bytearray)
    offsets: dict[bytes, int] = field(default_factory=dict)

    def add(self, array: npt.NDArray[np.generic]) -> int:
        """Adds the bytes of an array, little-endian, and returns their offset."""
        blob = array.astype(array.dtype.newbyteorder("<")).tobytes()
        if blob not in self.offsets:
            self.data += bytes(-len(self.data) % _ALIGNMENT)
            self.offsets[blob] = len(self.data)
            self.data += blob
        return self.offsets[blob]


def matrix(operator: ops.Convolve) -> npt.NDArray[np.int16]:
    """Returns the weights as (channel pairs, groups, 2 channels, 4 taps), padded with zeros."""
    channels = len(operator.weights)
    flat = operator.weights.reshape(channels, -1).astype(np.int64) << operator.scaling.scale_bits[:, None]
    groups = -(-flat.shape[1] // 4)
    padded = np.zeros((channels + channels % 2, groups * 4), np.int64)
    padded[:channels, : flat.shape[1]] = flat
    return _int16(padded.reshape(-1, 2, groups, 4).transpose(0, 2, 1, 3))


def depthwise_filters(operator: ops.Depthwise, as_pairs: bool) -> npt.NDArray[np.int16]:
    """Returns the weights of each output channel.

    Args:
        operator: the depthwise convolution.
        as_pairs: return the pairs (w0, w1), (w1, w2) of each row of a 3x3 filter. Otherwise the weights are padded to
            an even number.
    """
    scaled = operator.weights.astype(np.int64) << operator.scaling.scale_bits[:, None, None]
    if as_pairs:
        return _int16(scaled[:, :, [0, 1, 1, 2]].reshape(len(scaled), 12))
    flat = scaled.reshape(len(scaled), -1)
    return _int16(np.pad(flat, ((0, 0), (0, flat.shape[1] % 2))))


def channel_table(bias: Integers, scaling: Requantization, multiple: int) -> npt.NDArray[np.int32]:
    """Returns the requantization constants of each channel, as kws_positive_channel_t or kws_signed_channel_t.

    Args:
        bias: (channels,) bias with the contribution of the zero point of the input.
        scaling: the requantization constants.
        multiple: the number of rows is padded to a multiple of this.
    """
    # Sums are modulo 2^32. Therefore a bias beyond int32, which results from the zero point, is valid modulo 2^32.
    wrapped = (((bias + scaling.bias_change) << scaling.scale_bits) + 2**31) % 2**32 - 2**31
    columns = [wrapped, scaling.multiplier, scaling.offset]
    if not scaling.positive:
        columns += [scaling.correction, scaling.shift]
    table = np.stack(columns, axis=1)
    return int32(np.pad(table, ((0, -len(table) % multiple), (0, 0))))


def _int16(values: Integers) -> npt.NDArray[np.int16]:
    assert values.size == 0 or (values.min() >= -(2**15) and values.max() < 2**15)
    return values.astype(np.int16)


def int32(values: Integers) -> npt.NDArray[np.int32]:
    """Returns the values as int32. All values must fit."""
    assert values.size == 0 or (values.min() >= -(2**31) and values.max() < 2**31)
    return values.astype(np.int32)

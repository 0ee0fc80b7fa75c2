"""Golden vectors: model inputs with the expected outputs, and the self-test of a board with them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwspipe.device.errors import DeviceError
from kwspipe.device.link import Link
from kwspipe.device.messages import Target
from kwspipe.errors import KwspipeError


class SelfTestError(DeviceError):
    """The results of the board differ from the expected results."""


@dataclass(frozen=True)
class GoldenVectors:
    """Inputs with the outputs of the reference.

    Attributes:
        inputs: (vectors, input size) int8.
        outputs: (vectors, classes) int8.
    """

    inputs: NDArray[np.int8]
    outputs: NDArray[np.int8]


def read_golden_vectors(path: Path, count: int) -> GoldenVectors:
    """Reads the first ``count`` golden vectors from ``golden.npz``, or all if the file contains fewer.

    A data set with few validation clips gives fewer golden vectors than ``board.golden_inputs``.

    Raises:
        KwspipeError: if the file contains no vector. The outputs of the board could not be verified.
    """
    with np.load(path) as archive:
        inputs, outputs = archive["inputs"][:count], archive["outputs"][:count]
    if not len(inputs):
        raise KwspipeError(
            str(path),
            "0 golden inputs, so that the outputs of the board cannot be verified",
            "at least 1",
            "prepare a data set with validation clips, and run quantize again (from=quantize)",
        )
    return GoldenVectors(inputs.reshape(len(inputs), -1), outputs)


def run_self_test(
    link: Link, target: Target, golden: GoldenVectors, on_tested: Callable[[int, int], None]
) -> None:
    """Runs the golden inputs on the board and compares the outputs bit for bit.

    Args:
        link: the link to the board.
        target: the image under test.
        golden: the inputs with the expected outputs.
        on_tested: called after each input with the number of inputs tested and the number of all inputs.

    Raises:
        SelfTestError: if an output differs in any bit.
    """
    for number, (values, expected) in enumerate(zip(golden.inputs, golden.outputs, strict=True)):
        outputs = np.frombuffer(link.test(target, values.astype(np.int8).tobytes()), np.int8)
        if not np.array_equal(outputs, expected):
            raise SelfTestError(
                f"golden input {number} of {len(golden.inputs)}",
                f"the board computed {outputs.tolist()}",
                f"exactly {expected.tolist()}",
                "the board keeps its old model; flash the firmware of this release, "
                "and run quantize again with it",
            )
        on_tested(number + 1, len(golden.inputs))

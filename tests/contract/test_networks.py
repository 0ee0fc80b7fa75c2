"""Random networks in the C core, compared bit for bit with the reference kernels on random and extreme inputs."""

import numpy as np
import pytest

from kwspipe.compiler.compile import compile_model
from kwspipe.core.model_runner import CoreModel
from support.random_networks import random_network
from support.reference_kernels import run_reference


@pytest.mark.parametrize("seed", range(60))
def test_outputs_equal_those_of_the_reference_kernels(seed):
    rng = np.random.default_rng(seed)
    tflite, size, classes = random_network(rng)
    image, _ = compile_model(tflite, [f"class {i}" for i in range(classes)], b"", b"", "test")
    inputs = rng.integers(-128, 128, (8, size)).astype(np.int8)
    inputs[0], inputs[1] = -128, 127
    np.testing.assert_array_equal(CoreModel(image).run(inputs), run_reference(tflite, inputs))

"""Networks converted by TensorFlow (scripts/make_test_models.py): the C core equals the reference kernels."""

import numpy as np
import pytest

from kwspipe.compiler.compile import compile_model
from kwspipe.core.model_runner import CoreModel
from support.paths import TESTS

FOLDER = TESTS / "data" / "tflite"
MODELS = sorted(FOLDER.glob("*.tflite"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_outputs(path):
    vectors = np.load(path.with_suffix(".npz"))
    labels = [f"class {i}" for i in range(vectors["outputs"].shape[1])]
    image, _ = compile_model(path.read_bytes(), labels, b"", b"", path.stem)
    np.testing.assert_array_equal(CoreModel(image).run(vectors["inputs"]), vectors["outputs"])


def test_outputs_of_each_network_differ():
    assert len(MODELS) >= 8
    for path in MODELS:
        assert np.unique(np.load(path.with_suffix(".npz"))["outputs"], axis=0).shape[0] > 2, path.stem


def test_summary_has_the_shapes_of_the_network():
    tflite = (FOLDER / "temporal.tflite").read_bytes()  # its activations are one column wide
    count = np.load(FOLDER / "temporal.npz")["outputs"].shape[1]
    _, summary = compile_model(tflite, [f"class {i}" for i in range(count)], b"", b"", "temporal")
    assert max(row.output_shape[0] for row in summary.layers) > 1
    assert all(row.output_shape[1] == 1 for row in summary.layers)

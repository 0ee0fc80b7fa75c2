"""Networks in which several classes have the same label: training, stored weights and int8 conversion."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.compiler.compile import compile_model
from kwspipe.core.model_runner import CoreModel
from kwspipe.tflite import reference
from kwspipe.tflite.reader import read_graph
from support.own_process import printed_with_tensorflow
from support.reference_kernels import run_reference

MERGE_MATRIX = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0], [0, 1, 0]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("merged")


@pytest.fixture(scope="module")
def trained(folder: Path) -> dict:
    return printed_with_tensorflow("train_merged_classes.py", folder)


def test_posteriors_of_classes_with_the_same_label_are_added(trained: dict) -> None:
    assert trained["shapes"] == [[None, 3], [None, 6]]
    assert trained["merge_error"] < 1e-6
    assert trained["shared"] and not trained["trainable"]


def test_network_with_one_class_per_label_does_not_change(trained: dict) -> None:
    assert trained["unchanged"]


@pytest.mark.parametrize(
    ("run", "shape"), [("without_teacher", [None, 6]), ("with_teacher", [[None, 6], [None, 2]])]
)
def test_training_uses_all_classes_and_does_not_change_the_merging_layer(
    trained: dict, run: str, shape: list
) -> None:
    result = trained[run]
    assert result["trained_shape"] == shape
    assert "other_words" not in result["trained_layers"]
    assert result["change"] > 0.01
    assert result["matrices"] == [MERGE_MATRIX, MERGE_MATRIX]


@pytest.mark.parametrize("run", ["without_teacher", "with_teacher"])
def test_stored_weights_have_the_validation_results_of_the_labels(trained: dict, run: str) -> None:
    result = trained[run]
    assert result["merge_error"] < 1e-6
    assert result["stored_loss"] == pytest.approx(result["best"]["val_loss"], rel=1e-5)
    assert result["stored_accuracy"] == pytest.approx(result["best"]["val_accuracy"])


@pytest.fixture(scope="module")
def converted(trained: dict, folder: Path) -> tuple[bytes, dict[str, np.ndarray]]:
    with np.load(folder / "vectors.npz") as file:
        return (folder / "model.tflite").read_bytes(), dict(file)


def test_core_equals_the_reference_kernels(converted: tuple[bytes, dict]) -> None:
    tflite, vectors = converted
    image, summary = compile_model(tflite, ["one", "_unknown_", "_silence_"], b"", b"", "merged")
    assert [layer.kinds for layer in summary.layers[-2:]] == ["SOFTMAX", "FULLY_CONNECTED"]
    outputs = CoreModel(image).run(vectors["inputs"])
    assert np.unique(outputs, axis=0).shape[0] > 10
    assert set(outputs.argmax(axis=1)) == {0, 1, 2}
    np.testing.assert_array_equal(outputs, run_reference(tflite, vectors["inputs"]))


def test_output_has_the_scale_of_a_softmax(converted: tuple[bytes, dict]) -> None:
    (output,) = read_graph(converted[0]).outputs
    assert (output.scales.tolist(), output.zero_points.tolist()) == ([1 / 256], [-128])


def test_int8_posteriors_are_close_to_those_of_the_float_model(converted: tuple[bytes, dict]) -> None:
    tflite, vectors = converted
    posteriors = reference.posteriors(tflite, run_reference(tflite, vectors["clips"]))
    assert posteriors == pytest.approx(vectors["posteriors"], abs=0.05)

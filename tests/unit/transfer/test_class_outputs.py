"""Transfer of the output layer per class, if the classes of the checkpoint are known."""

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import TransferConfig
from kwspipe.exchange import run_archive
from kwspipe.labels import ClassTable
from kwspipe.models.layer_names import OUTPUTS
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.class_outputs import class_names, copy_class_outputs
from kwspipe.transfer.class_table_file import CLASSES, write_classes
from kwspipe.transfer.layers import apply
from kwspipe.transfer.report import TransferReport, print_report
from kwspipe.transfer.source import BUNDLED
from support.fake_layers import CONFIG, FakeLayer, write_weights
from support.run_folders import make_run, tflite_with_parameters
from support.small_model import LABELS

CHECKPOINT_CLASSES = ("one", "two", "_unknown_", "_silence_")
# Of the checkpoint: all weights of class i are i + 1.
KERNEL, BIAS = np.tile(np.arange(1, 5, dtype=np.float32), (8, 1)), np.arange(1, 5, dtype=np.float32)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Weights with their classes.json in the same folder."""
    write_classes(tmp_path, ClassTable(CHECKPOINT_CLASSES, (0, 1, 2, 3)))
    return write_weights(
        tmp_path / "model.weights.h5", {"stem": [np.full((3, 8), 7)], OUTPUTS: [KERNEL, BIAS]}
    )


def load(
    path: Path, classes: tuple[str, ...], config: TransferConfig = CONFIG
) -> tuple[TransferReport, list[float]]:
    """Returns the report of a network with these classes, and its output weights, which are 0 before."""
    layers = [FakeLayer("stem", (3, 8)), FakeLayer(OUTPUTS, (8, len(classes)), (len(classes),))]
    report = apply(layers, config, path, classes)
    kernel, bias = layers[1].get_weights()
    assert np.array_equal(kernel, np.tile(bias, (8, 1)))
    assert layers[0].get_weights()[0][0, 0] == 7  # other layers are loaded in any case
    return report, bias.tolist()


@pytest.mark.parametrize(
    ("classes", "outputs", "words"),
    [
        (("two", "_silence_", "one", "_unknown_"), [2, 4, 1, 3], ("two", "_silence_", "one", "_unknown_")),
        (("two", "cat", "_unknown_", "dog"), [2, 0, 3, 0], ("two", "_unknown_")),
        (("_silence_", "cat"), [4, 0], ("_silence_",)),
        (("cat", "two", "one", "dog", "_unknown_"), [0, 2, 1, 0, 3], ("two", "one", "_unknown_")),
    ],
    ids=["other order", "others among as many", "fewer", "more"],
)
def test_outputs_of_common_classes_are_copied_from_any_position(
    checkpoint: Path, classes: tuple[str, ...], outputs: list[float], words: tuple[str, ...]
) -> None:
    report, found = load(checkpoint, classes)
    assert found == outputs
    assert (report.loaded, report.skipped, report.words) == (("stem", OUTPUTS), {}, words)
    assert report.as_mapping()["words"] == words


def test_with_the_same_classes_the_layer_is_loaded_as_it_is(checkpoint: Path) -> None:
    report, found = load(checkpoint, CHECKPOINT_CLASSES)
    assert found == [1, 2, 3, 4]
    assert (report.loaded, report.words) == (("stem", OUTPUTS), ())


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (("cat", "dog", "bird", "fish"), "none of its classes is in the checkpoint"),
        (("cat", "dog"), "shapes (8, 4), (4,) in the checkpoint, (8, 2), (2,) in the model"),
    ],
    ids=["as many", "fewer"],
)
def test_without_a_common_class_the_outputs_keep_their_initial_weights(
    checkpoint: Path, classes: tuple[str, ...], reason: str
) -> None:
    report, found = load(checkpoint, classes)
    assert found == [0] * len(classes)
    assert (report.loaded, report.skipped, report.words) == (("stem",), {OUTPUTS: reason}, ())


def test_without_class_outputs_the_layer_is_matched_by_name_and_shape(checkpoint: Path) -> None:
    by_shape = dataclasses.replace(CONFIG, class_outputs=False)
    report, found = load(checkpoint, CHECKPOINT_CLASSES[::-1], by_shape)
    assert found == [1, 2, 3, 4]
    assert (report.loaded, report.words) == (("stem", OUTPUTS), ())
    report, found = load(checkpoint, CHECKPOINT_CLASSES[:2], by_shape)
    assert found == [0, 0]
    assert report.skipped == {OUTPUTS: "shapes (8, 4), (4,) in the checkpoint, (8, 2), (2,) in the model"}


def test_a_list_of_classes_of_another_length_is_ignored(checkpoint: Path) -> None:
    write_classes(checkpoint.parent, ClassTable(CHECKPOINT_CLASSES[:3], (0, 1, 2)))
    report, found = load(checkpoint, ("two", "one", "cat", "dog"))
    assert found == [0, 0, 0, 0]
    assert OUTPUTS in report.skipped and report.words == ()


@pytest.mark.parametrize(
    "content",
    [
        None, b"", b"[]", b"{}", b"\xff\xfe", b'{"names": 3, "labels": [0]}',
        b'{"names": ["one", "two"], "labels": [0]}', b'{"one": 0, "two": 1}', b'{"names": ["one"], "labels": [1e999]}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_with_unknown_classes_the_layer_is_matched_by_name_and_shape(
    checkpoint: Path, content: bytes | None
) -> None:
    file = checkpoint.parent / CLASSES
    file.unlink() if content is None else file.write_bytes(content)
    assert class_names(checkpoint) == ()
    report, found = load(checkpoint, CHECKPOINT_CLASSES[::-1])
    assert found == [1, 2, 3, 4]
    assert (report.loaded, report.words) == (("stem", OUTPUTS), ())


def test_nothing_is_copied_from_a_layer_of_another_kind() -> None:
    for source in ([KERNEL], [KERNEL[:4], BIAS], [KERNEL, BIAS[:3]]):
        weights = [np.zeros((8, 2), np.float32), np.zeros(2, np.float32)]
        assert copy_class_outputs(weights, source, ("one", "cat"), CHECKPOINT_CLASSES) == ()
        assert not np.any(weights[0]) and not np.any(weights[1])


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_the_classes_of_an_archive_are_read_from_its_member(checkpoint: Path, tmp_path: Path) -> None:
    members = {
        f"train/{name}": (checkpoint.parent / name).read_bytes() for name in (checkpoint.name, CLASSES)
    }
    path = zipped(tmp_path / "other.kwspipe.zip", members)
    (checkpoint.parent / CLASSES).unlink()
    assert class_names(path) == CHECKPOINT_CLASSES
    report, found = load(path, ("cat", "two"))
    assert (found, report.words) == ([0, 2], ("two",))


@pytest.mark.parametrize(
    "members", [{f"train/{CLASSES}": b"[]"}, {f"train/{CLASSES}": b"{}", "../x": b""}, {"a.txt": b""}]
)
def test_the_classes_of_an_unreadable_archive_are_unknown(tmp_path: Path, members: dict[str, bytes]) -> None:
    assert class_names(zipped(tmp_path / "other.zip", members)) == ()


def test_without_the_member_the_classes_are_the_labels_of_the_model(tmp_path: Path) -> None:
    assert class_names(zipped(tmp_path / "a.mltk.zip", {"a.tflite": tflite_with_parameters(0)})) == LABELS
    archive = run_archive.write(make_run(tmp_path / "runs" / "small"), "small")
    assert archive is not None and class_names(archive) == LABELS


@pytest.mark.parametrize("model", ["mobilenet_v2", "matchboxnet", "tc_resnet"])
def test_the_bundled_checkpoints_have_a_class_for_each_output(model: str) -> None:
    path = BUNDLED / f"{model}.weights.h5"
    names = class_names(path)
    assert {"one", "nine", "left", "go", "_unknown_", "_silence_"} <= set(names)
    assert read_checkpoint(path)[OUTPUTS][1].shape == (len(set(names)),) == (25,)


def test_the_classes_of_the_vendors_checkpoint_are_the_labels_of_its_model(shared_dir: Path) -> None:
    path = shared_dir / "base" / "keyword_spotting_mobilenetv2.mltk.zip"
    labels = ("left", "right", "up", "down", "stop", "go", "_unknown_", "_silence_")
    assert class_names(path) == labels
    classes = ("go", "seven", "left", "_silence_")
    layer = FakeLayer(OUTPUTS, (384, 4), (4,))
    assert apply([layer], CONFIG, path, classes).words == ("go", "left", "_silence_")
    for copied, source in zip(layer.get_weights(), read_checkpoint(path)[OUTPUTS], strict=True):
        assert np.array_equal(copied[..., [0, 2, 3]], source[..., [5, 0, 7]])
        assert np.any(source[..., 5]) and not np.any(copied[..., 1])


def test_the_log_names_the_copied_classes(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(TransferReport("old.weights.h5", ("stem", OUTPUTS), {}, (), (), words=("two", "one")))
    assert "outputs copied for the classes: two one" in " ".join(capsys.readouterr().err.split())

"""The last layer's outputs of a checkpoint: taken over word by word, where it says which words they are."""

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import TransferConfig
from kwspipe.exchange import run_archive
from kwspipe.labels import ClassTable
from kwspipe.models.layer_names import OUTPUTS
from kwspipe.stages.train import _print_report
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.class_outputs import class_names, copy_class_outputs
from kwspipe.transfer.class_table_file import CLASSES
from kwspipe.transfer.layers import BUNDLED, TransferReport, apply
from support.fake_layers import CONFIG as PATH_CONFIG
from support.fake_layers import FakeLayer, write_weights
from support.run_folders import make_run, tflite_with_parameters
from support.small_model import LABELS

CONFIG = dataclasses.replace(PATH_CONFIG, min_loaded_fraction=0.0)
THERE = ("one", "two", "_unknown_", "_silence_")
# Of the checkpoint: the output of class i has i + 1 throughout.
KERNEL, BIAS = np.tile(np.arange(1, 5, dtype=np.float32), (8, 1)), np.arange(1, 5, dtype=np.float32)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Weights beside which their classes stand."""
    ClassTable(THERE, (0, 1, 2, 3)).write(tmp_path)
    return write_weights(
        tmp_path / "model.weights.h5", {"stem": [np.full((3, 8), 7)], OUTPUTS: [KERNEL, BIAS]}
    )


def loaded(
    path: Path, here: tuple[str, ...], config: TransferConfig = CONFIG
) -> tuple[TransferReport, list[float]]:
    """What became of a network with these classes, and of the outputs, which before are 0 throughout."""
    layers = [FakeLayer("stem", (3, 8)), FakeLayer(OUTPUTS, (8, len(here)), (len(here),))]
    report = apply(layers, config, path, here)
    kernel, bias = layers[1].get_weights()
    assert np.array_equal(kernel, np.tile(bias, (8, 1)))
    assert layers[0].get_weights()[0][0, 0] == 7  # the others are loaded in any case
    return report, bias.tolist()


@pytest.mark.parametrize(
    ("here", "outputs", "words"),
    [
        (("two", "_silence_", "one", "_unknown_"), [2, 4, 1, 3], ("two", "_silence_", "one", "_unknown_")),
        (("two", "cat", "_unknown_", "dog"), [2, 0, 3, 0], ("two", "_unknown_")),
        (("_silence_", "cat"), [4, 0], ("_silence_",)),
        (("cat", "two", "one", "dog", "_unknown_"), [0, 2, 1, 0, 3], ("two", "one", "_unknown_")),
    ],
    ids=["other order", "others among as many", "fewer", "more"],
)
def test_outputs_of_known_words_are_taken_over_wherever_they_lie(
    checkpoint: Path, here: tuple[str, ...], outputs: list[float], words: tuple[str, ...]
) -> None:
    report, found = loaded(checkpoint, here)
    assert found == outputs
    assert (report.loaded, report.skipped, report.words) == (("stem", OUTPUTS), {}, words)
    assert report.as_mapping()["words"] == words


def test_the_same_classes_are_the_whole_layer(checkpoint: Path) -> None:
    report, found = loaded(checkpoint, THERE)
    assert found == [1, 2, 3, 4]
    assert (report.loaded, report.words) == (("stem", OUTPUTS), ())


@pytest.mark.parametrize(
    ("here", "reason"),
    [
        (("cat", "dog", "bird", "fish"), "none of its classes is in the checkpoint"),
        (("cat", "dog"), "shapes [(8, 4), (4,)] where the model has [(8, 2), (2,)]"),
    ],
    ids=["as many", "fewer"],
)
def test_without_a_common_word_the_outputs_stay_fresh_and_the_report_says_why(
    checkpoint: Path, here: tuple[str, ...], reason: str
) -> None:
    report, found = loaded(checkpoint, here)
    assert found == [0] * len(here)
    assert (report.loaded, report.skipped, report.words) == (("stem",), {OUTPUTS: reason}, ())


def test_by_name_and_shape_alone_where_that_is_asked_for(checkpoint: Path) -> None:
    by_shape = dataclasses.replace(CONFIG, match_words=False)
    report, found = loaded(checkpoint, THERE[::-1], by_shape)
    assert found == [1, 2, 3, 4]
    assert (report.loaded, report.words) == (("stem", OUTPUTS), ())
    report, found = loaded(checkpoint, THERE[:2], by_shape)
    assert found == [0, 0]
    assert report.skipped == {OUTPUTS: "shapes [(8, 4), (4,)] where the model has [(8, 2), (2,)]"}


def test_classes_of_other_weights_are_not_believed(checkpoint: Path) -> None:
    ClassTable(THERE[:3], (0, 1, 2)).write(checkpoint.parent)
    report, found = loaded(checkpoint, ("two", "one", "cat", "dog"))
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
def test_where_nothing_tells_the_classes_it_is_by_name_and_shape(
    checkpoint: Path, content: bytes | None
) -> None:
    told = checkpoint.parent / CLASSES
    told.unlink() if content is None else told.write_bytes(content)
    assert class_names(checkpoint) == ()
    report, found = loaded(checkpoint, THERE[::-1])
    assert found == [1, 2, 3, 4]
    assert (report.loaded, report.words) == (("stem", OUTPUTS), ())


def test_layers_of_another_kind_give_nothing() -> None:
    for known in ([KERNEL], [KERNEL[:4], BIAS], [KERNEL, BIAS[:3]]):
        fresh = [np.zeros((8, 2), np.float32), np.zeros(2, np.float32)]
        assert copy_class_outputs(fresh, known, ("one", "cat"), THERE) == ()
        assert not np.any(fresh[0]) and not np.any(fresh[1])


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_an_archive_says_its_classes_in_a_member(checkpoint: Path, tmp_path: Path) -> None:
    members = {
        f"train/{name}": (checkpoint.parent / name).read_bytes() for name in (checkpoint.name, CLASSES)
    }
    path = zipped(tmp_path / "other.kwspipe.zip", members)
    (checkpoint.parent / CLASSES).unlink()
    assert class_names(path) == THERE
    report, found = loaded(path, ("cat", "two"))
    assert (found, report.words) == ([0, 2], ("two",))


@pytest.mark.parametrize(
    "members", [{f"train/{CLASSES}": b"[]"}, {f"train/{CLASSES}": b"{}", "../x": b""}, {"a.txt": b""}]
)
def test_an_archive_that_cannot_be_read_tells_nothing(tmp_path: Path, members: dict[str, bytes]) -> None:
    assert class_names(zipped(tmp_path / "other.zip", members)) == ()


def test_in_an_archive_without_the_member_each_output_is_a_label_of_its_model(tmp_path: Path) -> None:
    assert class_names(zipped(tmp_path / "a.mltk.zip", {"a.tflite": tflite_with_parameters(0)})) == LABELS
    made_before = run_archive.write(make_run(tmp_path / "runs" / "small"), "small")
    assert made_before is not None and class_names(made_before) == LABELS


@pytest.mark.parametrize("model", ["mobilenet_v2", "matchboxnet", "tc_resnet"])
def test_the_bundled_checkpoints_say_a_class_for_each_output(model: str) -> None:
    path = BUNDLED / f"{model}.weights.h5"
    names = class_names(path)
    assert {"one", "nine", "left", "go", "_unknown_", "_silence_"} <= set(names)
    assert read_checkpoint(path)[OUTPUTS][1].shape == (len(set(names)),) == (25,)


def test_the_vendors_outputs_are_found_by_the_labels_of_its_model(shared_dir: Path) -> None:
    path = shared_dir / "base" / "keyword_spotting_mobilenetv2.mltk.zip"
    there = ("left", "right", "up", "down", "stop", "go", "_unknown_", "_silence_")
    assert class_names(path) == there
    here = ("go", "seven", "left", "_silence_")
    layer = FakeLayer(OUTPUTS, (384, 4), (4,))
    assert apply([layer], CONFIG, path, here).words == ("go", "left", "_silence_")
    for found, known in zip(layer.get_weights(), read_checkpoint(path)[OUTPUTS], strict=True):
        assert np.array_equal(found[..., [0, 2, 3]], known[..., [5, 0, 7]])
        assert np.any(known[..., 5]) and not np.any(found[..., 1])


def test_the_log_names_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    _print_report(TransferReport("old.weights.h5", ("stem", OUTPUTS), {}, (), (), words=("two", "one")))
    assert "outputs taken over: two one" in " ".join(capsys.readouterr().err.split())

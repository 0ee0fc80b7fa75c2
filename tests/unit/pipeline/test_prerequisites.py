"""Problems of a configuration that are reported together before the first stage."""

from dataclasses import replace
from pathlib import Path

import pytest

from kwspipe.config.parse import parse
from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.pipeline import prerequisites, runner
from support import tiny_speech
from support.composed import composed


def problems(*overrides: str) -> list[str]:
    """Returns the problems that the command line reports for these overrides."""
    given = prerequisites.given_keys(overrides)
    try:
        config = prerequisites.load(composed(*overrides), overrides, lambda usable: composed(*usable))
        prerequisites.check_run(config, given)
    except KwspipeError as error:
        return prerequisites.problems_of(error)
    return []


@pytest.fixture
def overrides(tmp_path: Path) -> list[str]:
    return [*tiny_speech.write(tmp_path / "words"), f"run_dir={tmp_path / 'parent' / 'run'}"]


def test_faults_and_missing_data_are_reported_together(overrides: list[str], tmp_path: Path) -> None:
    assert problems(*overrides) == []
    found = problems(*overrides, "train.epoch=3", f"dataset.root={tmp_path / 'wrds'}")
    assert len(found) == 2
    assert found[0].startswith("train.epoch: unknown key")
    assert found[1].startswith(f"dataset.root: '{tmp_path / 'wrds'}' is not a folder")
    assert f"did you mean '{tmp_path / 'words'}'? Otherwise set dataset.root" in found[1]


def test_a_group_with_a_fault_is_not_checked_further(overrides: list[str]) -> None:
    found = problems(*overrides, "dataset.rot=/x", "dataset.root=/nowhere", "train.epochs=0")
    assert sorted(text.partition(":")[0] for text in found) == ["dataset.rot", "train.epochs"]


def test_faults_are_reported_with_a_missing_model(tmp_path: Path) -> None:
    found = problems("stages=[deploy]", f"import.path={tmp_path}/none.tflite", "train.epoch=3")
    assert found[0].startswith(f"{tmp_path}/none.tflite: there is no such file")
    assert [text.partition(":")[0] for text in found[1:]] == ["train.epoch"]


def test_recordings_of_the_command_line_are_not_replaced_by_another_source(overrides: list[str]) -> None:
    auto = [one for one in overrides if one != "dataset=folder"]
    assert problems(*auto) == []
    (text,) = problems(*auto, "dataset.root=/nowhere")
    assert text.startswith("dataset.root: '/nowhere' is not a folder. Allowed: a folder with recordings")


def test_recordings_that_would_not_be_used_are_an_error(overrides: list[str]) -> None:
    (text,) = problems(*overrides, "dataset=synthetic")
    assert "which is not used: the data set has the source synthetic" in text
    assert text.endswith("Next: add dataset=folder, or leave out dataset.root")


@pytest.fixture
def unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every stage fail after it has started."""

    def fail(*_: object) -> None:
        raise KwspipeError("dataset.words.0", "no usable clip", "one", "add one")

    monkeypatch.setattr(runner, "run_stage_in_process", fail)


@pytest.mark.usefixtures("unusable")
def test_a_failed_start_leaves_no_folder(overrides: list[str], tmp_path: Path) -> None:
    config = parse(composed(*overrides))
    before = set(tmp_path.iterdir())
    for values, text in (
        ({"dataset": replace(config.dataset, root="/nowhere")}, "is not a folder"),  # before the lock
        ({"stages": ("train",)}, "missing or incomplete, and train needs it"),
        ({}, "no usable clip"),
    ):
        with pytest.raises(KwspipeError, match=text):
            runner.run(replace(config, **values))  # type: ignore[arg-type]
        assert set(tmp_path.iterdir()) == before
    run_dir = Path(config.run_dir)
    run_dir.mkdir(parents=True)
    with pytest.raises(KwspipeError, match="no usable clip"):
        runner.run(config)
    assert list(run_dir.iterdir()) == []  # the folder of the user stays
    (run_dir / "notes.txt").write_text("mine")
    with pytest.raises(KwspipeError, match="no usable clip"):
        runner.run(config)
    assert (run_dir / "notes.txt").is_file() and (run_dir / "log.txt").is_file()


def test_equal_problems_are_reported_once() -> None:
    error = KwspipeError("a", "b", "c", "d")
    with pytest.raises(KwspipeError, match=r"^a: b\. Allowed: c\. Next: d$"):
        prerequisites.raise_all([error, KwspipeError("a", "b", "c", "d")])
    with pytest.raises(ConfigError) as caught:
        prerequisites.raise_all([ConfigError([str(error), "e"]), error, KwspipeError("f", "g", "h", "i")])
    assert caught.value.problems == (str(error), "e", "f: g. Allowed: h. Next: i")


def test_missing_recordings_of_other_stages_are_reported_first(overrides: list[str]) -> None:
    found = problems(
        *(one for one in overrides if not one.startswith("stages")),
        "stages=[prepare,deploy,mine,listen]", "board=host", "board.feed=/nowhere.wav", "mine.roots=[/nowhere]",
        "listen.source=/nowhere",
    )  # fmt: skip
    assert [text.partition(",")[0] for text in found] == [
        "board.feed: '/nowhere.wav'",
        "mine.roots.0: '/nowhere'",
        "listen.source: '/nowhere'",
    ]

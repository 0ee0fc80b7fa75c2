"""Which stages run, and what a user is told where they cannot."""

import dataclasses
import json
import os
import signal
import time
import typing
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock
from hydra import compose, initialize_config_dir

from kwspipe import stages
from kwspipe.__main__ import conf_dir
from kwspipe.config import PipelineConfig, StageName, stage_order
from kwspipe.config.parse import parse
from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.files.process import call_in_process
from kwspipe.pipeline import runner
from kwspipe.runs.artifacts import stage_folder
from kwspipe.training import embedding_teacher
from support.run_folders import composed_config


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        composed = compose("config", overrides=["+experiment=digits_3", f"run_dir={tmp_path / 'run'}"])
    return dataclasses.replace(parse(composed), stages=("prepare", "train"))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Puts two small stages in the place of the real ones; the list tells which have run."""
    names: list[str] = []

    def stage(name: str, reads: tuple[str, ...], needs: tuple[str, ...]) -> stages.Stage:
        def work(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
            names.append(name)
            (folder / "result").write_text(
                f"{name} {config.train.epochs if name == 'train' else config.seed}"
            )

        return stages.Stage(name, reads, needs, work)

    fakes = {"prepare": stage("prepare", ("seed",), ()), "train": stage("train", ("train",), ("prepare",))}

    def directly(
        function: object,
        config: PipelineConfig,
        run_dir: Path,
        name: str,
        target: Path,
        fingerprint: object,
    ) -> None:
        with stage_folder(target, fingerprint) as folder:  # type: ignore[arg-type]
            fakes[name].run(config, run_dir, folder)

    monkeypatch.setattr(stages, "load", fakes.__getitem__)
    monkeypatch.setattr(runner, "call_in_process", directly)
    return names


def test_a_second_run_does_nothing(config: PipelineConfig, ran: list[str]) -> None:
    runner.run(config)
    runner.run(config)
    assert ran == ["prepare", "train"]
    assert "name: digits_3" in (Path(config.run_dir) / "config.yaml").read_text()


def test_only_what_depends_on_a_change_runs_again(config: PipelineConfig, ran: list[str]) -> None:
    runner.run(config)
    runner.run(dataclasses.replace(config, train=dataclasses.replace(config.train, epochs=99)))
    assert ran == ["prepare", "train", "train"]
    runner.run(dataclasses.replace(config, seed=43))
    assert ran[3:] == ["prepare", "train"]


def test_force_and_from(config: PipelineConfig, ran: list[str]) -> None:
    runner.run(config)
    runner.run(dataclasses.replace(config, force=("train",)))
    runner.run(dataclasses.replace(config, force=True, from_stage="train"))
    assert ran == ["prepare", "train", "train", "train"]
    with pytest.raises(KwspipeError, match=r"'evaluate' leaves none of stages=\['prepare', 'train'\]"):
        runner.run(dataclasses.replace(config, from_stage="evaluate"))


def test_a_missing_earlier_stage_is_named(config: PipelineConfig, ran: list[str]) -> None:
    with pytest.raises(KwspipeError) as caught:
        runner.run(dataclasses.replace(config, stages=("train",)))
    assert "prepare: not there or not whole, and train needs it" in str(caught.value)
    assert "add prepare to `stages`" in str(caught.value)


def test_a_second_run_at_the_same_time_is_told_who_holds_the_folder(
    config: PipelineConfig, ran: list[str]
) -> None:
    run_dir = Path(config.run_dir)
    run_dir.mkdir()
    (run_dir / ".lock.owner").write_text("4711")
    with FileLock(run_dir / ".lock"), pytest.raises(KwspipeError) as caught:
        runner.run(config)
    assert "another run is at work there (process 4711)" in str(caught.value)
    assert ran == []


def test_jobs_of_a_sweep_share_stages(config: PipelineConfig, ran: list[str], tmp_path: Path) -> None:
    shared = tmp_path / ".shared"
    runner.run(config, shared)
    other = dataclasses.replace(
        config, run_dir=str(tmp_path / "other"), train=dataclasses.replace(config.train, epochs=99)
    )
    runner.run(other, shared)
    assert ran == ["prepare", "train", "train"]
    runner.run(dataclasses.replace(other, run_dir=str(tmp_path / "third")), shared)
    assert ran == ["prepare", "train", "train"]
    assert (tmp_path / "third" / "train" / "result").read_text() == "train 99"
    # Forced is forced for this job, and not for the others.
    runner.run(dataclasses.replace(other, force=("prepare",)), shared)
    assert ran[3:] == ["prepare"]


def test_a_finished_run_says_so_without_running(config: PipelineConfig, ran: list[str]) -> None:
    assert not runner.is_finished(config)
    runner.run(config)
    assert runner.is_finished(config)
    assert not runner.is_finished(dataclasses.replace(config, seed=43))
    assert not runner.is_finished(dataclasses.replace(config, force=True))
    assert ran == ["prepare", "train"]


def test_what_a_killed_attempt_left_is_removed(config: PipelineConfig, ran: list[str]) -> None:
    runner.run(config)
    (Path(config.run_dir) / ".prepare.partial").mkdir()
    (Path(config.run_dir) / ".prepare.writer").touch()
    runner.run(config)
    names = {path.name for path in Path(config.run_dir).iterdir()}
    assert not {name for name in names if name.startswith((".prepare", ".train"))}


def test_a_run_directory_that_cannot_be_made(config: PipelineConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KwspipeError, match="cannot be made: Not a directory"):
        runner.run(dataclasses.replace(config, run_dir=str(tmp_path / "file" / "run")))


def test_every_stage_reads_groups_that_exist(config: PipelineConfig) -> None:
    keys = json.loads(json.dumps(runner.to_mapping(config)))
    order = (*stage_order.ORDER, *stage_order.OPTIONAL)
    assert set(order) == set(typing.get_args(StageName))
    for name in order:
        stage = stages.load(name)
        assert stage.name == name
        assert set(stage.reads) <= set(keys)
        assert set(stage.needs) < set(order[: order.index(name)]) | {"none"}


def test_optional_stages_run_last_and_only_where_named(
    config: PipelineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "OPTIONAL", ("look",))
    assert runner.chosen_stages(config) == ["prepare", "train"]
    named = dataclasses.replace(config)
    object.__setattr__(named, "stages", ("look", "train"))  # past the check of the names
    assert runner.chosen_stages(named) == ["train", "look"]
    object.__setattr__(named, "from_stage", "deploy")
    assert runner.chosen_stages(named) == ["look"]


def test_a_stage_that_is_never_up_to_date(
    config: PipelineConfig, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = {name: stages.load(name) for name in ("prepare", "train")}
    fakes["train"] = dataclasses.replace(fakes["train"], always=True)
    monkeypatch.setattr(stages, "load", fakes.__getitem__)
    runner.run(config)
    runner.run(config)
    assert ran == ["prepare", "train", "train"]


def test_ctrl_c_is_left_to_an_interactive_stage(
    config: PipelineConfig, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    directly = runner.call_in_process

    def note(function: object, config: PipelineConfig, run_dir: Path, name: str, *rest: object) -> None:
        seen[name] = signal.getsignal(signal.SIGINT)
        directly(function, config, run_dir, name, *rest)

    fakes = {name: stages.load(name) for name in ("prepare", "train")}
    fakes["train"] = dataclasses.replace(fakes["train"], interactive=True)
    monkeypatch.setattr(stages, "load", fakes.__getitem__)
    monkeypatch.setattr(runner, "call_in_process", note)
    before = signal.getsignal(signal.SIGINT)
    runner.run(config)
    assert seen == {"prepare": before, "train": signal.SIG_IGN}
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Takes the speech embedding for installed; the list tells for which sample rates it was checked."""
    rates_hz: list[int] = []
    monkeypatch.setattr(embedding_teacher, "check", rates_hz.append)
    return rates_hz


BOTH = ("distill=networks_and_embedding", "distill.runs=[lagre]")


def taught_by(config: PipelineConfig, *overrides: str) -> PipelineConfig:
    distill = composed_config("+experiment=digits_3", *overrides).distill
    return dataclasses.replace(config, distill=distill)


def test_of_two_kinds_of_teachers_both_are_checked_before_anything_is_prepared(
    config: PipelineConfig, ran: list[str], asked: list[int]
) -> None:
    with pytest.raises(KwspipeError, match=r"distill\.runs: 'lagre' is neither a path nor a run"):
        runner.run(taught_by(config, *BOTH))
    assert asked == [16000]
    assert ran == []
    assert not Path(config.run_dir).exists()


def test_beside_networks_a_missing_speech_embedding_is_told_too(
    config: PipelineConfig, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_teacher, "PACKAGE", "not_installed_at_all")
    with pytest.raises(KwspipeError, match="extra teacher"):
        runner.run(taught_by(config, *BOTH))
    assert ran == []
    assert not Path(config.run_dir).exists()


@pytest.mark.parametrize(
    ("overrides", "rates_hz", "names"),
    [
        (["distill=none"], [], ["prepare", "train"]),
        (["distill=speech_embedding"], [16000], ["prepare", "train"]),
        (["distill=networks", "distill.runs=[lagre]"], [], []),
    ],
    ids=["none", "speech_embedding", "networks"],
)
def test_the_speech_embedding_is_checked_where_it_teaches(
    config: PipelineConfig,
    ran: list[str],
    asked: list[int],
    overrides: list[str],
    rates_hz: list[int],
    names: list[str],
) -> None:
    with suppress(KwspipeError):  # of networks that are not there
        runner.run(taught_by(config, *overrides))
    assert (asked, ran) == (rates_hz, names)


def test_who_does_not_train_needs_no_teacher(
    config: PipelineConfig, ran: list[str], asked: list[int]
) -> None:
    runner.run(dataclasses.replace(taught_by(config, *BOTH), stages=("prepare",)))
    assert (ran, asked) == (["prepare"], [])


def fail_with_text() -> None:
    raise ConfigError(["a: one", "b: two"])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave_a_file(path: str) -> None:
    time.sleep(1.5)
    Path(path).write_text("still alive")


def die_with_a_child_at_work(path: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ThreadPoolExecutor().submit(call_in_process, leave_a_file, path)
    time.sleep(1)
    os._exit(1)


def test_errors_cross_from_a_stages_process_whole() -> None:
    with pytest.raises(ConfigError) as caught:
        call_in_process(fail_with_text)
    assert caught.value.problems == ("a: one", "b: two")


def test_a_process_that_dies_is_an_error_with_a_remedy() -> None:
    with pytest.raises(KwspipeError, match=r"it was killed, or it crashed.*run the same command again"):
        call_in_process(die)


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError, match="it was killed"):
        call_in_process(die_with_a_child_at_work, str(tmp_path / "file"))
    time.sleep(2)
    assert not (tmp_path / "file").exists()

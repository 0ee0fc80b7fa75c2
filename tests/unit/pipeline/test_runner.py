"""Runner: order and staleness of stages, prerequisites, outputs, errors."""

import dataclasses
import json
import signal
import typing
from pathlib import Path

import pytest
from filelock import FileLock

from kwspipe import stages
from kwspipe.config import PipelineConfig, StageName, stage_order
from kwspipe.config.parse import to_mapping
from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.pipeline import outputs, plan, runner
from kwspipe.runs.stage_folder import stage_folder
from support.run_folders import composed_config


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    config = composed_config("+experiment=digits_3", f"run_dir={tmp_path / 'run'}")
    return dataclasses.replace(config, stages=("prepare", "train"))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the stages by two small ones, and returns the list of stages that ran."""
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
        config: PipelineConfig,
        run_dir: Path,
        name: str,
        target: Path,
        fingerprint: object,
    ) -> None:
        with stage_folder(target, fingerprint) as folder:  # type: ignore[arg-type]
            fakes[name].run(config, run_dir, folder)

    monkeypatch.setattr(stages, "load", fakes.__getitem__)
    monkeypatch.setattr(runner, "run_stage_in_process", directly)
    return names


def test_a_second_run_does_nothing(config: PipelineConfig, ran: list[str]) -> None:
    runner.run(config)
    runner.run(config)
    assert ran == ["prepare", "train"]
    assert "name: digits_3" in (Path(config.run_dir) / "config.yaml").read_text()


def test_a_change_runs_the_dependent_stages_only(config: PipelineConfig, ran: list[str]) -> None:
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
    assert "prepare: missing or incomplete, and train needs it" in str(caught.value)
    assert "add prepare to `stages`" in str(caught.value)


def test_a_concurrent_run_gets_an_error_with_the_process_of_the_first(
    config: PipelineConfig, ran: list[str]
) -> None:
    run_dir = Path(config.run_dir)
    run_dir.mkdir()
    (run_dir / ".lock.owner").write_text("4711")
    with FileLock(run_dir / ".lock"), pytest.raises(KwspipeError) as caught:
        runner.run(config)
    assert "another run uses this folder (process 4711)" in str(caught.value)
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
    # `force` applies to this job only.
    runner.run(dataclasses.replace(other, force=("prepare",)), shared)
    assert ran[3:] == ["prepare"]


def test_is_finished_runs_no_stage(config: PipelineConfig, ran: list[str]) -> None:
    assert not plan.is_finished(config)
    runner.run(config)
    assert plan.is_finished(config)
    assert not plan.is_finished(dataclasses.replace(config, seed=43))
    assert not plan.is_finished(dataclasses.replace(config, force=True))
    assert ran == ["prepare", "train"]


def test_files_of_a_killed_attempt_are_removed(config: PipelineConfig, ran: list[str]) -> None:
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
    keys = json.loads(json.dumps(to_mapping(config)))
    order = (*stage_order.ORDER, *stage_order.OPTIONAL)
    assert set(order) == set(typing.get_args(StageName))
    for name in order:
        stage = stages.load(name)
        assert stage.name == name
        assert set(stage.reads) <= set(keys)
        assert set(stage.needs) < set(order[: order.index(name)]) | {"none"}


def test_optional_stages_run_last_and_only_if_configured(
    config: PipelineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_order, "OPTIONAL", ("look",))
    assert plan.chosen_stages(config) == ["prepare", "train"]
    named = dataclasses.replace(config)
    object.__setattr__(named, "stages", ("look", "train"))  # bypasses the validation of the names
    assert plan.chosen_stages(named) == ["train", "look"]
    object.__setattr__(named, "from_stage", "deploy")
    assert plan.chosen_stages(named) == ["look"]


def test_a_stage_that_is_never_up_to_date(
    config: PipelineConfig, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = {name: stages.load(name) for name in ("prepare", "train")}
    fakes["train"] = dataclasses.replace(fakes["train"], always=True)
    monkeypatch.setattr(stages, "load", fakes.__getitem__)
    runner.run(config)
    runner.run(config)
    assert ran == ["prepare", "train", "train"]


def test_an_interactive_stage_handles_ctrl_c(
    config: PipelineConfig, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    directly = runner.run_stage_in_process

    def note(config: PipelineConfig, run_dir: Path, name: str, *rest: object) -> None:
        seen[name] = signal.getsignal(signal.SIGINT)
        directly(config, run_dir, name, *rest)

    fakes = {name: stages.load(name) for name in ("prepare", "train")}
    fakes["train"] = dataclasses.replace(fakes["train"], interactive=True)
    monkeypatch.setattr(stages, "load", fakes.__getitem__)
    monkeypatch.setattr(runner, "run_stage_in_process", note)
    before = signal.getsignal(signal.SIGINT)
    runner.run(config)
    assert seen == {"prepare": before, "train": signal.SIG_IGN}
    assert signal.getsignal(signal.SIGINT) is before


def require(monkeypatch: pytest.MonkeyPatch, **missing: str) -> None:
    """Makes a prerequisite of each named stage missing."""
    fakes = {name: stages.load(name) for name in ("prepare", "train")}
    for name, package in missing.items():

        def check(_: PipelineConfig, package: str = package) -> None:
            raise KwspipeError(
                "stages", f"{package} is not installed", "an installation", f"pip install {package}"
            )

        fakes[name] = dataclasses.replace(fakes[name], check=check)
    monkeypatch.setattr(stages, "load", fakes.__getitem__)


def test_a_missing_prerequisite_is_reported_before_the_first_stage_starts(
    config: PipelineConfig, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require(monkeypatch, train="ziglang")
    with pytest.raises(KwspipeError, match=r"^stages: ziglang is not installed.*Next: pip install ziglang$"):
        runner.run(config)
    assert ran == [] and not Path(config.run_dir).exists()
    runner.run(dataclasses.replace(config, stages=("prepare",)))  # train is not configured
    assert ran == ["prepare"]


def test_missing_prerequisites_are_reported_together(
    config: PipelineConfig, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require(monkeypatch, prepare="espeak", train="ziglang")
    with pytest.raises(ConfigError) as caught:
        runner.run(config)
    text = str(caught.value)
    assert "has 2 problems; nothing was started" in text
    assert "espeak is not installed" in text and "ziglang is not installed" in text
    require(monkeypatch, prepare="ziglang", train="ziglang")
    with pytest.raises(KwspipeError, match=r"^stages: ziglang is not installed"):  # reported once
        runner.run(config)


def test_only_outputs_with_after_failure_are_written_after_a_failure(
    config: PipelineConfig, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def output(name: str, after: str, after_failure: bool) -> outputs.Output:
        def write(_: PipelineConfig, __: Path) -> None:
            written.append(name)

        return outputs.Output(name, (after,), write, lambda *_: True, after_failure=after_failure)

    fakes = {"report": output("report", "prepare", True), "results": output("results", "train", False)}
    monkeypatch.setattr(outputs, "ORDER", tuple(fakes))
    monkeypatch.setattr(outputs, "load", fakes.__getitem__)
    runner.run(dataclasses.replace(config, stages=("prepare",)))
    assert written == ["report"]
    runner.run(config)
    assert written == ["report", "report", "results"]

    def fail(*_: object) -> None:
        raise KwspipeError("train", "failed", "none", "none")

    monkeypatch.setattr(runner, "run_stage_in_process", fail)
    with pytest.raises(KwspipeError, match="failed"):
        runner.run(dataclasses.replace(config, force=True))
    assert written == ["report", "report", "results", "report"]

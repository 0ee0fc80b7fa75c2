"""Search with Optuna: space of the overrides; trials that continue, are pruned, and fail."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

optuna = pytest.importorskip("optuna", reason="needs the extra `optuna`")

from filelock import FileLock  # noqa: E402
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution  # noqa: E402

from kwspipe.errors import KwspipeError  # noqa: E402
from kwspipe.sweep import search  # noqa: E402
from kwspipe.sweep.job_folders import override_values  # noqa: E402
from kwspipe.sweep.optuna_study import SearchSettings, distribution  # noqa: E402
from kwspipe.sweep.record import JobRecord  # noqa: E402
from kwspipe.sweep.results import NAMES, Job  # noqa: E402
from kwspipe.training import pruning  # noqa: E402
from kwspipe.training.pruning import PrunedError  # noqa: E402
from kwspipe.training.state import EpochResult  # noqa: E402

SPACE = ["+experiment=smoke", "++model.alpha=interval(0.1,0.9)", "++augment=light,none"]


def overrides(*texts: str) -> list[Any]:
    return OverridesParser.create().parse_overrides(list(texts))


@pytest.fixture
def settings(tmp_path: Path) -> SearchSettings:
    return SearchSettings(
        objectives={"validation": "maximize"},
        num_trials=6,
        num_jobs=2,
        storage=f"sqlite:///{tmp_path / 'optuna.db'}",
        study="smoke",
        sampler={"name": "tpe", "seed": 1, "startup_trials": 3},
        pruner={"name": "median", "startup_trials": 2, "warmup_epochs": 1},
    )


class FakeSweepRun:
    """Sweep whose jobs have figures that a function computes from their overrides."""

    def __init__(self, folder: Path, outcome: Callable[[dict[str, str]], str | float | None]) -> None:
        self.sweep_dir, self.outcome = folder, outcome
        self.ran: list[dict[str, str]] = []

    def run(self, batch: Sequence[Sequence[str]]) -> list[Job]:
        return [self._job(override_values(each)) for each in batch]

    def _job(self, values: dict[str, str]) -> Job:
        self.ran.append(values)
        outcome = self.outcome(values)
        status: Any = outcome if isinstance(outcome, str) else "done"
        figures = dict.fromkeys(NAMES) | {"validation": None if isinstance(outcome, str) else outcome}
        return Job(self.sweep_dir / "job", JobRecord(values, status, "why", 1.0, "1", ""), figures)  # type: ignore[arg-type]


def trials(settings: SearchSettings) -> list[Any]:
    return optuna.load_study(study_name=settings.study, storage=settings.storage).trials


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1,2,x", CategoricalDistribution(["1", "2", "x"])),
        ("a=interval(0.5,2.0)", FloatDistribution(0.5, 2.0)),
        ("a=tag(log,interval(1e-4,1e-2))", FloatDistribution(1e-4, 1e-2, log=True)),
        ("a=int(interval(1,8))", IntDistribution(1, 8)),
        ("a=range(1,9,2)", IntDistribution(1, 7, step=2)),
        ("a=range(0.5,2.0,0.5)", FloatDistribution(0.5, 1.5, step=0.5)),
    ],
)
def test_distribution_of_an_override(text: str, expected: Any) -> None:
    assert distribution(overrides(text)[0]) == expected


def test_search_prefers_better_values(settings: SearchSettings, tmp_path: Path) -> None:
    sweep_run = FakeSweepRun(tmp_path, lambda values: float(values["model.alpha"]))
    settings = dataclasses.replace(settings, num_trials=20)
    search.search(settings, overrides(*SPACE), sweep_run)  # type: ignore[arg-type]
    assert len(sweep_run.ran) == 20 and {values["experiment"] for values in sweep_run.ran} == {"smoke"}
    late = [float(values["model.alpha"]) for values in sweep_run.ran[10:]]
    assert sum(late) / 10 > 0.6  # 0.5 for random values


def test_second_start_runs_the_missing_trials_only(settings: SearchSettings, tmp_path: Path) -> None:
    first = FakeSweepRun(tmp_path, lambda values: 0.5)
    search.search(settings, overrides(*SPACE), first)  # type: ignore[arg-type]
    second = FakeSweepRun(tmp_path, lambda values: 0.5)
    search.search(dataclasses.replace(settings, num_trials=8), overrides(*SPACE), second)  # type: ignore[arg-type]
    search.search(settings, overrides(*SPACE), second)  # type: ignore[arg-type]
    assert len(first.ran) == 6 and len(second.ran) == 2
    seen = [values["model.alpha"] for values in (*first.ran, *second.ran)]
    assert len(set(seen)) == 8


def test_unfinished_trials_of_a_killed_search_run_first(settings: SearchSettings, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(values: dict[str, str]) -> float:
        raise Killed

    killed = FakeSweepRun(tmp_path, kill)
    with pytest.raises(Killed):
        search.search(settings, overrides(*SPACE), killed)  # type: ignore[arg-type]
    again = FakeSweepRun(tmp_path, lambda values: 0.5)
    search.search(settings, overrides(*SPACE), again)  # type: ignore[arg-type]
    assert again.ran[0]["model.alpha"] == killed.ran[0]["model.alpha"]
    assert len(again.ran) == 6


def test_failed_and_pruned_trials_count_and_have_different_states(
    settings: SearchSettings, tmp_path: Path
) -> None:
    outcomes = iter(["failed", "pruned", 0.4, 0.5, 0.6, 0.7])
    sweep_run = FakeSweepRun(tmp_path, lambda values: next(outcomes))  # type: ignore[arg-type,return-value]
    search.search(settings, overrides(*SPACE), sweep_run)  # type: ignore[arg-type]
    assert [t.state.name for t in trials(settings)] == ["FAIL", "PRUNED"] + 4 * ["COMPLETE"]
    assert trials(settings)[0].user_attrs["failed"] == "why"


def test_job_without_a_value_of_the_objective_is_an_error(settings: SearchSettings, tmp_path: Path) -> None:
    sweep_run = FakeSweepRun(tmp_path, lambda values: None)
    with pytest.raises(
        KwspipeError, match=r"validation, which .*job does not contain.*validation requires train"
    ):
        search.search(settings, overrides(*SPACE), sweep_run)  # type: ignore[arg-type]


def test_parallel_searches_and_changed_choices_are_rejected(settings: SearchSettings, tmp_path: Path) -> None:
    sweep_run = FakeSweepRun(tmp_path, lambda values: 0.5)
    with (
        FileLock(tmp_path / ".optuna.lock"),
        pytest.raises(KwspipeError, match="another search runs there"),
    ):
        search.search(settings, overrides(*SPACE), sweep_run)  # type: ignore[arg-type]
    search.search(settings, overrides(*SPACE), sweep_run)  # type: ignore[arg-type]
    more = dataclasses.replace(settings, num_trials=9)
    with pytest.raises(KwspipeError, match="the same choices in every start"):
        search.search(more, overrides("++augment=light,noisy"), sweep_run)  # type: ignore[arg-type]
    other = dataclasses.replace(more, objectives={"validation": "minimize"})
    with pytest.raises(KwspipeError, match=r"another search: its directions are \['maximize'\]"):
        search.search(other, overrides(*SPACE), sweep_run)  # type: ignore[arg-type]


@pytest.mark.parametrize("objectives", [{}, {"acuracy": "maximize"}, {"accuracy": "up"}])
def test_invalid_objectives(settings: SearchSettings, objectives: dict[str, str]) -> None:
    with pytest.raises(KwspipeError, match="at least one of validation, accuracy"):
        dataclasses.replace(settings, objectives=objectives)


def test_empty_space_and_unknown_names(settings: SearchSettings, tmp_path: Path) -> None:
    sweep_run = FakeSweepRun(tmp_path, lambda values: 0.5)
    with pytest.raises(KwspipeError, match="no override to search over"):
        search.search(settings, overrides("++seed=1"), sweep_run)  # type: ignore[arg-type]
    for change in (
        {"sampler": {**settings.sampler, "name": "x"}},
        {"pruner": {**settings.pruner, "name": "x"}},
    ):
        with pytest.raises(KwspipeError, match="'x'"):
            search.search(dataclasses.replace(settings, **change), overrides(*SPACE), sweep_run)  # type: ignore[arg-type]


def test_training_reports_its_results_and_poor_trials_are_stopped(
    settings: SearchSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs three good trials and a poor one in jobs whose environment contains the address of the trial."""
    reached: list[int] = []

    def job(values: dict[str, str]) -> str | float:
        good = len(reached) < 3
        report = pruning.pruning_callback()
        assert report
        reached.append(0)
        try:
            for epoch in range(5):
                reached[-1] = epoch
                value = 0.5 + epoch / 10 if good else 0.1
                report(EpochResult(epoch, 0.001, 1.0, 0.5, 1.0, 0.5, value))
        except PrunedError as error:
            assert "had a mean recall of 0.100 on validation after epoch" in str(error)
            return "pruned"
        return 0.9

    class InEnvironment(FakeSweepRun):
        def run(self, batch: Sequence[Sequence[str]]) -> list[Job]:
            jobs = []
            for each in batch:
                (address,) = (text for text in each if text.startswith("+hydra.job.env_set."))
                (parsed,) = overrides(address)
                monkeypatch.setenv(pruning.VARIABLE, str(parsed.value()))
                jobs += super().run([each])
            return jobs

    settings = dataclasses.replace(settings, num_trials=4)
    search.search(settings, overrides(*SPACE), InEnvironment(tmp_path, job))  # type: ignore[arg-type]
    assert reached[:3] == [4, 4, 4] and reached[3] < 4
    assert trials(settings)[3].state.name == "PRUNED"
    assert trials(settings)[0].intermediate_values == pytest.approx({e: 0.5 + e / 10 for e in range(5)})


def test_no_callback_outside_of_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pruning.VARIABLE, raising=False)
    assert pruning.pruning_callback() is None


def test_address_is_json(settings: SearchSettings) -> None:
    text = pruning.TrialAddress(settings.storage, "a'b", 3, settings.pruner).as_text()
    assert json.loads(text)["study"] == "a'b"

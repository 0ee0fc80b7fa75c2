"""Hydra sweepers of kwspipe: grid and Optuna.

Hydra imports all plugins at every start. Functions therefore import their libraries.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class _Sweeper(Sweeper):
    """Base class with the launcher, the parser of the overrides and the table.

    Args:
        params: overrides in addition to those of the command line.
    """

    def __init__(self, params: Mapping[str, Any] | None) -> None:
        self.params = dict(params or {})

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Stores the arguments and creates the launcher. Hydra calls it before ``sweep``."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Runs the jobs of the overrides of the command line and writes the table."""
        from kwspipe.sweep.sweep_run import SweepRun

        texts = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        assert self.hydra_context and self.config and self.launcher
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides(texts)
        swept = [override.key_or_group for override in overrides if override.is_sweep_override()]
        sweep_run = SweepRun(self.hydra_context, self.config, self.launcher, swept)
        sweep_run.check(self._jobs_to_check(overrides))
        with sweep_run.reporting():
            self._run(overrides, sweep_run)

    def _jobs_to_check(self, overrides: list[Override]) -> list[list[str]]:
        """Returns the overrides of the jobs whose configurations are checked before the first job starts."""
        raise NotImplementedError

    def _run(self, overrides: list[Override], sweep_run: Any) -> None:
        raise NotImplementedError


class GridSweeper(_Sweeper):
    """Runs all combinations of the values. Unlike Hydra's sweeper, it writes the table also if jobs failed.

    Args:
        max_batch_size: maximum number of jobs per batch; None for a single batch.
        params: overrides in addition to those of the command line.
    """

    def __init__(self, max_batch_size: int | None = None, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        self.max_batch_size = max_batch_size

    def _jobs_to_check(self, overrides: list[Override]) -> list[list[str]]:
        """Returns the overrides of all jobs."""
        return [job for batch in BasicSweeper.split_arguments(overrides, None) for job in batch]

    def _run(self, overrides: list[Override], sweep_run: Any) -> None:
        for batch in BasicSweeper.split_arguments(overrides, self.max_batch_size):
            sweep_run.run(batch)


class OptunaSweeper(_Sweeper):
    """Searches with Optuna. The arguments are described in conf/hydra/sweeper/optuna.yaml."""

    def __init__(
        self,
        objectives: Mapping[str, str],
        num_trials: int,
        num_jobs: int,
        storage: str,
        study: str,
        sampler: Mapping[str, Any],
        pruner: Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(params)
        self.settings: dict[str, Any] = {
            "objectives": dict(objectives),
            "num_trials": num_trials,
            "num_jobs": num_jobs,
            "storage": _absolute(storage),
            "study": study,
            "sampler": dict(sampler),
            "pruner": dict(pruner),
        }

    def _jobs_to_check(self, overrides: list[Override]) -> list[list[str]]:
        """Returns the jobs at the ends of the intervals and at all choices, where faults are most likely."""
        values = [_ends(override) for override in overrides]
        return [
            [texts[job % len(texts)] for texts in values] for job in range(max(map(len, values), default=0))
        ]

    def _run(self, overrides: list[Override], sweep_run: Any) -> None:
        from kwspipe.sweep.sweep_run import not_installed

        try:
            from kwspipe.sweep.optuna_study import SearchSettings
            from kwspipe.sweep.search import search
        except ImportError as error:
            raise not_installed("hydra/sweeper", "optuna", str(error)) from None
        search(SearchSettings(**self.settings), overrides, sweep_run)


def _ends(override: Override) -> list[str]:
    """Returns an override for each choice of a sweep override, or for the two ends of an interval."""
    key = override.get_key_element()
    if not override.is_sweep_override():
        return [f"{key}={override.get_value_element_as_str()}"]
    value = override.value()
    if isinstance(value, IntervalSweep):
        return [f"{key}={value.start}", f"{key}={value.end}"]
    return [f"{key}={text}" for text in override.sweep_string_iterator()]


def _absolute(storage: str) -> str:
    """Returns the storage with an absolute path, because jobs can have another working directory."""
    prefix = "sqlite:///"
    return (
        prefix + str(Path(storage.removeprefix(prefix)).resolve()) if storage.startswith(prefix) else storage
    )


__all__: Sequence[str] = ("GridSweeper", "OptunaSweeper")

"""kwspipe's sweepers, where Hydra looks for plugins. Light to import: Hydra imports every plugin at each start."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class _Sweeper(Sweeper):
    """What both have in common: the launcher, the parsed overrides, the table at the end."""

    def __init__(self, params: Mapping[str, Any] | None) -> None:
        self.params = dict(params or {})

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by Hydra before ``sweep``."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Runs the jobs of the command line's overrides, and leaves the table."""
        from kwspipe.sweep.sweeping import Sweeping

        given = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        assert self.hydra_context and self.config and self.launcher
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides(given)
        swept = [override.key_or_group for override in overrides if override.is_sweep_override()]
        sweeping = Sweeping(self.hydra_context, self.config, self.launcher, swept)
        with sweeping.concluded():
            self._run(overrides, sweeping)

    def _run(self, overrides: list[Override], sweeping: Any) -> None:
        raise NotImplementedError


class GridSweeper(_Sweeper):
    """Every combination of the values. Unlike Hydra's own, it ends with the table also where jobs failed."""

    def __init__(self, max_batch_size: int | None = None, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        self.max_batch_size = max_batch_size

    def _run(self, overrides: list[Override], sweeping: Any) -> None:
        batches = BasicSweeper.split_arguments(overrides, self.max_batch_size)
        for batch in batches:  # mistakes in composing come out before any work
            self.validate_batch_is_legal(batch)
        for batch in batches:
            sweeping.run(batch)


class OptunaSweeper(_Sweeper):
    """Searches with Optuna; see conf/hydra/sweeper/optuna.yaml."""

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

    def _run(self, overrides: list[Override], sweeping: Any) -> None:
        from kwspipe.sweep.sweeping import not_installed

        try:
            from kwspipe.sweep.search import SearchSettings, search
        except ImportError as error:
            raise not_installed("hydra/sweeper", "optuna", str(error)) from None
        search(SearchSettings(**self.settings), overrides, sweeping)


def _absolute(storage: str) -> str:
    """Jobs may run in another folder than this process, and find the storage by the same text."""
    prefix = "sqlite:///"
    return (
        prefix + str(Path(storage.removeprefix(prefix)).resolve()) if storage.startswith(prefix) else storage
    )


__all__: Sequence[str] = ("GridSweeper", "OptunaSweeper")

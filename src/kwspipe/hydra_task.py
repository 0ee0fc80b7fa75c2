"""Hydra task: a single experiment, or one job of a sweep.

Launchers send the function ``task`` to other processes, which import it by the name of this module.
"""

from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from kwspipe import stages
from kwspipe.config import stage_order
from kwspipe.errors import KwspipeError
from kwspipe.pipeline import prerequisites
from kwspipe.pipeline.runner import run
from kwspipe.sweep.resolvers import cores_divided  # also registers the resolvers of conf/

# Errors of the task. The command line raises them, because Hydra adds a line to those that a task raises.
failures: list[KwspipeError] = []


def task(composed: DictConfig) -> dict[str, float | None]:
    """Runs the composed experiment and returns its figures."""
    hydra_config = HydraConfig.get()
    if hydra_config.mode == RunMode.MULTIRUN:
        from kwspipe.sweep.job import run_job

        overrides = [str(override) for override in hydra_config.overrides.task]
        folder = Path(hydra_config.runtime.output_dir)
        return run_job(composed, folder, overrides, _cores_of(hydra_config.launcher))
    overrides = list(hydra_config.overrides.task)
    try:
        config = prerequisites.load(composed, overrides, _compose)
        return dict(run(config, given=prerequisites.given_keys(overrides)))
    except KwspipeError as error:
        failures.append(error)
        return {}


def _compose(overrides: list[str]) -> DictConfig:
    """Returns the configuration composed from other overrides, within the task of a single experiment."""
    loader = GlobalHydra.instance().config_loader()
    composed = loader.load_configuration("config", overrides, run_mode=RunMode.RUN)
    with open_dict(composed):
        del composed["hydra"]
    return composed


def configuration_text(conf_dir: Path, overrides: list[str]) -> str:
    """Returns the composed configuration as YAML, grouped by the configured stages that read it."""
    from hydra import compose, initialize_config_dir

    from kwspipe.config import show

    with initialize_config_dir(str(conf_dir), version_base="1.3"):
        composed: Any = OmegaConf.to_container(compose("config", overrides=overrides))
    order = (*stage_order.ORDER, *stage_order.OPTIONAL)
    configured = [name for name in order if name in composed["stages"]]
    return show.text(composed, {name: stages.load(name).reads for name in configured})


def _cores_of(launcher: DictConfig) -> int:
    """Returns the number of cores of a job that shares its machine with other jobs."""
    for key in ("cpus_per_task", "ray.remote.num_cpus"):
        cores = OmegaConf.select(launcher, key)
        if cores is not None:
            return max(int(cores), 1)
    return cores_divided(max(int(OmegaConf.select(launcher, "n_jobs") or 1), 1), 1)

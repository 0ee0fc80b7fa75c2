"""What Hydra runs: a single experiment, or one job of a sweep.

In a module of its own, because launchers send the function to other processes, which import it by this name.
"""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from kwspipe.config.parse import parse
from kwspipe.errors import KwspipeError
from kwspipe.exchange.external_model import fill_in
from kwspipe.pipeline.runner import run
from kwspipe.sweep import folders  # also registers the resolvers of conf/

# Raised in main, without the line that Hydra puts in front of what a task raises.
failures: list[KwspipeError] = []


def task(composed: DictConfig) -> dict[str, float | None]:
    """Runs what Hydra composed and returns its figures."""
    hydra_config = HydraConfig.get()
    if hydra_config.mode == RunMode.MULTIRUN:
        from kwspipe.sweep.job import run_job

        overrides = [str(override) for override in hydra_config.overrides.task]
        folder = Path(hydra_config.runtime.output_dir)
        return run_job(composed, folder, overrides, _cores_of(hydra_config.launcher))
    try:
        fill_in(composed, hydra_config.overrides.task)
        return dict(run(parse(composed)))
    except KwspipeError as error:
        failures.append(error)
        return {}


def _cores_of(launcher: DictConfig) -> int:
    """Returns how many cores a job has that shares its machine with others."""
    for key in ("cpus_per_task", "ray.remote.num_cpus"):
        cores = OmegaConf.select(launcher, key)
        if cores is not None:
            return max(int(cores), 1)
    return folders.cores_divided(max(int(OmegaConf.select(launcher, "n_jobs") or 1), 1), 1)

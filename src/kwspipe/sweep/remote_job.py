"""Hydra job in another process, common to the launchers of joblib, Ray and Slurm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


@dataclass
class RemoteJob:
    """A job with the state of Hydra. It is pickled and run in another process.

    Attributes:
        number: number of the job in its sweep.
        overrides: overrides of the job.
        context: Hydra's context of the sweep.
        config: configuration of the sweep.
        task: Hydra's task function.
        singletons: state of Hydra's singletons.
    """

    number: int
    overrides: list[str]
    context: HydraContext
    config: DictConfig
    task: TaskFunction
    singletons: dict[Any, Any]

    def __call__(self) -> JobReturn:
        """Composes the configuration of the job and runs it."""
        setup_globals()
        Singleton.set_state(self.singletons)
        config = self.context.config_loader.load_sweep_config(self.config, self.overrides)
        with open_dict(config):
            config.hydra.job.id = f"{config.hydra.job.name}_{self.number}"
            config.hydra.job.num = self.number
        HydraConfig.instance().set_config(config)
        return run_job(
            hydra_context=self.context,
            config=config,
            task_function=self.task,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )


def run_remote_job(job: RemoteJob) -> JobReturn:
    """Runs a job. Launchers send the name of this function to the other process."""
    return job()


def remote_jobs(
    context: HydraContext,
    config: DictConfig,
    task: TaskFunction,
    batch: Sequence[Sequence[str]],
    first_number: int,
) -> list[RemoteJob]:
    """Returns the jobs of a batch of overrides."""
    setup_globals()
    state = Singleton.get_state()
    return [
        RemoteJob(first_number + n, list(overrides), context, config, task, state)
        for n, overrides in enumerate(batch)
    ]


def lost_job_result(error: Exception) -> JobReturn:
    """Returns the result of a job whose process or machine was lost."""
    result = JobReturn()
    result.status = JobStatus.FAILED
    result.return_value = error
    return result

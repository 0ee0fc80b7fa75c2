"""Running one of Hydra's jobs in another process: what our launchers for Ray and Slurm have in common."""

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
    """Everything another process needs to run a job; it is pickled there.

    Attributes:
        number: of the job in its sweep.
        overrides: of this job.
        context, config, task: of the sweep.
        singletons: Hydra's state.
    """

    number: int
    overrides: list[str]
    context: HydraContext
    config: DictConfig
    task: TaskFunction
    singletons: dict[Any, Any]

    def __call__(self) -> JobReturn:
        """Composes the job's configuration and runs it."""
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


def call(job: RemoteJob) -> JobReturn:
    """Runs a job; what is sent to the other process is the name of this function."""
    return job()


def remote_jobs(
    context: HydraContext,
    config: DictConfig,
    task: TaskFunction,
    batch: Sequence[Sequence[str]],
    first_number: int,
) -> list[RemoteJob]:
    """Returns the jobs of a batch."""
    setup_globals()
    state = Singleton.get_state()
    return [
        RemoteJob(first_number + n, list(overrides), context, config, task, state)
        for n, overrides in enumerate(batch)
    ]


def lost(error: Exception) -> JobReturn:
    """Returns the result of a job whose process or machine was lost."""
    result = JobReturn()
    result.status = JobStatus.FAILED
    result.return_value = error
    return result

"""Hydra launchers of kwspipe: joblib, Ray and Slurm.

Hydra imports all plugins at every start. Functions therefore import their libraries.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class _Launcher(Launcher):
    """Base class that stores the arguments of ``setup``."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Stores the arguments. Hydra calls it before ``launch``."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def _jobs(self, batch: Sequence[Sequence[str]], first_number: int) -> list[Any]:
        from kwspipe.sweep.remote_job import remote_jobs

        return remote_jobs(self.hydra_context, self.config, self.task_function, batch, first_number)


class JoblibLauncher(_Launcher):
    """Runs jobs in parallel processes on this machine.

    Args:
        n_jobs: number of parallel jobs.
        parameters: further parameters of ``joblib.Parallel``.
    """

    def __init__(self, n_jobs: int, **parameters: Any) -> None:
        self.n_jobs, self.parameters = n_jobs, parameters

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs the jobs and returns their results when all have ended."""
        from joblib import Parallel, delayed

        from kwspipe.sweep.remote_job import run_remote_job

        jobs = self._jobs(job_overrides, initial_job_idx)
        parallel = Parallel(n_jobs=self.n_jobs, backend="loky", batch_size=1, **self.parameters)
        results: list[JobReturn] = parallel(delayed(run_remote_job)(job) for job in jobs)
        return results


class RayLauncher(_Launcher):
    """Runs jobs as tasks of Ray, on this machine or on a cluster with a common file system.

    Args:
        ray: ``init`` with the arguments of ``ray.init``, and ``remote`` with those of ``ray.remote``.
    """

    def __init__(self, ray: Mapping[str, Any]) -> None:
        self.init, self.remote = dict(ray["init"]), dict(ray["remote"])

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs the jobs and returns their results when all have ended."""
        from kwspipe.sweep import ray_jobs

        return ray_jobs.run(self._jobs(job_overrides, initial_job_idx), self.init, self.remote)


class SlurmLauncher(_Launcher):
    """Runs jobs as a job array of Slurm through submitit. The nodes need a common file system.

    Args:
        submitit_folder: folder for the files of submitit.
        max_num_timeout: maximum number of times that a job that exceeded its time limit is queued again and continues.
        parameters: parameters of submitit: ``timeout_min``, ``cpus_per_task``, ...; those for Slurm only without
            ``slurm_``.
    """

    def __init__(self, submitit_folder: str, max_num_timeout: int, **parameters: Any) -> None:
        self.folder, self.max_num_timeout, self.parameters = submitit_folder, max_num_timeout, parameters

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs the jobs and returns their results when all have ended."""
        from kwspipe.sweep import slurm_jobs

        jobs = self._jobs(job_overrides, initial_job_idx)
        return slurm_jobs.run(jobs, self.folder, self.max_num_timeout, self.parameters)

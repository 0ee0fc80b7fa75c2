"""kwspipe's launchers, where Hydra looks for plugins. Light to import: Hydra imports every plugin at each start."""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class _Launcher(Launcher):
    """Keeps what Hydra hands over."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by Hydra before ``launch``."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def _jobs(self, batch: Sequence[Sequence[str]], first_number: int) -> list[Any]:
        from kwspipe.sweep.launching import remote_jobs

        return remote_jobs(self.hydra_context, self.config, self.task_function, batch, first_number)


class JoblibLauncher(_Launcher):
    """Several jobs at a time on this machine.

    Args:
        n_jobs: at a time.
        parameters: others of ``joblib.Parallel``.
    """

    def __init__(self, n_jobs: int, **parameters: Any) -> None:
        self.n_jobs, self.parameters = n_jobs, parameters

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs the jobs and returns when all are over."""
        from joblib import Parallel, delayed

        from kwspipe.sweep.launching import call

        jobs = self._jobs(job_overrides, initial_job_idx)
        parallel = Parallel(n_jobs=self.n_jobs, backend="loky", batch_size=1, **self.parameters)
        results: list[JobReturn] = parallel(delayed(call)(job) for job in jobs)
        return results


class RayLauncher(_Launcher):
    """Jobs as tasks of Ray, on this machine or on a cluster with a common file system.

    Args:
        ray: ``init``: arguments of ``ray.init``; ``remote``: of ``ray.remote``.
    """

    def __init__(self, ray: Mapping[str, Any]) -> None:
        self.init, self.remote = dict(ray["init"]), dict(ray["remote"])

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs the jobs and returns when all are over."""
        from kwspipe.sweep import ray_jobs

        return ray_jobs.run(self._jobs(job_overrides, initial_job_idx), self.init, self.remote)


class SlurmLauncher(_Launcher):
    """Jobs as an array of Slurm's, by submitit; the nodes need a common file system.

    Args:
        submitit_folder: for submitit's files.
        max_num_timeout: how often a job that ran out of time is put into the queue again; it goes on where it was.
        parameters: of submitit: ``timeout_min``, ``cpus_per_task``, ...; those of Slurm alone without ``slurm_``.
    """

    def __init__(self, submitit_folder: str, max_num_timeout: int, **parameters: Any) -> None:
        self.folder, self.max_num_timeout, self.parameters = submitit_folder, max_num_timeout, parameters

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Runs the jobs and returns when all are over."""
        from kwspipe.sweep import slurm_jobs

        jobs = self._jobs(job_overrides, initial_job_idx)
        return slurm_jobs.run(jobs, self.folder, self.max_num_timeout, self.parameters)

"""Jobs of a sweep as an array of Slurm's."""

from collections.abc import Mapping, Sequence
from typing import Any

import submitit
from hydra.core.utils import JobReturn
from submitit.core.utils import FailedJobError, UncompletedJobError

from kwspipe.sweep.launching import RemoteJob, lost

# What submitit asks of every kind of cluster.
OF_ALL = frozenset(
    {
        "name", "timeout_min", "mem_gb", "nodes", "cpus_per_task", "gpus_per_node", "tasks_per_node",
        "stderr_to_stdout",
    }
)  # fmt: skip


def run(
    jobs: Sequence[RemoteJob], folder: str, max_num_timeout: int, parameters: Mapping[str, Any]
) -> list[JobReturn]:
    """Runs jobs and returns their results, in their order; a job that Slurm killed is a result too.

    Args:
        jobs: to run.
        folder: for submitit's files, on a file system of all nodes; ``%j`` is the job's number.
        max_num_timeout: how often a job that ran out of time is put into the queue again.
        parameters: of submitit's executor, those of Slurm alone without their prefix ``slurm_``.
    """
    executor = submitit.AutoExecutor(folder, cluster="slurm", slurm_max_num_timeout=max_num_timeout)
    named = {key if key in OF_ALL else f"slurm_{key}": value for key, value in parameters.items()}
    executor.update_parameters(**{key: value for key, value in named.items() if value is not None})
    return [_result(job) for job in executor.map_array(_execute_or_resubmit, jobs)]


class _Execute:
    """Calls a job; submitit asks a callable for its ``checkpoint``, which a plain function does not have."""

    def __call__(self, job: RemoteJob) -> JobReturn:
        return job()

    def checkpoint(self, job: RemoteJob) -> Any:
        return submitit.helpers.DelayedSubmission(self, job)


_execute_or_resubmit = _Execute()


def _result(job: Any) -> JobReturn:
    try:
        result: JobReturn = job.result()
        return result
    except (FailedJobError, UncompletedJobError) as error:
        return lost(error)

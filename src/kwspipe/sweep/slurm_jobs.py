"""Jobs of a sweep as a job array of Slurm."""

from collections.abc import Mapping, Sequence
from typing import Any

import submitit
from hydra.core.utils import JobReturn
from submitit.core.utils import FailedJobError, UncompletedJobError

from kwspipe.sweep.remote_job import RemoteJob, lost_job_result

# Parameters of submitit for all clusters. Parameters for Slurm only have the prefix ``slurm_``.
GENERAL_PARAMETERS = frozenset(
    {
        "name", "timeout_min", "mem_gb", "nodes", "cpus_per_task", "gpus_per_node", "tasks_per_node",
        "stderr_to_stdout",
    }
)  # fmt: skip


def run(
    jobs: Sequence[RemoteJob], folder: str, max_num_timeout: int, parameters: Mapping[str, Any]
) -> list[JobReturn]:
    """Runs jobs and returns their results in order. A job that Slurm killed has a failed result.

    Args:
        jobs: the jobs.
        folder: folder for the files of submitit, on a file system of all nodes; ``%j`` is the number of the job.
        max_num_timeout: maximum number of times that a job that exceeded its time limit is queued again.
        parameters: parameters of submitit's executor; those of Slurm only have no prefix ``slurm_`` here.
    """
    executor = submitit.AutoExecutor(folder, cluster="slurm", slurm_max_num_timeout=max_num_timeout)
    named = {key if key in GENERAL_PARAMETERS else f"slurm_{key}": value for key, value in parameters.items()}
    executor.update_parameters(**{key: value for key, value in named.items() if value is not None})
    return [_result(job) for job in executor.map_array(_execute_or_resubmit, jobs)]


class _Execute:
    """Calls a job. submitit queues it again with the method ``checkpoint``, which a function does not have."""

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
        return lost_job_result(error)

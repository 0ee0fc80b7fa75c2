"""Jobs of a sweep as tasks of Ray."""

from collections.abc import Mapping, Sequence
from typing import Any

import ray
from hydra.core.utils import JobReturn

from kwspipe.sweep.remote_job import RemoteJob, lost_job_result, run_remote_job


def run(jobs: Sequence[RemoteJob], init: Mapping[str, Any], remote: Mapping[str, Any]) -> list[JobReturn]:
    """Runs jobs and returns their results in order. A job that Ray gave up has a failed result.

    Args:
        jobs: the jobs.
        init: arguments of ``ray.init``; unused if Ray is already initialized in this process.
        remote: arguments of ``ray.remote``: ``num_cpus``; ``max_retries`` after the loss of a worker or node.
    """
    started = not ray.is_initialized()
    if started:
        ray.init(**init)
    try:
        execute = ray.remote(**remote)(run_remote_job)
        pending = [execute.remote(job) for job in jobs]
        return [_result(reference) for reference in pending]
    finally:
        if started:
            ray.shutdown()  # also ends running jobs after Ctrl-C


def _result(reference: Any) -> JobReturn:
    try:
        result: JobReturn = ray.get(reference)
        return result
    except ray.exceptions.RayError as error:
        return lost_job_result(error)

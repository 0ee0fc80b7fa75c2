"""Jobs of a sweep as tasks of Ray."""

from collections.abc import Mapping, Sequence
from typing import Any

import ray
from hydra.core.utils import JobReturn

from kwspipe.sweep.launching import RemoteJob, call, lost


def run(jobs: Sequence[RemoteJob], init: Mapping[str, Any], remote: Mapping[str, Any]) -> list[JobReturn]:
    """Runs jobs and returns their results, in their order; a job that Ray gave up is a result too.

    Args:
        jobs: to run.
        init: arguments of ``ray.init``, unless Ray has been started in this process already.
        remote: of ``ray.remote``: ``num_cpus``; ``max_retries``, after its worker or node was lost.
    """
    started = not ray.is_initialized()
    if started:
        ray.init(**init)
    try:
        execute = ray.remote(**remote)(call)
        pending = [execute.remote(job) for job in jobs]
        return [_result(reference) for reference in pending]
    finally:
        if started:
            ray.shutdown()  # also ends what still runs, after Ctrl-C


def _result(reference: Any) -> JobReturn:
    try:
        result: JobReturn = ray.get(reference)
        return result
    except ray.exceptions.RayError as error:
        return lost(error)

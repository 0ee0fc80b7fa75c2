"""The folder of a job in its sweep, derived from the job's overrides alone.

A sweep that was interrupted, or that is started again with more values, finds the jobs it has already done.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from omegaconf import OmegaConf

# What is done and where, but not what comes out of it.
NOT_IDENTITY = frozenset({"name", "run_dir", "stages", "from", "force", "tracking", "runtime"})
READABLE = re.compile(r"[A-Za-z0-9_.+-]{1,24}")
LONGEST_LABEL = 80


def override_values(overrides: Iterable[str]) -> dict[str, str]:
    """Returns overrides as values by key, in their order, without Hydra's prefixes; of a repeated key the last.

    Args:
        overrides: as Hydra has them: ``++train.epochs=30``, ``+experiment=digits_3``, ``~key``.
    """
    pairs = (override.partition("=") for override in overrides)
    return {key.lstrip("+~"): value for key, _, value in pairs if not key.lstrip("+").startswith("hydra")}


def identity(overrides: Iterable[str]) -> dict[str, str]:
    """Returns the overrides that a job's result may depend on, sorted by key."""
    values = override_values(overrides)
    return {key: values[key] for key in sorted(values) if key.split(".")[0] not in NOT_IDENTITY}


def job_folder(sweep_dir: Path, overrides: Iterable[str], swept: Iterable[str]) -> Path:
    """Returns a job's folder: named after the values it is known by, then a hash of all that it may depend on.

    A folder that is there already is known by its hash, whatever values stood out when it was made. The name has only
    characters that Hydra and shells take without quotes: ``alpha_0.1-seed_2-3f2a91c0``.

    Args:
        sweep_dir: of the sweep.
        overrides: of the job.
        swept: keys of those that differ from job to job.
    """
    values = identity(overrides)
    digest = hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]
    there = sorted(sweep_dir.glob(f"*{digest}"))
    if there:
        return there[0]
    known = [(key.lstrip("+~"), values.get(key.lstrip("+~"), "")) for key in swept]
    label = "-".join(f"{key.rpartition('.')[2]}_{value}" for key, value in known if READABLE.fullmatch(value))
    return sweep_dir / (f"{label[:LONGEST_LABEL]}-{digest}" if label else digest)


def cores_divided(by: int, at_least: int) -> int:
    """Returns a share of this machine's cores, for the launchers' configuration."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores // by, at_least)


OmegaConf.register_new_resolver("cores_divided", cores_divided, replace=True)

"""The folder of a job in its sweep, derived from the job's overrides alone.

A sweep that was interrupted, or that is started again with more values, finds the jobs it has already done.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable

from omegaconf import OmegaConf

# What is done and where, but not what comes out of it.
NOT_IDENTITY = frozenset({"name", "run_dir", "stages", "from", "force", "tracking", "runtime"})
READABLE = re.compile(r"[\w.+-]{1,16}")
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


def job_folder(overrides: Iterable[str]) -> str:
    """Returns the name of a job's folder: what a person recognizes of it, then a hash of all of it.

    Only characters that Hydra and shells take without quotes: ``alpha_0.1-seed_2-3f2a91c0``.
    """
    values = identity(overrides)
    digest = hashlib.sha256(json.dumps(values).encode()).hexdigest()[:8]
    label = "-".join(
        f"{key.rpartition('.')[2]}_{value}"
        for key, value in values.items()
        if READABLE.fullmatch(value) and key != "experiment"
    )
    return f"{label[:LONGEST_LABEL]}-{digest}" if label else digest


def cores_divided(by: int, at_least: int) -> int:
    """Returns a share of this machine's cores, for the launchers' configuration."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores // by, at_least)


OmegaConf.register_new_resolver("job_folder", job_folder, replace=True)
OmegaConf.register_new_resolver("cores_divided", cores_divided, replace=True)

"""Folder of a job in its sweep, derived from the overrides of the job.

If a sweep is interrupted or started again with more values, it finds the jobs that are done.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

# Keys that the result of a job does not depend on.
NOT_IDENTITY = frozenset({"name", "run_dir", "stages", "from", "force", "tracking", "runtime"})
READABLE = re.compile(r"[A-Za-z0-9_.+-]{1,24}")
MAX_LABEL_LENGTH = 80


def override_values(overrides: Iterable[str]) -> dict[str, str]:
    """Returns the values of overrides by key in their order, without the prefixes of Hydra.

    The last value of a repeated key applies. Overrides of Hydra's own configuration are not included.

    Args:
        overrides: overrides in Hydra's grammar: ``++train.epochs=30``, ``+experiment=digits_3``, ``~key``.
    """
    pairs = (override.partition("=") for override in overrides)
    return {key.lstrip("+~"): value for key, _, value in pairs if not key.lstrip("+").startswith("hydra")}


def identity(overrides: Iterable[str]) -> dict[str, str]:
    """Returns the overrides that the result of a job may depend on, sorted by key."""
    values = override_values(overrides)
    return {key: values[key] for key in sorted(values) if key.split(".")[0] not in NOT_IDENTITY}


def job_folder(sweep_dir: Path, overrides: Iterable[str], swept: Iterable[str]) -> Path:
    """Returns the folder of a job, named after its swept values and a hash of its identity.

    An existing folder with this hash is used, also if it is named after other swept values. The name contains only
    characters that need no quotes in Hydra and in shells: ``alpha_0.1-seed_2-3f2a91c0``.

    Args:
        sweep_dir: folder of the sweep.
        overrides: overrides of the job.
        swept: keys that differ from job to job.
    """
    values = identity(overrides)
    digest = hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]
    existing = sorted(sweep_dir.glob(f"*{digest}"))
    if existing:
        return existing[0]
    named = [(key.lstrip("+~"), values.get(key.lstrip("+~"), "")) for key in swept]
    label = "-".join(f"{key.rpartition('.')[2]}_{value}" for key, value in named if READABLE.fullmatch(value))
    return sweep_dir / (f"{label[:MAX_LABEL_LENGTH]}-{digest}" if label else digest)

"""OmegaConf resolvers for the configuration of the launchers. Importing the module registers them."""

import os

from omegaconf import OmegaConf


def cores_divided(by: int, at_least: int) -> int:
    """Returns the number of cores of this machine divided by ``by``, but not less than ``at_least``."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores // by, at_least)


OmegaConf.register_new_resolver("cores_divided", cores_divided, replace=True)

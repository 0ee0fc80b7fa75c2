"""Texts of errors that Hydra and OmegaConf raise."""

import re

from kwspipe.config.parse import CHOOSE_EXPERIMENT


def text(error: Exception) -> str:
    """Returns the message of an error without references to the internals of Hydra."""
    message = str(error).strip()
    if missing := re.search(r"Missing mandatory value: (\S+)", message):
        return f"{missing[1]}: has no value; {CHOOSE_EXPERIMENT}"
    lines = message.partition("\nConfig search path")[0].splitlines()
    hidden = ("See https://hydra.cc", "    full_key:", "    object_type=", "    reference_type=")
    return "\n".join(line for line in lines if not line.startswith(hidden)).strip()

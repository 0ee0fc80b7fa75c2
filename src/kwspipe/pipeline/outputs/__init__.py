"""Outputs of a run besides the stage folders: report, archive, experiment tracking."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kwspipe.config import PipelineConfig

ORDER = ("report", "archive", "tracking")


@dataclass(frozen=True)
class Output:
    """The contract between an output and the pipeline.

    Attributes:
        name: name of the output, which is that of its module.
        after: stages after which the output is written.
        write: writes the output, given the configuration and the run directory. It reads the stage folders only.
        is_current: returns whether the output matches the stage folders.
        check: raises KwspipeError where a prerequisite of the output is missing.
        after_failure: the output is also written where a stage failed.
    """

    name: str
    after: tuple[str, ...]
    write: Callable[[PipelineConfig, Path], None]
    is_current: Callable[[PipelineConfig, Path], bool]
    check: Callable[[PipelineConfig], None] = lambda _: None
    after_failure: bool = False


def load(name: str) -> Output:
    """Returns the output with the given name."""
    output: Output = importlib.import_module(f"kwspipe.pipeline.outputs.{name}").OUTPUT
    return output

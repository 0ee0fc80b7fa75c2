"""The stages. Each stage reads configuration and earlier artifacts, and writes its own folder."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kwspipe.config import PipelineConfig
from kwspipe.config.stage_order import IMPORT

# A module cannot have the name of a Python keyword.
MODULES = {IMPORT: "import_model"}


@dataclass(frozen=True)
class Stage:
    """The contract between a stage and the pipeline.

    Attributes:
        name: name of the stage on the command line.
        reads: groups or keys of the configuration that the stage reads. A change elsewhere does not make the stage
            run again.
        needs: stages whose artifacts the stage reads.
        run: runs the stage, given the configuration, the run directory and the folder to write.
        check: raises KwspipeError where a prerequisite is missing: a package, a compiler, a file, a checkpoint that
            fits. The pipeline calls it for all configured stages before the first stage starts.
        sources: SHA-256 of each input from outside the run directory, by name.
        resumable: the partial folder of an interrupted stage is kept, and the stage resumes from it.
        always: the stage is never up to date, because its result is not in its folder.
        interactive: the user ends the stage with Ctrl-C, which the stage handles.
        uses: stages whose artifacts the stage reads if they exist.
        writes: the folder in the run directory, if its name is not that of the stage.
    """

    name: str
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    run: Callable[[PipelineConfig, Path, Path], None]
    check: Callable[[PipelineConfig], None] = lambda _: None
    sources: Callable[[PipelineConfig], dict[str, str]] = lambda _: {}
    resumable: bool = False
    always: bool = False
    interactive: bool = False
    uses: tuple[str, ...] = ()
    writes: str = ""

    @property
    def folder(self) -> str:
        """Name of the stage's folder in the run directory."""
        return self.writes or self.name


def load(name: str) -> Stage:
    """Returns the stage with the given name. The import of a stage does not import TensorFlow."""
    stage: Stage = importlib.import_module(f"kwspipe.stages.{MODULES.get(name, name)}").STAGE
    return stage

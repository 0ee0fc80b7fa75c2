"""The stages, in their order. Each reads configuration and earlier artefacts, and writes its own folder."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kwspipe.config import PipelineConfig


@dataclass(frozen=True)
class Stage:
    """What the pipeline has to know of a stage.

    Attributes:
        name: of the module and of the command line.
        reads: the groups or keys of the configuration it reads; others may change without it running again.
        needs: the stages whose artefacts it reads.
        uses: the stages whose artefacts it reads where they are there.
        leaves: the folder it writes in the run directory; named after the stage unless told.
        run: does the work: (configuration, run directory, folder to write into).
        sources: sha256 of what it reads from outside the run directory, by name.
        resumable: its folder is kept when it is interrupted, and it goes on from there.
        always: it is never up to date, since what it does is not in its folder.
        interactive: Ctrl-C is how it ends, and is left to it; such a stage takes the signal itself.
    """

    name: str
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    run: Callable[[PipelineConfig, Path, Path], None]
    sources: Callable[[PipelineConfig], dict[str, str]] = lambda _: {}
    resumable: bool = False
    always: bool = False
    interactive: bool = False
    uses: tuple[str, ...] = ()
    leaves: str = ""

    @property
    def folder(self) -> str:
        """Name of its folder in the run directory."""
        return self.leaves or self.name


def load(name: str) -> Stage:
    """Returns the stage of that name; importing it does not import TensorFlow."""
    stage: Stage = importlib.import_module(f"kwspipe.stages.{name}").STAGE
    return stage

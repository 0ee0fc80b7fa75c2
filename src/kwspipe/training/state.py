"""What training leaves on disk after every epoch: a kill at any moment leaves the last or this epoch, whole."""

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kwspipe.runs.artifacts import write_json

WEIGHTS = "model.weights.h5"
HISTORY = "history.csv"
STATE = "state"


@dataclass(frozen=True)
class EpochResult:
    """A row of history.csv."""

    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    val_balanced_accuracy: float


class TrainingState:
    """Keeps and restores the state of a training.

    Args:
        trained: compiled, its optimizer built.
        model: what is kept of it: the same, or a part that has its layers.
        folder: of the stage; the state lies in its folder ``state``.
    """

    def __init__(self, trained: Any, model: Any, folder: Path) -> None:
        self.trained, self.model, self.folder = trained, model, folder
        self.state = folder / STATE

    def resume(self) -> list[EpochResult]:
        """Loads the last epoch's weights and optimizer, if there are any; returns the history up to it."""
        path = self.state / "state.json"
        if not path.is_file():
            return []
        state = json.loads(path.read_text())
        self.trained.load_weights(self.state / state["last"])
        return [EpochResult(**row) for row in state["history"]]

    def keep_best(self, epoch: int) -> None:
        """Writes the weights the model now has as the best ones, without the optimizer's variables."""
        self.state.mkdir(exist_ok=True)
        optimizer, self.model.optimizer = getattr(self.model, "optimizer", None), None
        try:
            self.model.save_weights(self.state / _best(epoch))
        finally:
            self.model.optimizer = optimizer

    def keep(self, history: Sequence[EpochResult], best_epoch: int) -> None:
        """Writes the weights with the optimizer's variables, then the state that names them."""
        last, best = f"epoch_{history[-1].epoch}.weights.h5", _best(best_epoch)
        self.trained.save_weights(self.state / last)
        write_json(
            self.state / "state.json",
            {"last": last, "best": best, "history": [asdict(row) for row in history]},
        )
        for file in self.state.glob("*.weights.h5"):
            if file.name not in (last, best):
                file.unlink()

    def conclude(self, history: Sequence[EpochResult]) -> None:
        """Leaves the best weights and the history; history.csv, written last, says that training is over."""
        names = json.loads((self.state / "state.json").read_text())
        shutil.copyfile(self.state / names["best"], self.folder / WEIGHTS)
        temporary = self.state / HISTORY
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(asdict(history[0])))
            writer.writeheader()
            writer.writerows(asdict(row) for row in history)
        temporary.replace(self.folder / HISTORY)


def _best(epoch: int) -> str:
    return f"best_{epoch}.weights.h5"

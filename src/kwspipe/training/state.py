"""State of a training on disk, written after each epoch. An interruption at any time leaves a complete state."""

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
    """Saves and restores the state of a training.

    Args:
        trained: compiled model whose optimizer is built.
        model: model whose weights are kept; it shares the layers of ``trained``.
        folder: folder of the stage; the state is in its folder ``state``.
    """

    def __init__(self, trained: Any, model: Any, folder: Path) -> None:
        self.trained, self.model, self.folder = trained, model, folder
        self.state = folder / STATE

    def resume(self) -> list[EpochResult]:
        """Loads weights and optimizer of the last epoch and returns the history, empty if no state is saved."""
        path = self.state / "state.json"
        if not path.is_file():
            return []
        state = json.loads(path.read_text())
        self.trained.load_weights(self.state / state["last"])
        return [EpochResult(**row) for row in state["history"]]

    def save_best(self, epoch: int) -> None:
        """Saves the present weights as those of the best epoch, without the variables of the optimizer."""
        self.state.mkdir(exist_ok=True)
        optimizer, self.model.optimizer = getattr(self.model, "optimizer", None), None
        try:
            self.model.save_weights(self.state / _best(epoch))
        finally:
            self.model.optimizer = optimizer

    def save(self, history: Sequence[EpochResult], best_epoch: int) -> None:
        """Saves the weights with the variables of the optimizer, and then the state, which names their file."""
        last, best = f"epoch_{history[-1].epoch}.weights.h5", _best(best_epoch)
        self.trained.save_weights(self.state / last)
        write_json(
            self.state / "state.json",
            {"last": last, "best": best, "history": [asdict(row) for row in history]},
        )
        for file in self.state.glob("*.weights.h5"):
            if file.name not in (last, best):
                file.unlink()

    def finish(self, history: Sequence[EpochResult]) -> None:
        """Writes the best weights and then history.csv, which marks the training as complete."""
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

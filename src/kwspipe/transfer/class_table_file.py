"""The file ``classes.json``: the training classes of a network, stored in the folder of its weights."""

from pathlib import Path

from kwspipe.errors import KwspipeError
from kwspipe.labels import ClassTable
from kwspipe.runs.artifacts import write_json

CLASSES = "classes.json"


def write_classes(folder: Path, table: ClassTable) -> None:
    """Writes ``classes.json`` in ``folder``."""
    write_json(folder / CLASSES, table.as_mapping())


def read_classes(folder: Path) -> ClassTable:
    """Reads ``classes.json`` in ``folder``.

    Raises:
        KwspipeError: the file is missing or has another form.
    """
    path = folder / CLASSES
    try:
        return ClassTable.from_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KwspipeError(
            str(path),
            f"it cannot be read ({error})",
            "the classes of a training of this release",
            "run the stage train again",
        ) from None

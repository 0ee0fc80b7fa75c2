"""Transfer of the output layer per class.

Other layers are matched by name and shape. For the output layer this is not sufficient. With other classes it has
another shape, or the same shape with outputs in another order.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kwspipe.errors import KwspipeError
from kwspipe.files.zip_archive import read_members
from kwspipe.labels import ClassTable
from kwspipe.transfer.class_table_file import CLASSES, read_classes

MAX_CLASSES_BYTES = 1024 * 1024
Arrays = list[np.ndarray]


def class_names(path: Path) -> tuple[str, ...]:
    """Returns the classes of a checkpoint in the order of its outputs; an empty tuple if they are unknown.

    Args:
        path: the checkpoint: a file of weights with classes.json in the same folder, or an archive.
    """
    try:
        if (path.parent / CLASSES).is_file():
            return read_classes(path.parent).names
        if zipfile.is_zipfile(path):
            member = f"train/{CLASSES}"
            files = read_members(
                path, lambda names: [name for name in names if name == member], MAX_CLASSES_BYTES
            )
            return ClassTable.from_json(files[member]).names if files else _labels(path)
    except (OSError, ValueError, KwspipeError):
        pass  # The weights can be used without these files, which other programs may have written.
    return ()


def copy_class_outputs(
    weights: Arrays, checkpoint: Arrays, classes: Sequence[str], checkpoint_classes: Sequence[str]
) -> tuple[str, ...]:
    """Copies the outputs of the classes that model and checkpoint have in common.

    Args:
        weights: of the model's output layer, changed in place: kernel (values, classes) and bias (classes,).
        checkpoint: the same arrays of the checkpoint.
        classes: of the model, in the order of its outputs.
        checkpoint_classes: of the checkpoint, in the order of its outputs.

    Returns:
        The common classes; an empty tuple if the arrays differ in more than the number of classes.
    """
    fits = [array.shape[:-1] for array in weights] == [array.shape[:-1] for array in checkpoint]
    if not fits or {len(checkpoint_classes)} != {array.shape[-1] for array in checkpoint}:
        return ()
    common = tuple(name for name in classes if name in checkpoint_classes)
    for name in common:
        for array, source in zip(weights, checkpoint, strict=True):
            array[..., classes.index(name)] = source[..., checkpoint_classes.index(name)]
    return common


def _labels(path: Path) -> tuple[str, ...]:
    """Returns the labels of the model in an archive; without classes.json, each output is a label."""
    # Imported here, because this import would delay every start of kwspipe.
    from kwspipe.exchange.external_model import read_model

    return read_model(path, None).labels

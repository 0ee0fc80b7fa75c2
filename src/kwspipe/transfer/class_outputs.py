"""The outputs of a checkpoint that name words of the new network: taken over word by word, wherever they lie.

Layers are matched by name and shape, which says nothing of the last one: for other classes it has another shape or,
worse, the same.
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
    """Returns the classes of a checkpoint in the order of its outputs; none where nothing tells.

    Args:
        path: the checkpoint: weights beside which classes.json lies, or an archive.
    """
    try:
        if (path.parent / CLASSES).is_file():
            return read_classes(path.parent).names
        if zipfile.is_zipfile(path):
            member = f"train/{CLASSES}"
            found = read_members(path, lambda all_: [n for n in all_ if n == member], MAX_CLASSES_BYTES)
            return ClassTable.from_json(found[member]).names if found else _labels(path)
    except (OSError, ValueError, KwspipeError):
        pass  # weights can be used without; whoever wrote the file may not have been kwspipe
    return ()


def _labels(path: Path) -> tuple[str, ...]:
    """Those of the model in an archive: where it has no classes.json, each output is a label."""
    from kwspipe.exchange.external_model import read_model  # here, or every start would be slower for it

    return read_model(path, None).labels


def copy_class_outputs(
    fresh: Arrays, known: Arrays, here: Sequence[str], there: Sequence[str]
) -> tuple[str, ...]:
    """Sets the outputs of the words that both have, and returns these.

    Args:
        fresh: of the new network's last layer, changed in place: kernel (values, classes) and bias (classes,).
        known: of the checkpoint's.
        here: the classes of the new network, in order.
        there: those of the checkpoint.

    Returns:
        The classes that both have; none where the layers are not of the same kind.
    """
    fits = [array.shape[:-1] for array in fresh] == [array.shape[:-1] for array in known]
    if not fits or {len(there)} != {array.shape[-1] for array in known}:
        return ()
    both = tuple(name for name in here if name in there)
    for name in both:
        for array, other in zip(fresh, known, strict=True):
            array[..., here.index(name)] = other[..., there.index(name)]
    return both

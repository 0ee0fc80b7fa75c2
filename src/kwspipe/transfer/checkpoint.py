"""Weights of a checkpoint, read as arrays by layer name.

Only arrays are read. No model is deserialized, because that can run code of the file (Keras: CVE-2025-1550 and later
ones; legacy .h5 files ignore safe_mode).
"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from kwspipe.errors import KwspipeError
from kwspipe.files.zip_archive import read_members

Arrays = dict[str, list[np.ndarray]]

MAX_CHECKPOINT_BYTES = 512 * 1024 * 1024
RUN_CHECKPOINT = "train/model.weights.h5"
KINDS = "a run directory, a .weights.h5, a Keras .h5, a .kwspipe.zip or a vendor's .mltk.zip"


def read_checkpoint(path: Path) -> Arrays:
    """Returns the arrays of every layer that has weights, by layer name, in Keras' order.

    Args:
        path: a run directory, a Keras 3 ``.weights.h5``, a legacy Keras ``.h5``, a ``.kwspipe.zip``, or a vendor's
            ``.mltk.zip``.

    Raises:
        KwspipeError: the file does not exist, is of another kind, or is damaged or hostile.
    """
    if path.is_dir():
        path = path / RUN_CHECKPOINT
    if not path.is_file():
        raise KwspipeError(str(path), "there is no such checkpoint", KINDS, "correct transfer.path")
    return read_arrays(_weights_in_archive(path) if zipfile.is_zipfile(path) else path, path)


def read_arrays(weights: Path | bytes, path: Path) -> Arrays:
    """Returns the arrays of every layer of an HDF5 file, as ``read_checkpoint``.

    Args:
        weights: path of the file, or its content.
        path: of the file or of its archive, for messages.

    Raises:
        KwspipeError: the file is of another kind, or is damaged or hostile.
    """
    try:
        with h5py.File(io.BytesIO(weights) if isinstance(weights, bytes) else weights, "r") as file:
            return _arrays(file, path)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise KwspipeError(
            str(path),
            f"cannot be read as a checkpoint: {reason}",
            KINDS,
            "give a complete file of one of these kinds",
        ) from None


def _weights_in_archive(path: Path) -> bytes:
    """Returns the weights of a .kwspipe.zip, or the only .h5 file at the top level of a vendor's archive."""

    def choose(names: Sequence[str]) -> list[str]:
        weights = [name for name in names if name.endswith(".h5") and "/" not in name]
        if RUN_CHECKPOINT in names:
            return [RUN_CHECKPOINT]
        if len(weights) != 1:
            raise KwspipeError(
                str(path),
                f"{len(weights)} .h5 files at its top level",
                f"one .h5 file, or {RUN_CHECKPOINT} as in a .kwspipe.zip",
                "extract the .h5 file and set transfer.path to it",
            )
        return weights

    return next(iter(read_members(path, choose, MAX_CHECKPOINT_BYTES).values()))


def _arrays(file: h5py.File, path: Path) -> Arrays:
    _refuse_links(file, path)
    arrays = _legacy(file["model_weights"]) if "model_weights" in file else _keras3(file)
    if not arrays:
        raise KwspipeError(
            str(path), "it contains no named layers", KINDS, "give a checkpoint written by Keras"
        )
    return arrays


def _legacy(weights: h5py.Group) -> Arrays:
    """Reads the layout of Keras 2: a group per layer, with the order of its arrays in the attribute weight_names."""
    arrays: Arrays = {}
    for layer, group in weights.items():
        names = [_text(name) for name in group.attrs.get("weight_names", [])]
        if names:
            arrays[layer] = [group[name][()] for name in names]
    return arrays


def _keras3(file: h5py.File) -> Arrays:
    """Reads the layout of Keras 3: the name of a layer is an attribute of the group ``vars``."""
    arrays: Arrays = {}
    for group in file.get("layers", {}).values():
        variables = group.get("vars")
        if variables is not None and len(variables) and "name" in variables.attrs:
            arrays[_text(variables.attrs["name"])] = [variables[str(i)][()] for i in range(len(variables))]
    return arrays


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _refuse_links(group: h5py.Group, path: Path) -> None:
    """Raises KwspipeError for references to other files, which HDF5 allows and checkpoints do not need."""
    for name in group:
        link = group.get(name, getlink=True)
        item = group.get(name) if isinstance(link, h5py.HardLink) else None
        outside = isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
        if item is None or outside:
            raise KwspipeError(
                f"{path}: {group.name}/{name}",
                "a link or data stored elsewhere",
                "arrays inside the file",
                "do not use this file; download it again from its publisher",
            )
        if isinstance(item, h5py.Group):
            _refuse_links(item, path)

"""Reads the weights of a checkpoint as plain arrays by layer name.

Nothing of a checkpoint is ever run: no model is deserialized from it (Keras: CVE-2025-1550 and later ones; legacy
.h5 files ignore safe_mode), only arrays are read.
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
KINDS = "a run directory, a .weights.h5, a Keras .h5 a .kwspipe.zip or a vendor's .mltk.zip"


def read_checkpoint(path: Path) -> Arrays:
    """Returns the arrays of every layer that has weights, by layer name, in Keras' order.

    Args:
        path: a run directory of ours, a Keras 3 ``.weights.h5``, a legacy Keras ``.h5``, a ``.kwspipe.zip``, or
            a vendor's ``.mltk.zip``.

    Raises:
        KwspipeError: there is no such file, or it is none of these, or it is hostile.
    """
    if path.is_dir():
        path = path / RUN_CHECKPOINT
    if not path.is_file():
        raise KwspipeError(str(path), "there is no such checkpoint", KINDS, "correct transfer.path")
    return read_arrays(_weights_in_archive(path) if zipfile.is_zipfile(path) else path, path)


def read_arrays(weights: Path | bytes, path: Path) -> Arrays:
    """Returns the arrays of every layer, as ``read_checkpoint``, of weights or the file that has them.

    Args:
        weights: a file, or its bytes.
        path: where they come from, for messages.
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
            "give a whole file of one of these kinds",
        ) from None


def _weights_in_archive(path: Path) -> bytes:
    """Returns the weights in an archive of ours, or the one .h5 file at the top of the vendor's."""

    def choose(names: Sequence[str]) -> list[str]:
        weights = [name for name in names if name.endswith(".h5") and "/" not in name]
        if RUN_CHECKPOINT in names:
            return [RUN_CHECKPOINT]
        if len(weights) != 1:
            raise KwspipeError(
                str(path),
                f"{len(weights)} .h5 files at its top",
                f"exactly one, or {RUN_CHECKPOINT} as in a .kwspipe.zip",
                "give the .h5 file itself as transfer.path",
            )
        return weights

    return next(iter(read_members(path, choose, MAX_CHECKPOINT_BYTES).values()))


def _arrays(file: h5py.File, path: Path) -> Arrays:
    _refuse_links(file, path)
    arrays = _legacy(file["model_weights"]) if "model_weights" in file else _keras3(file)
    if not arrays:
        raise KwspipeError(str(path), "it holds no named layers", KINDS, "give a checkpoint written by Keras")
    return arrays


def _legacy(weights: h5py.Group) -> Arrays:
    """Layout of Keras 2: a group a layer; the attribute weight_names gives the order of its arrays."""
    arrays: Arrays = {}
    for layer, group in weights.items():
        names = [_text(name) for name in group.attrs.get("weight_names", [])]
        if names:
            arrays[layer] = [group[name][()] for name in names]
    return arrays


def _keras3(file: h5py.File) -> Arrays:
    """Layout of Keras 3: groups are named by class and number; the layer's own name is an attribute of ``vars``."""
    arrays: Arrays = {}
    for group in file.get("layers", {}).values():
        variables = group.get("vars")
        if variables is not None and len(variables) and "name" in variables.attrs:
            arrays[_text(variables.attrs["name"])] = [variables[str(i)][()] for i in range(len(variables))]
    return arrays


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _refuse_links(group: h5py.Group, path: Path) -> None:
    """HDF5 can hold references to other files; a checkpoint has no use for them."""
    for name in group:
        link = group.get(name, getlink=True)
        item = group.get(name) if isinstance(link, h5py.HardLink) else None
        outside = isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
        if item is None or outside:
            raise KwspipeError(
                f"{path}: {group.name}/{name}",
                "a link or data stored elsewhere",
                "arrays inside the file",
                "do not use this file; get it again from its maker",
            )
        if isinstance(item, h5py.Group):
            _refuse_links(item, path)

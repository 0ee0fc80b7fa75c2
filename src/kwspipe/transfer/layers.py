"""Transfer of weights from a checkpoint into a new model, by layer name."""

import fnmatch
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from kwspipe.config import TransferConfig
from kwspipe.errors import KwspipeError
from kwspipe.models.layer_names import OUTPUTS
from kwspipe.transfer.checkpoint import Arrays, read_checkpoint
from kwspipe.transfer.class_outputs import class_names, copy_class_outputs
from kwspipe.transfer.report import TransferReport

SHOWN_LAYERS = 3  # in an error message


class Layer(Protocol):
    """The part of Keras' layer interface that the transfer uses."""

    name: str
    trainable: bool

    def get_weights(self) -> list[np.ndarray]: ...  # noqa: D102
    def set_weights(self, weights: list[np.ndarray]) -> None: ...  # noqa: D102


def apply(
    layers: Sequence[Layer], config: TransferConfig, path: Path | None, classes: Sequence[str] = ()
) -> TransferReport:
    """Sets the weights of every layer for which the checkpoint has a layer of the same name and shapes.

    With ``class_outputs``, the output layer is copied per class if the classes of the checkpoint are known.

    Args:
        layers: of the model, in order.
        config: settings of the transfer.
        path: the checkpoint; None loads nothing.
        classes: (classes,) of the model, in the order of its outputs.

    Raises:
        KwspipeError: too few layers fit (see ``check_fit``), or a pattern of ``freeze`` matches no layer.
    """
    arrays = read_checkpoint(path) if path else {}
    checkpoint_classes = (
        class_names(path) if path and config.source != "none" and config.class_outputs else ()
    )
    loaded: list[str] = []
    skipped: dict[str, str] = {}
    copied: tuple[str, ...] = ()
    for layer in layers:
        if not layer.get_weights():
            continue
        if layer.name == OUTPUTS:
            reason, copied = _load_outputs(layer, arrays, tuple(classes), checkpoint_classes)
        else:
            reason = _load(layer, arrays)
        if reason:
            skipped[layer.name] = reason
        else:
            loaded.append(layer.name)
    if path and config.source != "none":
        check_fit(path, loaded, skipped, config.skip_mismatch)
    unused = tuple(sorted(set(arrays) - {layer.name for layer in layers}))
    frozen = () if config.source == "none" else _freeze(layers, config.freeze)
    return TransferReport(path.name if path else None, tuple(loaded), skipped, unused, frozen, copied)


def mismatch(name: str, shapes: Sequence[tuple[int, ...]], arrays: Arrays) -> str | None:
    """Returns the reason why a layer of the model does not fit the checkpoint; None if it fits.

    Args:
        name: of the layer.
        shapes: of its weights in the model.
        arrays: of the checkpoint.
    """
    if name not in arrays:
        return "not in the checkpoint"
    found = [array.shape for array in arrays[name]]
    if found == list(shapes):
        return None
    if len(found) == len(shapes):  # only the arrays that differ, and equal ones of a layer once
        pairs = dict.fromkeys(pair for pair in zip(found, shapes, strict=True) if pair[0] != pair[1])
        found, shapes = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return f"shapes {_joined(found)} in the checkpoint, {_joined(shapes)} in the model"


def check_fit(path: Path, fitting: Collection[str], misfits: Mapping[str, str], skip_mismatch: bool) -> None:
    """Raises KwspipeError if no layer fits, or without ``skip_mismatch`` if a layer before the outputs does not.

    Args:
        path: the checkpoint, for messages.
        fitting: names of the model's layers that fit.
        misfits: reason by name, for the model's layers that do not fit.
        skip_mismatch: of the configuration.
    """
    refused = {name: reason for name, reason in misfits.items() if name != OUTPUTS}
    if fitting and (skip_mismatch or not refused):
        return
    total = len(fitting) + len(misfits)
    if fitting:
        received = f"{len(refused)} of {total} layers do not fit"
        allowed = (
            "a checkpoint that fits in every layer but the output layer, with transfer.skip_mismatch=false"
        )
        remedy = "set transfer.skip_mismatch=true to skip these layers, or use a checkpoint of this network"
    else:
        received = f"none of the {total} layers of the model fits"
        allowed = "a checkpoint with at least one layer of the same name and shapes"
        remedy = "choose the model and the settings of the checkpoint, or set transfer=none"
    shown = "; ".join(
        f"{name}: {reason}" for name, reason in list((refused or misfits).items())[:SHOWN_LAYERS]
    )
    raise KwspipeError("transfer", f"{path}: {received} ({shown})", allowed, remedy)


def _load(layer: Layer, arrays: Arrays) -> str | None:
    """Loads a layer, or returns the reason why it does not fit."""
    reason = mismatch(layer.name, [array.shape for array in layer.get_weights()], arrays)
    if reason is None:
        layer.set_weights(arrays[layer.name])
    return reason


def _load_outputs(
    layer: Layer, arrays: Arrays, classes: tuple[str, ...], checkpoint_classes: tuple[str, ...]
) -> tuple[str | None, tuple[str, ...]]:
    """Loads the output layer, per class if both lists of classes are known and differ.

    Returns:
        The reason why nothing was loaded, or None; the copied classes, unless the layer was loaded as it is.
    """
    known = layer.name in arrays and classes and checkpoint_classes
    if not known or classes == checkpoint_classes:
        return _load(layer, arrays), ()
    weights = [array.copy() for array in layer.get_weights()]
    copied = copy_class_outputs(weights, arrays[layer.name], classes, checkpoint_classes)
    if copied:
        layer.set_weights(weights)
        return None, copied
    shapes = [array.shape for array in weights]
    return mismatch(layer.name, shapes, arrays) or "none of its classes is in the checkpoint", ()


def _freeze(layers: Sequence[Layer], patterns: Sequence[str]) -> tuple[str, ...]:
    frozen = []
    for pattern in patterns:
        matching = [layer for layer in layers if fnmatch.fnmatchcase(layer.name, pattern)]
        if not matching:
            raise KwspipeError(
                "transfer.freeze",
                f"{pattern!r} matches no layer",
                "layer names or patterns such as block_1_*",
                "choose names of train/transfer.json in the run directory",
            )
        for layer in matching:
            layer.trainable = False
            frozen.append(layer.name)
    return tuple(frozen)


def _joined(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))

"""Models that were not trained in this run directory: what they are, and the configuration that follows from them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from kwspipe.config import DetectorConfig, FrontendConfig
from kwspipe.errors import KwspipeError
from kwspipe.exchange import run_archive
from kwspipe.files.zip_archive import read_members
from kwspipe.labels import SILENCE, UNKNOWN, keywords_of
from kwspipe.tflite.metadata import METADATA_NAME, read_parameters
from kwspipe.tflite.metadata_codec import Value
from kwspipe.tflite.model_settings import class_labels, detector_settings, frontend_settings

KINDS = "a .kwspipe.zip, a run directory, a vendor's .mltk.zip or an int8 .tflite"
MAX_MODEL_BYTES = 64 * 1024 * 1024
_MODEL, _FLOAT = "quantize/model.tflite", "quantize/float.tflite"
# What the vendor's tools may do to features before the network, and the device's code does not.
_UNSUPPORTED = ("samplewise_norm.rescale", "samplewise_norm.mean_and_std")

# Where one of these is given, thresholds that the model has by class are not taken over.
_REPLACE_LIST = {"detector.detection_threshold", "detector.target_false_accepts_per_hour"}


@dataclass(frozen=True)
class ExternalModel:
    """A model, and what it says of itself.

    Attributes:
        tflite: the int8 model.
        float_tflite: the same before quantization, where a run of ours made it.
        labels: one a class, in the order of the outputs.
        frontend: what it was trained with; None where it does not say.
        detector: what it was made for; None where it does not say.
    """

    tflite: bytes
    float_tflite: bytes | None
    labels: tuple[str, ...]
    frontend: FrontendConfig | None
    detector: DetectorConfig | None


def read_model(path: Path, labels: Sequence[str] | None) -> ExternalModel:
    """Reads a model.

    Args:
        path: see ``KINDS``.
        labels: in place of those the model names.

    Raises:
        KwspipeError: nothing of these kinds, a damaged or hostile file, no labels, settings that cannot be met.
    """
    tflite, float_tflite = _files(path)
    if labels and METADATA_NAME not in tflite:
        return ExternalModel(tflite, float_tflite, tuple(labels), None, None)
    try:
        parameters = read_parameters(tflite)
    except KwspipeError as error:
        raise KwspipeError(str(path), error.received, error.allowed, _labels_remedy(error)) from None
    _check_supported(path, parameters)
    return ExternalModel(
        tflite,
        float_tflite,
        tuple(labels) if labels else class_labels(parameters),
        frontend_settings(parameters) if any(key.startswith("fe.") for key in parameters) else None,
        detector_settings(parameters) if "detection_threshold" in parameters else None,
    )


def apply_model_settings(composed: DictConfig, overrides: Sequence[str]) -> None:
    """Sets in a composed configuration what follows from a model: classes, front end, detector, a name.

    From ``import.path``; or, where nothing is done but to compare runs, from the first of these.

    Args:
        composed: by Hydra; changed in place.
        overrides: of the command line; what they set is kept.
    """
    adopt = composed.get("import")
    path = adopt.get("path") if adopt else None
    if path is None:
        _fill_in_comparison(composed, overrides)
        return
    model = read_model(Path(str(path)).expanduser(), adopt.get("labels"))
    words = keywords_of(model.labels)
    values: dict[str, Any] = {"dataset.words": words}
    if UNKNOWN not in model.labels:
        values["dataset.unknown_class_percentage"] = 0.0
    if SILENCE not in model.labels:
        values["dataset.silence_class_percentage"] = 0.0
    for group, settings in (("frontend", model.frontend), ("detector", model.detector)):
        values |= {f"{group}.{key}": value for key, value in vars(settings).items()} if settings else {}
    values["detector.target_false_accepts_per_hour"] = None  # its thresholds are its own
    if OmegaConf.is_missing(composed, "name"):
        values["name"] = default_name(Path(str(path)))
    set_unless_overridden(composed, values, overrides)


def _fill_in_comparison(composed: DictConfig, overrides: Sequence[str]) -> None:
    """A comparison needs no experiment: its classes are those of the runs."""
    runs = composed.get("compare", {}).get("runs")
    if (
        not runs
        or list(composed.stages) != ["compare"]
        or not OmegaConf.is_missing(composed.dataset, "words")
    ):
        return
    if OmegaConf.is_missing(composed, "name"):
        set_unless_overridden(composed, {"name": "comparison"}, overrides)
    beside = Path(str(composed.run_dir)).expanduser().resolve().parent
    labels = run_archive.read_run(run_archive.find_run(str(runs[0]), beside)).get("quantize/labels.txt", b"")
    words = keywords_of(labels.decode().splitlines())
    if words:
        set_unless_overridden(composed, {"dataset.words": words}, overrides)


def set_unless_overridden(composed: DictConfig, values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Sets values by dotted key, but for those the command line gives."""
    parser = OverridesParser.create()
    given = {parser.parse_override(text).key_or_group for text in overrides}
    if given & _REPLACE_LIST:
        given.add("detector.detection_threshold_list")
    with open_dict(composed):
        for key, value in values.items():
            if key not in given:
                OmegaConf.update(composed, key, value, merge=False)


def default_name(path: Path) -> str:
    """Returns a name for the run directory of a model: that of its file, so that it never is that of its own run."""
    stem = re.sub(r"(_adopted)?(\.kwspipe|\.mltk)?(\.zip|\.tflite)?$", "", path.resolve().name)
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', stem).lstrip('_.-') or 'model'}_adopted"


def _files(path: Path) -> tuple[bytes, bytes | None]:
    """Returns the int8 model and, where there is one, the float model."""
    if path.is_dir() and (path / _MODEL).is_file():
        whole = (path / _FLOAT).is_file()
        return (path / _MODEL).read_bytes(), (path / _FLOAT).read_bytes() if whole else None
    if not path.is_file():
        received = f"a folder without {_MODEL}" if path.is_dir() else "there is no such file"
        raise KwspipeError(str(path), received, KINDS, "correct import.path")
    if path.name.endswith(run_archive.SUFFIX):
        members = run_archive.read(path)
        if _MODEL not in members:
            raise KwspipeError(
                str(path), f"it has no {_MODEL}", "an archive of a run that quantized", "write it again"
            )
        return members[_MODEL], members.get(_FLOAT)
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    if is_zip:
        return next(iter(read_members(path, lambda names: _one(path, names), MAX_MODEL_BYTES).values())), None
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise KwspipeError(
            str(path), f"{path.stat().st_size:,} bytes", f"at most {MAX_MODEL_BYTES:,}", "correct import.path"
        )
    return path.read_bytes(), None


def _one(path: Path, names: Sequence[str]) -> list[str]:
    models = [name for name in names if name.endswith(".tflite") and "/" not in name]
    if len(models) != 1:
        raise KwspipeError(
            str(path),
            f"{len(models)} .tflite files at its top",
            "exactly one",
            "give the .tflite itself as import.path",
        )
    return models


def _labels_remedy(error: KwspipeError) -> str:
    if METADATA_NAME.decode() not in error.received:
        return error.remedy
    return "name its classes in the order of its outputs: import.labels=[...,_unknown_,_silence_]"


def _check_supported(path: Path, parameters: dict[str, Value]) -> None:
    for key in _UNSUPPORTED:
        if parameters.get(key):
            raise KwspipeError(
                f"{path}: model parameter {key}",
                f"{parameters[key]!r}: features normalized by clip, which the device's code does not do",
                "0 and false",
                "train a model on features as the front end gives them",
            )

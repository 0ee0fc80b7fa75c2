"""Models from outside the run directory, and the configuration derived from them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from kwspipe.config import DetectorConfig, FrontendConfig
from kwspipe.errors import KwspipeError
from kwspipe.exchange import run_archive
from kwspipe.files.zip_archive import read_members
from kwspipe.labels import SILENCE, UNKNOWN, keywords_of, word_label
from kwspipe.tflite.metadata import METADATA_NAME, read_parameters
from kwspipe.tflite.metadata_codec import Value
from kwspipe.tflite.model_settings import class_labels, detector_settings, frontend_settings

KINDS = "a .kwspipe.zip, a run directory, a vendor's .mltk.zip or an int8 .tflite"
MAX_MODEL_BYTES = 64 * 1024 * 1024
MAX_NAME_BYTES = 255
_MODEL, _FLOAT = "quantize/model.tflite", "quantize/float.tflite"
# Normalizations that the vendor's tools apply to features before the network. The code of the device has none.
_UNSUPPORTED = ("samplewise_norm.rescale", "samplewise_norm.mean_and_std")
# If one of these keys is set on the command line, the thresholds per class in the model are not used.
_REPLACE_LIST = {"detector.detection_threshold", "detector.target_false_accepts_per_hour"}


@dataclass(frozen=True)
class ExternalModel:
    """An imported model and the settings in its metadata.

    Attributes:
        tflite: the int8 model.
        float_tflite: the model before quantization; None if it does not come from a run of kwspipe.
        labels: one label per class, in the order of the outputs.
        frontend: front-end settings of its training; None if the metadata has none.
        detector: detector settings; None if the metadata has none.
        name: name of the model; None if the metadata has none of 1 to 255 bytes.
    """

    tflite: bytes
    float_tflite: bytes | None
    labels: tuple[str, ...]
    frontend: FrontendConfig | None
    detector: DetectorConfig | None
    name: str | None = None


def read_model(path: Path, labels: Sequence[str] | None) -> ExternalModel:
    """Reads a model with its metadata.

    Args:
        path: a model of one of the ``KINDS``.
        labels: replace the labels in the metadata, if given.

    Raises:
        KwspipeError: the path is no model of these kinds, the file is damaged or hostile, the model has no labels, or
            its settings are not supported.
    """
    tflite, float_tflite = _files(path)
    if labels and METADATA_NAME not in tflite:
        return ExternalModel(tflite, float_tflite, _labels(labels), None, None)
    try:
        parameters = read_parameters(tflite)
    except KwspipeError as error:
        raise KwspipeError(str(path), error.received, error.allowed, _labels_remedy(error)) from None
    _check_supported(path, parameters)
    return ExternalModel(
        tflite,
        float_tflite,
        _labels(labels or class_labels(parameters)),
        frontend_settings(parameters) if any(key.startswith("fe.") for key in parameters) else None,
        detector_settings(parameters) if "detection_threshold" in parameters else None,
        _name(parameters),
    )


def _labels(texts: Iterable[object]) -> tuple[str, ...]:
    """Returns labels without spaces, as those of the configuration."""
    return tuple(word_label(str(text)) for text in texts)


def apply_model_settings(composed: DictConfig, overrides: Sequence[str]) -> None:
    """Sets classes, front end, detector and name of a composed configuration from a model.

    The model is ``import.path``. If only runs are compared, the classes are those of the first run.

    Args:
        composed: the configuration composed by Hydra, changed in place.
        overrides: overrides of the command line, which take precedence.

    Raises:
        KwspipeError: the model cannot be read.
    """
    settings = composed.get("import")
    path = settings.get("path") if settings else None
    if path is None:
        _apply_compared_run(composed, overrides)
        return
    model = read_model(Path(str(path)).expanduser(), settings.get("labels"))
    words = keywords_of(model.labels)
    values: dict[str, Any] = {"dataset.words": words}
    if UNKNOWN not in model.labels:
        values["dataset.unknown_class_percentage"] = 0.0
    if SILENCE not in model.labels:
        values["dataset.silence_class_ratio"] = 0.0
    for group, group_settings in (("frontend", model.frontend), ("detector", model.detector)):
        if group_settings:
            values |= {f"{group}.{key}": value for key, value in vars(group_settings).items()}
    values["detector.target_false_accepts_per_hour"] = None  # the model contains final thresholds
    if OmegaConf.is_missing(composed, "name"):
        values["name"] = default_name(Path(str(path)))
    set_unless_overridden(composed, values, overrides)


def _apply_compared_run(composed: DictConfig, overrides: Sequence[str]) -> None:
    """Sets the classes of a comparison without an experiment from its first run."""
    runs = composed.get("compare", {}).get("runs")
    if (
        not runs
        or list(composed.stages) != ["compare"]
        or not OmegaConf.is_missing(composed.dataset, "words")
    ):
        return
    if OmegaConf.is_missing(composed, "name"):
        set_unless_overridden(composed, {"name": "comparison"}, overrides)
    runs_folder = Path(str(composed.run_dir)).expanduser().resolve().parent
    labels = run_archive.read_run(run_archive.find_run(str(runs[0]), runs_folder)).get(
        "quantize/labels.txt", b""
    )
    words = keywords_of(labels.decode().splitlines())
    if words:
        set_unless_overridden(composed, {"dataset.words": words}, overrides)


def set_unless_overridden(composed: DictConfig, values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Sets values by dotted key, except the keys that the command line sets."""
    parser = OverridesParser.create()
    given = {parser.parse_override(text).key_or_group for text in overrides}
    if given & _REPLACE_LIST:
        given.add("detector.detection_threshold_list")
    with open_dict(composed):
        for key, value in values.items():
            if key not in given:
                OmegaConf.update(composed, key, value, merge=False)


def default_name(path: Path) -> str:
    """Returns the name of the file with the suffix ``_adopted``, which differs from the name of the original run."""
    stem = re.sub(r"(_adopted)?(\.kwspipe|\.mltk)?(\.zip|\.tflite)?$", "", path.resolve().name)
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', stem).lstrip('_.-') or 'model'}_adopted"


def _files(path: Path) -> tuple[bytes, bytes | None]:
    """Returns the int8 model and the float model, if there is one."""
    if path.is_dir() and (path / _MODEL).is_file():
        float_path = path / _FLOAT
        return (path / _MODEL).read_bytes(), float_path.read_bytes() if float_path.is_file() else None
    if not path.is_file():
        received = f"a folder without {_MODEL}" if path.is_dir() else "there is no such file"
        raise KwspipeError(str(path), received, KINDS, "correct import.path")
    if path.name.endswith(run_archive.SUFFIX):
        members = run_archive.read(path)
        if _MODEL not in members:
            raise KwspipeError(
                str(path),
                f"it has no {_MODEL}",
                "an archive of a run with the stage quantize",
                "write it again",
            )
        return members[_MODEL], members.get(_FLOAT)
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    if is_zip:
        members = read_members(path, lambda names: _only_tflite(path, names), MAX_MODEL_BYTES)
        return next(iter(members.values())), None
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise KwspipeError(
            str(path), f"{path.stat().st_size:,} bytes", f"at most {MAX_MODEL_BYTES:,}", "correct import.path"
        )
    return path.read_bytes(), None


def _only_tflite(path: Path, names: Sequence[str]) -> list[str]:
    """Returns the name of the single .tflite in the root of an archive, as a list."""
    models = [name for name in names if name.endswith(".tflite") and "/" not in name]
    if len(models) != 1:
        raise KwspipeError(
            str(path),
            f"{len(models)} .tflite files at its top level",
            "exactly one",
            "extract the .tflite and set import.path to it",
        )
    return models


def _labels_remedy(error: KwspipeError) -> str:
    if METADATA_NAME.decode() not in error.received:
        return error.remedy
    return "set the labels in the order of the outputs: import.labels=[...,_unknown_,_silence_]"


def _name(parameters: dict[str, Value]) -> str | None:
    """Returns the name of the model, which its image contains. An import keeps it, so that the image is identical."""
    name = parameters.get("name")
    return name if isinstance(name, str) and 0 < len(name.encode()) <= MAX_NAME_BYTES else None


def _check_supported(path: Path, parameters: dict[str, Value]) -> None:
    for key in _UNSUPPORTED:
        if parameters.get(key):
            raise KwspipeError(
                f"{path}: model parameter {key}",
                f"{parameters[key]!r}: features normalized per clip, which the code of the device does not support",
                "0 and false",
                "train a model on features without this normalization",
            )

"""Front-end and detector settings from the parameters embedded in a .tflite."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kwspipe.config import DetectorConfig, FrontendConfig
from kwspipe.errors import KwspipeError
from kwspipe.tflite.metadata_codec import Value

# Settings that are missing in models of the vendor's older tools, or of all of the vendor's tools.
_DEFAULTS: dict[str, Any] = {
    "dc_notch_filter_enable": False,
    "dc_notch_filter_coefficient": 0.95,
    "quantize_dynamic_scale_enable": False,
    "quantize_dynamic_scale_range_db": 40.0,
    "detection_threshold_list": None,
    "target_false_accepts_per_hour": None,
    "max_missed_fraction": 1.0,
    "per_class_thresholds": False,
    "compare_keywords_only": False,
    "suppress_same_word_only": False,
}


def frontend_settings(parameters: Mapping[str, Value]) -> FrontendConfig:
    """Returns the front-end settings that a model was trained with.

    Args:
        parameters: as ``read_parameters`` returns them.

    Raises:
        KwspipeError: a setting is missing, has another type, or is out of range.
    """
    return _settings(FrontendConfig, parameters, "fe.")


def detector_settings(parameters: Mapping[str, Value]) -> DetectorConfig:
    """Returns the detector settings of a model; arguments and errors are those of ``frontend_settings``."""
    return _settings(DetectorConfig, parameters, "")


def class_labels(parameters: Mapping[str, Value]) -> tuple[str, ...]:
    """Returns the labels in the order of the model's outputs.

    Raises:
        KwspipeError: ``classes`` is missing or not a list of labels.
    """
    labels = parameters.get("classes")
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
        raise _invalid("classes", f"{labels!r:.80}", "a list of labels")
    return tuple(str(label) for label in labels)


def _settings(kind: Any, parameters: Mapping[str, Value], prefix: str) -> Any:
    values = _DEFAULTS | {
        key.removeprefix(prefix): value for key, value in parameters.items() if key.startswith(prefix)
    }
    names = list(kind.__dataclass_fields__)
    missing = [prefix + name for name in names if name not in values]
    if missing:
        raise _invalid(", ".join(missing), "missing", "a value for each")
    try:
        # Not strict, because the vendor's tools store some floats as ints and some ints as floats.
        return TypeAdapter(kind).validate_python({name: values[name] for name in names}, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # a contradiction between settings
            raise _invalid(
                prefix + "*", first["msg"].removeprefix("Value error, "), "settings without a contradiction"
            ) from None
        where = prefix + ".".join(map(str, first["loc"]))
        raise _invalid(where, f"{first['input']!r:.80}", first["msg"]) from None


def _invalid(where: str, received: str, allowed: str) -> KwspipeError:
    remedy = "write the parameters into the .tflite again, or give the settings separately"
    return KwspipeError(f"model parameter {where}", received, allowed, remedy)

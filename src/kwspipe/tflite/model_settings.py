"""The settings of a model that was not made here, from the parameters embedded in its .tflite."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kwspipe.config import DetectorConfig, FrontendConfig
from kwspipe.errors import KwspipeError
from kwspipe.tflite.metadata_codec import Value

# What the vendor's older tools did not have and hence did not do; and what only ours have.
_OFF: dict[str, Any] = {
    "dc_notch_filter_enable": False,
    "dc_notch_filter_coefficient": 0.95,
    "quantize_dynamic_scale_enable": False,
    "quantize_dynamic_scale_range_db": 40.0,
    "detection_threshold_list": None,
    "target_false_accepts_per_hour": None,
    "per_class_thresholds": False,
    "suppress_same_word_only": False,
}


def frontend_settings(parameters: Mapping[str, Value]) -> FrontendConfig:
    """Returns the front end a model was trained with.

    Args:
        parameters: as ``read_parameters`` returns them, of the vendor's model or of ours.

    Raises:
        KwspipeError: a setting is missing, of another type or impossible.
    """
    return _settings(FrontendConfig, parameters, "fe.")


def detector_settings(parameters: Mapping[str, Value]) -> DetectorConfig:
    """Returns the detector a model was made for; arguments and errors as for ``frontend_settings``."""
    return _settings(DetectorConfig, parameters, "")


def class_labels(parameters: Mapping[str, Value]) -> tuple[str, ...]:
    """Returns the labels in the order of the model's outputs.

    Raises:
        KwspipeError: ``classes`` is missing or no list of words.
    """
    labels = parameters.get("classes")
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
        raise _unfit("classes", f"{labels!r:.80}", "a list of labels")
    return tuple(str(label) for label in labels)


def _settings(kind: Any, parameters: Mapping[str, Value], prefix: str) -> Any:
    known = _OFF | {
        key.removeprefix(prefix): value for key, value in parameters.items() if key.startswith(prefix)
    }
    names = list(kind.__dataclass_fields__)
    missing = [prefix + name for name in names if name not in known]
    if missing:
        raise _unfit(", ".join(missing), "nothing", "a value for each")
    try:
        # Lax, because the vendor's tools store whole floats as ints and the other way round.
        return TypeAdapter(kind).validate_python({name: known[name] for name in names}, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # settings that contradict each other
            raise _unfit(
                prefix + "*", first["msg"].removeprefix("Value error, "), "settings that agree"
            ) from None
        where = prefix + ".".join(map(str, first["loc"]))
        raise _unfit(where, f"{first['input']!r:.80}", first["msg"]) from None


def _unfit(where: str, received: str, allowed: str) -> KwspipeError:
    remedy = "write the parameters into the .tflite again, or give the settings beside it"
    return KwspipeError(f"model parameter {where}", received, allowed, remedy)

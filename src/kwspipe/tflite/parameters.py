"""The parameters of our own models, under the names that Silicon Labs' tools read."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from kwspipe.config import DetectorConfig, FrontendConfig, PipelineConfig
from kwspipe.tflite import runtime_memory
from kwspipe.tflite.metadata import write_parameters
from kwspipe.tflite.metadata_codec import Value

VERSION = 1  # of a model; names and dates tell ours apart


def run_parameters(
    tflite: bytes,
    config: PipelineConfig,
    detector: DetectorConfig,
    labels: Sequence[str],
    description: str,
    date: datetime,
) -> dict[str, Value]:
    """Makes the parameters of a run's model.

    Args:
        tflite: the model they are for.
        config: name and front end are taken from it.
        detector: the settings chosen for the model, which may differ from the configuration's.
        labels: the classes in the order of the model's outputs.
        description: one sentence on the model.
        date: when it was made, with a time zone.
    """
    return model_parameters(
        tflite,
        name=config.name,
        description=description,
        version=VERSION,
        labels=labels,
        frontend=config.frontend,
        detector=detector,
        runtime_memory_size=runtime_memory.estimate(tflite),
        date=date,
    )


def model_parameters(
    tflite: bytes,
    *,
    name: str,
    description: str,
    version: int,
    labels: Sequence[str],
    frontend: FrontendConfig,
    detector: DetectorConfig,
    runtime_memory_size: int,
    date: datetime,
) -> dict[str, Value]:
    """Makes the parameters of a model from single values.

    Args:
        tflite: the model they are for; their ``hash`` is the MD5 of it with all of them in it but ``hash``
            and ``date``.
        name: the experiment's name.
        description: one sentence on what it detects.
        version: of the model, counted by its maker.
        labels: the classes in the order of the model's outputs.
        frontend: the front end it was trained with.
        detector: the detector's settings.
        runtime_memory_size: tensor arena in bytes.
        date: when the model was made, with a time zone.
    """
    parameters: dict[str, Value] = {
        "name": name,
        "version": version,
        "description": description,
        "classes": list(labels),
        "runtime_memory_size": runtime_memory_size,
        "samplewise_norm.rescale": 0.0,
        "samplewise_norm.mean_and_std": False,
    }
    parameters |= _settings(frontend, detector)
    parameters["hash"] = parameters_hash(tflite, parameters)
    moment = date.astimezone(UTC).isoformat(timespec="milliseconds")
    parameters["date"] = moment.replace("+00:00", "Z")
    return parameters


def parameters_hash(tflite: bytes, parameters: dict[str, Value]) -> str:
    """Returns the parameter ``hash``: the MD5 of the model with all the others in it but the date."""
    named = {key: value for key, value in parameters.items() if key not in ("hash", "date")}
    # MD5 names the file, as the vendor's tools have it; it proves nothing against an attacker.
    return hashlib.md5(write_parameters(tflite, named), usedforsecurity=False).hexdigest()


def _settings(frontend: FrontendConfig, detector: DetectorConfig) -> dict[str, Value]:
    settings: dict[str, Value] = {f"fe.{setting}": value for setting, value in vars(frontend).items()}
    window_samples = frontend.sample_rate_hz * frontend.window_size_ms // 1000
    settings["fe.fft_length"] = 1 << (window_samples - 1).bit_length()
    for setting, value in vars(detector).items():
        if value is not None:
            settings[setting] = list(value) if isinstance(value, tuple) else value
    return settings

"""Parameters of a model, by the names of Silicon Labs' tools."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from kwspipe.config import DetectorConfig, FrontendConfig, PipelineConfig
from kwspipe.tflite import runtime_memory
from kwspipe.tflite.metadata import write_parameters
from kwspipe.tflite.metadata_codec import Value

VERSION = 1  # of each model; models are distinguished by name and date


def run_parameters(
    tflite: bytes,
    config: PipelineConfig,
    detector: DetectorConfig,
    labels: Sequence[str],
    description: str,
    date: datetime,
) -> dict[str, Value]:
    """Returns the parameters of a run's model.

    Args:
        tflite: the model.
        config: provides the name and the front end.
        detector: settings chosen for the model, which can differ from those of the configuration.
        labels: (classes,) in the order of the model's outputs.
        description: one sentence on the model.
        date: of the model's creation, with a time zone.
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
    """Returns the parameters of a model.

    Args:
        tflite: the model. The parameter ``hash`` is the MD5 of the model with all other parameters except ``date``.
        name: of the experiment.
        description: one sentence on the model.
        version: of the model.
        labels: (classes,) in the order of the model's outputs.
        frontend: settings that the model was trained with.
        detector: settings of the detector.
        runtime_memory_size: tensor arena in bytes.
        date: of the model's creation, with a time zone.
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
    """Returns the parameter ``hash``: the MD5 of the model with all parameters except ``hash`` and ``date``."""
    hashed = {key: value for key, value in parameters.items() if key not in ("hash", "date")}
    # MD5 identifies the file, as in the vendor's tools. It is no protection against manipulation.
    return hashlib.md5(write_parameters(tflite, hashed), usedforsecurity=False).hexdigest()


def _settings(frontend: FrontendConfig, detector: DetectorConfig) -> dict[str, Value]:
    settings: dict[str, Value] = {f"fe.{setting}": value for setting, value in vars(frontend).items()}
    window_samples = frontend.sample_rate_hz * frontend.window_size_ms // 1000
    settings["fe.fft_length"] = 1 << (window_samples - 1).bit_length()
    for setting, value in vars(detector).items():
        if value is not None:
            settings[setting] = list(value) if isinstance(value, tuple) else value
    return settings

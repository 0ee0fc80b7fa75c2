"""Stage ``export``: the model for other firmware, as a .tflite with the vendor's parameters and as a C array."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from kwspipe import __version__
from kwspipe.config import DetectorConfig, PipelineConfig
from kwspipe.core.detector import DEVICE_SETTINGS
from kwspipe.errors import KwspipeError
from kwspipe.exchange import c_source
from kwspipe.exchange.detector_overrides import changed_settings, describe_changes, override_detector
from kwspipe.labels import keywords_of
from kwspipe.stages import Stage
from kwspipe.terminal.lines import print_line
from kwspipe.tflite import reference
from kwspipe.tflite.metadata import METADATA_NAME, read_parameters, write_parameters
from kwspipe.tflite.metadata_codec import Value
from kwspipe.tflite.parameters import parameters_hash, run_parameters

VERIFIED_INPUTS = 4  # golden inputs for which the outputs of the exported model are compared
UNKNOWN_DATE = datetime(1970, 1, 1, tzinfo=UTC)  # a fixed date, so that the same model gives the same bytes


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes ``<name>.tflite``, ``<name>.h``, ``<name>.cc`` and labels.txt in ``folder``."""
    quantized = run_dir / "quantize"
    original = (quantized / "model.tflite").read_bytes()
    image = (quantized / "model.kws").read_bytes()
    labels = (quantized / "labels.txt").read_text().splitlines()
    changes = changed_settings(quantized, config.detector)
    if changes:
        print_line(f"detector as configured: {describe_changes(changes, image)}")
    _, detector = override_detector(image, config.detector, changes)
    parameters = parameters_of(original, config, labels, detector)
    exported = exported_model(original, parameters)
    _verify(exported, parameters, quantized / "golden.npz")
    name = config.export.c_name or c_source.c_name(config.name)
    title = f"{config.name}: keyword spotter for {', '.join(keywords_of(labels))}"
    arena_bytes = int(str(parameters.get("runtime_memory_size", 0)))
    (folder / f"{config.name}.tflite").write_bytes(exported)
    (folder / f"{name}.cc").write_text(c_source.source(name, title, exported, labels))
    sha256 = hashlib.sha256(exported).hexdigest()
    (folder / f"{name}.h").write_text(c_source.header(name, title, sha256, len(labels), arena_bytes))
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    print_line(f"{config.name}.tflite: {len(exported):,} bytes with {len(parameters)} parameters")
    print_line(f"{name}.h, {name}.cc: the model as the array {name}_tflite")


def parameters_of(
    tflite: bytes, config: PipelineConfig, labels: list[str], detector: DetectorConfig
) -> dict[str, Value]:
    """Returns the parameters of the model with the present detector settings."""
    if METADATA_NAME not in tflite:
        description = f"imported and exported by kwspipe {__version__}"
        return run_parameters(tflite, config, detector, labels, description, UNKNOWN_DATE)
    parameters = read_parameters(tflite)
    parameters["classes"] = list(labels)
    for setting in DEVICE_SETTINGS:
        _set(parameters, setting, getattr(detector, setting))
    return parameters


def exported_model(original: bytes, parameters: dict[str, Value]) -> bytes:
    """Returns the model with the parameters; a model that has them already is returned unchanged."""
    if METADATA_NAME in original and read_parameters(original) == parameters:
        return original
    if "hash" in parameters:
        parameters["hash"] = parameters_hash(original, parameters)
    return write_parameters(original, parameters)


def _set(parameters: dict[str, Value], setting: str, value: Any) -> None:
    """Sets a parameter. A setting that is off and absent is not added, so that the vendor's models stay unchanged."""
    if value is None or (value is False and setting not in parameters):
        parameters.pop(setting, None)
    else:
        parameters[setting] = list(value) if isinstance(value, tuple) else value


def _verify(exported: bytes, parameters: dict[str, Value], golden: Path) -> None:
    """Checks that the exported model has the parameters and gives the golden outputs.

    Raises:
        KwspipeError: parameters or outputs differ.
    """
    with np.load(golden) as archive:
        inputs, outputs = archive["inputs"][:VERIFIED_INPUTS], archive["outputs"][:VERIFIED_INPUTS]
    same = np.array_equal(reference.raw(exported, inputs, "exported model"), outputs)
    if not same or read_parameters(exported) != parameters:
        raise KwspipeError(
            "export",
            "the "
            + ("parameters" if same else "outputs")
            + " of the exported model differ from those of the source",
            "equal parameters, and outputs equal bit for bit",
            "run quantize again; if the error remains, report it with the model",
        )


STAGE = Stage(name="export", reads=("name", "frontend", "detector", "export"), needs=("quantize",), run=run)

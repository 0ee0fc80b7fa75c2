"""Benchmark of the C core on one core: int8 inference and streaming with the network of digits_3.

The weights are those of the bundled checkpoint. The duration of an inference does not depend on them.
"""

import importlib
import importlib.util
import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
from bench_entry import Entry, entry
from bench_frontend import best_s, log_mel
from bench_sounds import CONF, RATE_HZ, speechlike
from hydra import compose, initialize_config_dir

from kwspipe.config import PipelineConfig
from kwspipe.config.parse import parse
from kwspipe.core.frontend import FrontEnd
from kwspipe.core.model_runner import CoreModel
from kwspipe.core.spotter import Spotter
from kwspipe.files.process import call_in_process, redirect_native_stderr
from kwspipe.stages.model_files import compile_image

LABELS = ("one", "two", "three", "_unknown_", "_silence_")
# Many short rounds. The best of them is not disturbed by other load.
NUM_CLIPS, ROUNDS = 10, 60
STREAM_S, STREAM_ROUNDS = 5, 10


def measure_inference() -> Entry:
    """Returns the entry of one int8 inference on one core."""
    config, deployed, image = _network()
    clips = speechlike(NUM_CLIPS, config.frontend.sample_length)
    features = FrontEnd(config.frontend).features(clips)
    core = CoreModel(image)
    interpreter = _interpreter(deployed)
    return entry(
        "int8_inference_us",
        best_s(lambda: core.run(features), ROUNDS) / NUM_CLIPS * 1e6,
        "us",
        best_s(lambda: _invoke_all(interpreter, features), ROUNDS) / NUM_CLIPS * 1e6,
        "the TensorFlow Lite interpreter with its fastest kernels, one thread",
        lower_is_better=True,
    )


def measure_stream() -> Entry:
    """Returns the entry of a spotter with front end, one inference per latency_ms, and detector."""
    config, deployed, image = _network()
    samples = speechlike(1, STREAM_S * RATE_HZ)[0]
    spotter, interpreter = Spotter(image), _interpreter(deployed)
    return entry(
        "stream_realtime_factor",
        STREAM_S / best_s(lambda: spotter.infer(samples), STREAM_ROUNDS),
        "x",
        STREAM_S / best_s(lambda: _stream_in_python(config, interpreter, samples), STREAM_ROUNDS),
        "a loop in Python with librosa's features of the last window and the TensorFlow Lite interpreter, same rate",
    )


def _stream_in_python(config: PipelineConfig, interpreter: object, samples: np.ndarray) -> None:
    length, hop = config.frontend.sample_length, max(config.detector.latency_ms, 1) * RATE_HZ // 1000
    for end in range(length, len(samples) + 1, hop):
        features = log_mel(config.frontend, samples[end - length : end]).T
        _invoke_all(interpreter, np.clip(features * 8, -128, 127).astype(np.int8)[None])


def _invoke_all(interpreter: object, features: np.ndarray) -> None:
    source = interpreter.get_input_details()[0]  # type: ignore[attr-defined]
    for clip in features:
        interpreter.set_tensor(source["index"], clip.reshape(source["shape"]))  # type: ignore[attr-defined]
        interpreter.invoke()  # type: ignore[attr-defined]


def _interpreter(model: bytes) -> object:
    name = "tflite_runtime" if importlib.util.find_spec("tflite_runtime") else "ai_edge_litert"
    lite = importlib.import_module(f"{name}.interpreter")
    interpreter = lite.Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def experiment(*overrides: str) -> PipelineConfig:
    """Returns the configuration of digits_3, with overrides."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return parse(compose("config", overrides=["+experiment=digits_3", *overrides]))


def _network() -> tuple[PipelineConfig, bytes, bytes]:
    """Returns the configuration, the .tflite file and the model image."""
    config = experiment()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        call_in_process(_convert, config, path)  # TensorFlow and tflite-runtime do not work in one process
        deployed = path.read_bytes()
    image, _ = compile_image(deployed, config, config.detector, LABELS)
    return config, deployed, image


def _convert(config: PipelineConfig, path: Path) -> None:
    redirect_native_stderr(path.with_suffix(".log"))
    logging.disable()
    from kwspipe import models
    from kwspipe.tflite import conversion
    from kwspipe.transfer.layers import apply
    from kwspipe.transfer.source import locate

    features = FrontEnd(config.frontend).features(speechlike(32, config.frontend.sample_length))
    features[0, 0, :2] = -128, 127  # conversion requires the lowest and the highest value
    model = models.build(config.model, features.shape[1:], len(LABELS))
    apply(model.layers, config.transfer, locate(config.transfer, config.model.name))
    warnings.simplefilter("ignore")
    path.write_bytes(conversion.to_int8(model, conversion.to_float(model), features))


if __name__ == "__main__":
    print(measure_inference(), measure_stream(), sep="\n")

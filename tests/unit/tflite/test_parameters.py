"""Parameters of kwspipe's models, and the settings read from them."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.tflite.metadata import read_parameters, write_parameters
from kwspipe.tflite.model_settings import class_labels, detector_settings, frontend_settings
from kwspipe.tflite.parameters import model_parameters
from support import default_settings
from support.default_settings import FRONTEND

from support.empty_model import empty_model  # isort: skip

DETECTOR = replace(
    default_settings.DETECTOR,
    detection_threshold_list=(120, 130, 140, 255, 255),
    target_false_accepts_per_hour=None,
)
LABELS = ["one", "two", "three", "_unknown_", "_silence_"]


def parameters_of(model: bytes, frontend=FRONTEND):
    return model_parameters(
        model,
        name="digits_3",
        description="Detects one, two, three",
        version=1,
        labels=LABELS,
        frontend=frontend,
        detector=DETECTOR,
        runtime_memory_size=60000,
        date=datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    )


def test_parameters_of_a_model():
    parameters = parameters_of(empty_model())
    assert parameters["classes"] == LABELS
    assert parameters["date"] == "2024-01-02T03:04:05.678Z"
    assert parameters["fe.fft_length"] == 512
    assert parameters["fe.noise_reduction_even_smoothing"] == 0.025
    assert parameters["detection_threshold_list"] == [120, 130, 140, 255, 255]
    assert parameters["samplewise_norm.rescale"] == 0.0
    assert parameters["runtime_memory_size"] == 60000
    assert read_parameters(write_parameters(empty_model(), parameters)) == parameters


def test_the_hash_can_be_checked_from_the_written_file():
    parameters = parameters_of(empty_model())
    written = write_parameters(empty_model(), parameters)
    rest = {key: value for key, value in read_parameters(written).items() if key not in ("hash", "date")}
    assert hashlib.md5(write_parameters(written, rest)).hexdigest() == parameters["hash"]
    assert parameters_of(written)["hash"] == parameters["hash"]


@pytest.mark.parametrize(
    ("window_size_ms", "fft_length"), [(8, 128), (16, 256), (30, 512), (32, 512), (33, 1024)]
)
def test_the_fft_length_is_the_next_power_of_two(window_size_ms, fft_length):
    parameters = parameters_of(empty_model(), replace(FRONTEND, window_size_ms=window_size_ms))
    assert parameters["fe.fft_length"] == fft_length


def test_settings_are_read_as_they_were_written():
    parameters = read_parameters(write_parameters(empty_model(), parameters_of(empty_model())))
    assert frontend_settings(parameters) == FRONTEND
    assert detector_settings(parameters) == DETECTOR
    assert class_labels(parameters) == tuple(LABELS)


def test_missing_settings_of_the_vendors_older_tools_have_defaults():
    parameters = parameters_of(empty_model())
    for key in (
        "fe.dc_notch_filter_enable", "fe.quantize_dynamic_scale_enable", "suppress_same_word_only",
        "compare_keywords_only",
    ):  # fmt: skip
        del parameters[key]
    parameters["volume_gain"] = 0.0
    assert frontend_settings(parameters) == replace(FRONTEND, quantize_dynamic_scale_enable=False)
    assert detector_settings(parameters) == replace(DETECTOR, compare_keywords_only=False)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("fe.window_size_ms", None, "model parameter fe.window_size_ms: missing. Allowed: a value for each"),
        (
            "fe.window_size_ms",
            "wide",
            "model parameter fe.window_size_ms: 'wide'. Allowed: Input should be a valid",
        ),
        (
            "fe.filterbank_upper_band_limit",
            9000.0,
            "model parameter fe.*: filterbank_upper_band_limit must not",
        ),
        (
            "suppression_ms",
            70000,
            "model parameter suppression_ms: 70000. Allowed: Input should be less than",
        ),
        ("minimum_count", 30, "model parameter *: minimum_count is 30"),
        ("classes", [], "model parameter classes: []. Allowed: a list of labels"),
        ("classes", "one", "model parameter classes: 'one'"),
    ],
)
def test_invalid_settings_are_refused(key, value, text):
    parameters = parameters_of(empty_model()) | {key: value}
    if value is None:
        del parameters[key]
    with pytest.raises(KwspipeError) as caught:
        for read in (frontend_settings, detector_settings, class_labels):
            read(parameters)
    assert text in str(caught.value)

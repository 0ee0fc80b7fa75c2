"""Binary format of the detector's settings: content, and rejection of invalid or hostile settings."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kwspipe._core import ffi, lib
from pydantic import ValidationError

from kwspipe.core.detector import Detector, pack_settings
from kwspipe.errors import KwspipeError

from support.detector_config import CONFIG, LABELS  # isort: skip


def test_every_byte_of_the_format():
    config = replace(CONFIG, suppress_same_word_only=True, verbose_model_output_logs=True)
    rest = bytes([4, 2]) + struct.pack("<4H", 4, 300, 500, 100) + bytes([3, 0, 0, 0])
    rest += bytes([100, 1, 100, 1, 100, 0, 100, 0])
    assert pack_settings(config, LABELS) == b"KWDT" + bytes([2, 7]) + rest
    # Release 0.1.0 wrote these bytes. Its firmware also reads them.
    assert (
        pack_settings(replace(config, compare_keywords_only=False), LABELS) == b"KWDT" + bytes([1, 3]) + rest
    )


@pytest.mark.parametrize(
    ("labels", "thresholds", "text"),
    [
        ([], None, "dataset.words: 0 classes. Allowed: 1 to 128 classes"),
        (["w"] * 129, None, "dataset.words: 129 classes"),
        (["a", "b"], [1], "thresholds: 1 values: [1]. Allowed: 2 values from 0 to 255, one for each of a, b"),
        (["a", "b"], [1, 256], "thresholds: 2 values: [1, 256]"),
    ],
)
def test_settings_that_do_not_fit_the_labels_are_rejected(labels, thresholds, text):
    with pytest.raises(KwspipeError) as caught:
        pack_settings(CONFIG, labels, thresholds)
    assert text in str(caught.value)


def test_a_list_of_thresholds_must_fit_the_labels():
    with pytest.raises(KwspipeError, match=r"detector.detection_threshold_list: 1 values: \[7\]"):
        pack_settings(replace(CONFIG, detection_threshold_list=(7,)), LABELS)


def test_a_minimum_count_above_the_capacity_of_the_window_is_rejected():
    with pytest.raises(
        ValidationError, match="minimum_count is 5, but average_window_duration_ms contains at most 4"
    ):
        replace(CONFIG, minimum_count=5)


def test_settings_for_another_number_of_labels_are_rejected():
    with pytest.raises(KwspipeError, match=r"4 classes. Allowed: 3 classes, one per label"):
        Detector(pack_settings(CONFIG, LABELS), LABELS[1:])


GOOD = pack_settings(CONFIG, LABELS)


def check(blob):
    return lib.kws_detector_check(ffi.from_buffer(blob), len(blob))


def changed(position, *values):
    return GOOD[:position] + bytes(values) + GOOD[position + len(values) :]


@pytest.mark.parametrize(
    ("blob", "status"),
    [
        (GOOD, "KWS_OK"),
        (b"", "KWS_ERROR_SIZE"),
        (GOOD[:19], "KWS_ERROR_SIZE"),
        (GOOD[:-1], "KWS_ERROR_SIZE"),
        (GOOD + b"\0", "KWS_ERROR_FORMAT"),
        (changed(0, 0), "KWS_ERROR_FORMAT"),
        (changed(4, 2, 0), "KWS_OK"),
        (changed(4, 0), "KWS_ERROR_UNSUPPORTED"),
        (changed(4, 3), "KWS_ERROR_UNSUPPORTED"),
        (changed(4, 1, 4), "KWS_ERROR_FORMAT"),
        (changed(5, 8), "KWS_ERROR_FORMAT"),
        (changed(6, 0), "KWS_ERROR_FORMAT"),
        (changed(6, 129), "KWS_ERROR_FORMAT"),
        (changed(7, 5), "KWS_ERROR_FORMAT"),
        (changed(8, 0, 0), "KWS_ERROR_FORMAT"),
        (changed(8, 1, 1), "KWS_ERROR_FORMAT"),
        (changed(10, 0x11, 0x27), "KWS_ERROR_FORMAT"),
        (changed(12, 0x61, 0xEA), "KWS_ERROR_FORMAT"),
        (changed(14, 0x11, 0x27), "KWS_ERROR_FORMAT"),
        (changed(17, 1), "KWS_ERROR_FORMAT"),
        (changed(19, 1), "KWS_ERROR_FORMAT"),
        (changed(21, 2), "KWS_ERROR_FORMAT"),
    ],
)
def test_hostile_settings_are_rejected(blob, status):
    assert check(blob) == getattr(lib, status)
    if status != "KWS_OK":
        with pytest.raises(KwspipeError, match="bytes that the core rejects with status -"):
            Detector(blob, LABELS)


@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.binary(max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_mutated_settings_are_rejected_or_run(changes, tail):
    blob = bytearray(GOOD + tail)
    for position, value in changes:
        blob[position] = value
    if check(bytes(blob)) != lib.KWS_OK:
        return
    labels = [str(index) for index in range(blob[6])]
    scores = np.full((300, len(labels)), 127, np.int8)
    Detector(bytes(blob), labels).process_many(scores, np.arange(300))


def test_the_core_rejects_null_pointers_and_insufficient_memory():
    size = lib.kws_detector_memory_bytes(ffi.from_buffer(GOOD), len(GOOD))
    assert size == 4 * 4 + 4 * (4 + 4)
    memory, detector = ffi.new("uint32_t[]", size // 4), ffi.new("kws_detector_t *")
    blob = ffi.new("uint8_t[]", GOOD)
    assert lib.kws_detector_init(detector, blob, len(GOOD), memory, size - 1) == lib.KWS_ERROR_SIZE
    assert lib.kws_detector_init(detector, blob, len(GOOD), ffi.NULL, size) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_detector_init(ffi.NULL, blob, len(GOOD), memory, size) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_detector_check(ffi.NULL, 28) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_detector_init(detector, blob, len(GOOD), memory, size) == lib.KWS_OK
    detection, scores = ffi.new("kws_detection_t *"), ffi.new("int8_t[4]")
    assert lib.kws_detector_process(detector, ffi.NULL, 0, detection) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_detector_process(detector, scores, 0, ffi.NULL) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_detector_process(detector, scores, 0, detection) == 0

"""Changed detector settings of an existing model."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.compiler import image_format as container
from kwspipe.config import DetectorConfig
from kwspipe.core.detector import DEVICE_SETTINGS, pack_settings, unpack_settings
from kwspipe.core.spotter import Spotter
from kwspipe.errors import KwspipeError
from kwspipe.exchange.detector_overrides import changed_settings, describe_changes, override_detector
from support import default_settings
from support.small_model import LABELS, small_image

DETECTOR = replace(default_settings.DETECTOR, target_false_accepts_per_hour=None)
IMAGE = small_image(7)


def changed(**changes: object) -> DetectorConfig:
    return replace(DETECTOR, **changes)


@settings(max_examples=60)
@given(
    st.builds(
        changed,
        average_window_duration_ms=st.integers(0, 10000),
        detection_threshold=st.integers(0, 255),
        detection_threshold_list=st.none() | st.tuples(*[st.integers(0, 255)] * 4),
        suppression_ms=st.integers(0, 60000),
        suppress_same_word_only=st.booleans(),
        compare_keywords_only=st.booleans(),
        minimum_count=st.integers(0, 1),
        volume_gain=st.integers(0, 100),
        latency_ms=st.integers(0, 10000),
        verbose_model_output_logs=st.booleans(),
    )
)
def test_packed_settings_are_unpacked_unchanged(detector: DetectorConfig) -> None:
    unpacked = unpack_settings(pack_settings(detector, LABELS))
    assert tuple(unpacked) == DEVICE_SETTINGS
    expected = detector.detection_threshold_list or (detector.detection_threshold,) * 4
    assert (unpacked["detection_threshold_list"] or (unpacked["detection_threshold"],) * 4) == expected
    rest = set(DEVICE_SETTINGS) - {"detection_threshold", "detection_threshold_list"}
    assert {name: unpacked[name] for name in rest} == {name: getattr(detector, name) for name in rest}
    assert pack_settings(replace(detector, **unpacked), LABELS) == pack_settings(detector, LABELS)


def test_an_invalid_blob_is_rejected() -> None:
    with pytest.raises(KwspipeError, match="bytes that the core rejects with status"):
        unpack_settings(bytes(28))


def test_only_the_given_settings_change() -> None:
    image, detector = override_detector(IMAGE, DETECTOR, {"suppression_ms": 100})
    assert (detector.suppression_ms, detector.detection_threshold) == (
        100,
        130,
    )  # 130 is the value in the image
    before, after = container.read_sections(IMAGE), container.read_sections(image)
    assert {key for key in before if before[key] != after[key]} == {container.DETECTOR}
    assert Spotter(image).labels == LABELS
    assert override_detector(IMAGE, DETECTOR, {})[0] == IMAGE


def test_one_threshold_replaces_thresholds_per_class() -> None:
    image, detector = override_detector(IMAGE, DETECTOR, {"detection_threshold_list": (10, 20, 30, 40)})
    assert detector.detection_threshold_list == (10, 20, 30, 40)
    assert override_detector(image, DETECTOR, {})[1].detection_threshold_list == (10, 20, 30, 40)
    assert override_detector(image, DETECTOR, {"detection_threshold": 99})[1].detection_threshold_list is None
    assert (
        describe_changes({"detection_threshold": 99, "suppression_ms": 9}, image)
        == "detection_threshold 99 of 255 (39 %), in the model 40 of 255 (16 %), "
        "suppression_ms 9, in the model 1000"
    )


def test_contradictory_settings_are_rejected() -> None:
    with pytest.raises(KwspipeError, match=r"detector: minimum_count is 2, but average_window_duration_ms"):
        override_detector(IMAGE, DETECTOR, {"average_window_duration_ms": 0, "minimum_count": 2})
    with pytest.raises(KwspipeError, match="lower it or lengthen the window"):
        override_detector(IMAGE, DETECTOR, {"minimum_count": 200})


def test_without_a_manifest_there_are_no_changes(tmp_path: Path) -> None:
    assert changed_settings(tmp_path / "none", DETECTOR) == {}


def test_changed_settings_differ_from_the_manifest(tmp_path: Path) -> None:
    before = {**vars(DETECTOR), "detection_threshold_list": [1, 2, 3, 4]}
    (tmp_path / "manifest.json").write_text(json.dumps({"config": {"detector": before}, "outputs": {}}))
    same = changed(detection_threshold_list=(1, 2, 3, 4))
    assert changed_settings(tmp_path, same) == {}
    other = changed(detection_threshold_list=(1, 2, 3, 5), latency_ms=50)
    assert changed_settings(tmp_path, other) == {"detection_threshold_list": (1, 2, 3, 5), "latency_ms": 50}

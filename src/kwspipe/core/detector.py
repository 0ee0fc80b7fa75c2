"""The streaming detector: scores of one inference after another in, detections out, through the C core.

``firmware/core/kws_detector.h`` describes the algorithm and the blob of settings byte by byte.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe._core import ffi, lib
from kwspipe.config import DetectorConfig
from kwspipe.errors import KwspipeError
from kwspipe.labels import is_keyword

# What a blob holds; other settings of the configuration are not the device's.
DEVICE_SETTINGS = (
    "average_window_duration_ms", "detection_threshold", "detection_threshold_list", "suppression_ms",
    "suppress_same_word_only", "minimum_count", "volume_gain", "latency_ms", "verbose_model_output_logs",
)  # fmt: skip
_HEAD = struct.Struct("<IBBBBHHHHB3x")


@dataclass(frozen=True)
class Detection:
    """A word that was spotted.

    Attributes:
        label: the word.
        index: of its class.
        score: its mean score over the averaging window, 0 to 255.
        time_ms: of the inference that made it fire; it wraps at 32 bits.
    """

    label: str
    index: int
    score: int
    time_ms: int


def pack_settings(
    config: DetectorConfig, labels: Sequence[str], thresholds: Sequence[int] | None = None
) -> bytes:
    """Packs the detector's settings for the model image.

    Args:
        config: the settings.
        labels: (classes,) in the order of the model's outputs; those that begin with ``_`` never fire.
        thresholds: (classes,) 0 to 255, in place of those of the configuration.

    Raises:
        KwspipeError: no or too many labels; thresholds that are not one a label.
    """
    if not 1 <= len(labels) <= lib.KWS_DETECTOR_MAX_CLASSES:
        raise KwspipeError(
            "dataset.words",
            f"{len(labels)} classes",
            f"1 to {lib.KWS_DETECTOR_MAX_CLASSES} classes",
            "train for fewer words",
        )
    where = "detector.detection_threshold_list" if thresholds is None else "thresholds"
    if thresholds is None:
        thresholds = config.detection_threshold_list or [config.detection_threshold] * len(labels)
    _check_thresholds(where, thresholds, labels)
    head = _HEAD.pack(
        lib.KWS_DETECTOR_MAGIC,
        lib.KWS_DETECTOR_VERSION,
        lib.KWS_DETECTOR_SAME_WORD_ONLY * config.suppress_same_word_only
        | lib.KWS_DETECTOR_VERBOSE * config.verbose_model_output_logs,
        len(labels),
        config.minimum_count,
        config.queue_length,
        config.average_window_duration_ms,
        config.suppression_ms,
        config.latency_ms,
        config.volume_gain,
    )
    keyword = [lib.KWS_DETECTOR_KEYWORD * is_keyword(label) for label in labels]
    return head + bytes(value for pair in zip(thresholds, keyword, strict=True) for value in pair)


def _check_thresholds(where: str, thresholds: Sequence[int], labels: Sequence[str]) -> None:
    if len(thresholds) != len(labels) or not all(0 <= threshold <= 255 for threshold in thresholds):
        raise KwspipeError(
            where,
            f"{len(thresholds)} values: {list(thresholds)}",
            f"{len(labels)} values from 0 to 255, one for each of {', '.join(labels)}",
            "give one a label in this order, or none",
        )


def unpack_settings(blob: bytes) -> dict[str, Any]:
    """Returns the settings of a blob that ``pack_settings`` made, by their names in the configuration.

    Raises:
        KwspipeError: a blob the core refuses.
    """
    if lib.kws_detector_memory_bytes(ffi.from_buffer(blob), len(blob)) < 0:
        raise _refused_blob(blob)
    _, _, flags, num_classes, minimum_count, _, window_ms, suppression_ms, latency_ms, gain = (
        _HEAD.unpack_from(blob)
    )
    thresholds = tuple(blob[_HEAD.size : _HEAD.size + 2 * num_classes : 2])
    same = len(set(thresholds)) == 1
    return {
        "average_window_duration_ms": window_ms,
        "detection_threshold": max(thresholds),
        "detection_threshold_list": None if same else thresholds,
        "suppression_ms": suppression_ms,
        "suppress_same_word_only": bool(flags & lib.KWS_DETECTOR_SAME_WORD_ONLY),
        "minimum_count": minimum_count,
        "volume_gain": gain,
        "latency_ms": latency_ms,
        "verbose_model_output_logs": bool(flags & lib.KWS_DETECTOR_VERBOSE),
    }


class Detector:
    """A detector and its state; for one thread.

    Args:
        blob: settings, as ``pack_settings`` or a model image has them.
        labels: (classes,) in the order of the scores.

    Raises:
        KwspipeError: a blob the core refuses, or one for another number of labels.
    """

    def __init__(self, blob: bytes, labels: Sequence[str]) -> None:
        size_bytes = lib.kws_detector_memory_bytes(ffi.from_buffer(blob), len(blob))
        if size_bytes < 0:
            raise _refused_blob(blob)
        self.labels = tuple(labels)
        # The core points into both for as long as the detector lives.
        self._blob = ffi.new("uint8_t[]", blob)
        self._memory = ffi.new("uint32_t[]", size_bytes // 4)
        self._core: Any = ffi.new("kws_detector_t *")
        lib.kws_detector_init(self._core, self._blob, len(blob), self._memory, size_bytes)
        if self._core.num_classes != len(labels):
            raise KwspipeError(
                "detector settings",
                f"{self._core.num_classes} classes",
                f"{len(labels)} classes, as there are labels",
                "build the model image again",
            )

    def process(self, scores: npt.NDArray[np.int8], time_ms: int) -> Detection | None:
        """Takes the scores of one inference.

        Args:
            scores: (classes,) int8, as the model puts them out.
            time_ms: when, modulo 2**32; never before the last one.

        Raises:
            KwspipeError: scores of another shape or dtype; a time that steps back.
        """
        time = np.array([int(time_ms) % 2**32], np.uint32)
        detections = self.process_many(np.asarray(scores)[np.newaxis], time)
        return detections[0] if detections else None

    def process_many(
        self, scores: npt.NDArray[np.int8], times_ms: npt.NDArray[np.integer[Any]]
    ) -> list[Detection]:
        """Takes the scores of many inferences, in the order of time.

        Args:
            scores: (inferences, classes) int8.
            times_ms: (inferences,) when each was, taken modulo 2**32; none before the one before it.

        Raises:
            KwspipeError: arrays of another shape or dtype; a time that steps back.
        """
        scores, times_ms = np.ascontiguousarray(scores), np.asarray(times_ms)
        shape = (len(times_ms), len(self.labels))
        if scores.dtype != np.int8 or scores.shape != shape or times_ms.dtype.kind not in "iu":
            raise KwspipeError(
                "Detector.process(scores)",
                f"{scores.dtype} of shape {scores.shape} with {times_ms.dtype} times of shape {times_ms.shape}",
                f"int8 of shape {shape} with as many integer times",
                "give the scores as the int8 model puts them out",
            )
        # A cast wraps modulo 2**32 for any integer type. NumPy 2 does not divide small integers by 2**32.
        times = np.ascontiguousarray(times_ms.astype(np.uint32))
        fired = ffi.new("kws_detection_t[]", max(len(times), 1))
        count = lib.kws_detector_process_many(
            self._core,
            ffi.from_buffer("int8_t[]", scores),
            ffi.from_buffer("uint32_t[]", times),
            len(times),
            fired,
        )
        if count < 0:
            raise KwspipeError(
                "Detector.process(time_ms)",
                "a time before that of the inference before",
                "times that do not step back",
                "sort the inferences by time, or reset the detector between streams",
            )
        return [Detection(self.labels[d.index], d.index, d.score, d.time_ms) for d in fired[0:count]]

    def reset(self) -> None:
        """Forgets all inferences and detections."""
        lib.kws_detector_reset(self._core)


def _refused_blob(blob: bytes) -> KwspipeError:
    status = lib.kws_detector_memory_bytes(ffi.from_buffer(blob), len(blob))
    return KwspipeError(
        "detector settings",
        f"{len(blob)} bytes that the core refuses with status {status}",
        f"a blob of pack_settings, version {lib.KWS_DETECTOR_VERSION}",
        "build the model image again",
    )

"""Streaming detector of the C core: computes detections from the scores of successive inferences.

``firmware/core/detector/kws_detector.h`` describes the algorithm and the binary format of the settings.
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

# Settings in the binary format. Other settings of the configuration have no effect on the device.
DEVICE_SETTINGS = (
    "average_window_duration_ms", "detection_threshold", "detection_threshold_list", "compare_keywords_only",
    "suppression_ms", "suppress_same_word_only", "minimum_count", "volume_gain", "latency_ms",
    "verbose_model_output_logs",
)  # fmt: skip
# Settings without KWS_DETECTOR_KEYWORDS_ONLY have version 1, so that firmware of release 0.1.0 reads them.
_VERSION_TOP_CLASS, _VERSION_KEYWORDS_ONLY = 1, 2
_HEAD = struct.Struct("<IBBBBHHHHB3x")


@dataclass(frozen=True)
class Detection:
    """A detected keyword.

    Attributes:
        label: the keyword.
        index: of its class.
        score: mean score over the averaging window, 0 to 255.
        time_ms: of the inference that completed the detection, modulo 2**32.
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
        labels: (classes,) in the order of the model's outputs; labels with a leading ``_`` are not detected.
        thresholds: (classes,) 0 to 255, instead of those of the configuration.

    Raises:
        KwspipeError: no label, too many labels, or another number of thresholds than labels.
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
        _VERSION_KEYWORDS_ONLY if config.compare_keywords_only else _VERSION_TOP_CLASS,
        lib.KWS_DETECTOR_SAME_WORD_ONLY * config.suppress_same_word_only
        | lib.KWS_DETECTOR_VERBOSE * config.verbose_model_output_logs
        | lib.KWS_DETECTOR_KEYWORDS_ONLY * config.compare_keywords_only,
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
            "give one threshold per label in this order, or none",
        )


def unpack_settings(blob: bytes) -> dict[str, Any]:
    """Returns the settings in a blob of ``pack_settings``, by their names in the configuration.

    Raises:
        KwspipeError: the core rejects the blob.
    """
    if lib.kws_detector_memory_bytes(ffi.from_buffer(blob), len(blob)) < 0:
        raise _rejected_blob(blob)
    _, _, flags, num_classes, minimum_count, _, window_ms, suppression_ms, latency_ms, gain = (
        _HEAD.unpack_from(blob)
    )
    thresholds = tuple(blob[_HEAD.size : _HEAD.size + 2 * num_classes : 2])
    is_common = len(set(thresholds)) == 1
    return {
        "average_window_duration_ms": window_ms,
        "detection_threshold": max(thresholds),
        "detection_threshold_list": None if is_common else thresholds,
        "compare_keywords_only": bool(flags & lib.KWS_DETECTOR_KEYWORDS_ONLY),
        "suppression_ms": suppression_ms,
        "suppress_same_word_only": bool(flags & lib.KWS_DETECTOR_SAME_WORD_ONLY),
        "minimum_count": minimum_count,
        "volume_gain": gain,
        "latency_ms": latency_ms,
        "verbose_model_output_logs": bool(flags & lib.KWS_DETECTOR_VERBOSE),
    }


class Detector:
    """A detector and its state. It is not thread-safe.

    Args:
        blob: settings, as returned by ``pack_settings`` or stored in a model image.
        labels: (classes,) in the order of the scores.

    Raises:
        KwspipeError: the core rejects the blob, or the blob is for another number of labels.
    """

    def __init__(self, blob: bytes, labels: Sequence[str]) -> None:
        size_bytes = lib.kws_detector_memory_bytes(ffi.from_buffer(blob), len(blob))
        if size_bytes < 0:
            raise _rejected_blob(blob)
        self.labels = tuple(labels)
        # The core keeps pointers into the settings and the memory.
        self._blob = ffi.new("uint8_t[]", blob)
        self._memory = ffi.new("uint32_t[]", size_bytes // 4)
        self._core: Any = ffi.new("kws_detector_t *")
        lib.kws_detector_init(self._core, self._blob, len(blob), self._memory, size_bytes)
        if self._core.num_classes != len(labels):
            raise KwspipeError(
                "detector settings",
                f"{self._core.num_classes} classes",
                f"{len(labels)} classes, one per label",
                "build the model image again",
            )

    def process(self, scores: npt.NDArray[np.int8], time_ms: int) -> Detection | None:
        """Processes the scores of one inference and returns the detection, if there is one.

        Args:
            scores: (classes,) int8, as returned by the model.
            time_ms: time of the inference, modulo 2**32.

        Raises:
            KwspipeError: scores of another shape or dtype, or a time before that of the previous inference.
        """
        time = np.array([int(time_ms) % 2**32], np.uint32)
        detections = self.process_many(np.asarray(scores)[np.newaxis], time)
        return detections[0] if detections else None

    def process_many(
        self, scores: npt.NDArray[np.int8], times_ms: npt.NDArray[np.integer[Any]]
    ) -> list[Detection]:
        """Processes the scores of successive inferences and returns the detections.

        Args:
            scores: (inferences, classes) int8.
            times_ms: (inferences,) of any integer type, in increasing order, modulo 2**32.

        Raises:
            KwspipeError: arrays of another shape or dtype, or a time before that of the previous inference.
        """
        scores, times_ms = np.ascontiguousarray(scores), np.asarray(times_ms)
        shape = (len(times_ms), len(self.labels))
        if scores.dtype != np.int8 or scores.shape != shape or times_ms.dtype.kind not in "iu":
            raise KwspipeError(
                "Detector.process(scores)",
                f"{scores.dtype} of shape {scores.shape} with {times_ms.dtype} times of shape {times_ms.shape}",
                f"int8 of shape {shape} with an integer time per inference",
                "give the scores as the int8 model returns them",
            )
        # The conversion wraps modulo 2**32. The operator % raises OverflowError under NumPy 2 for small integer types.
        times = np.ascontiguousarray(times_ms.astype(np.uint32))
        detections = ffi.new("kws_detection_t[]", max(len(times), 1))
        count = lib.kws_detector_process_many(
            self._core,
            ffi.from_buffer("int8_t[]", scores),
            ffi.from_buffer("uint32_t[]", times),
            len(times),
            detections,
        )
        if count < 0:
            raise KwspipeError(
                "Detector.process(time_ms)",
                "a time before that of the previous inference",
                "times in increasing order",
                "sort the inferences by time, or reset the detector between streams",
            )
        return [Detection(self.labels[d.index], d.index, d.score, d.time_ms) for d in detections[0:count]]

    def reset(self) -> None:
        """Clears all inferences and detections."""
        lib.kws_detector_reset(self._core)


def _rejected_blob(blob: bytes) -> KwspipeError:
    status = lib.kws_detector_memory_bytes(ffi.from_buffer(blob), len(blob))
    return KwspipeError(
        "detector settings",
        f"{len(blob)} bytes that the core rejects with status {status}",
        f"settings of a format version up to {lib.KWS_DETECTOR_VERSION}",
        "build the model image again",
    )

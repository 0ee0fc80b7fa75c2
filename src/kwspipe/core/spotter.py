"""Keyword spotter of the C core: front end, model and detector of a model image.

The results are those of a board with the same image, because both run ``firmware/core/spotter/kws_spotter.c``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe._core import ffi, lib
from kwspipe.core.detector import Detection
from kwspipe.errors import KwspipeError


@dataclass(frozen=True)
class Inference:
    """Result of an inference in a stream.

    Attributes:
        time_ms: end of the model's input, from the start of the stream.
        scores: (classes,) int8, as returned by the model.
        detection: the detection at this inference, if there is one.
    """

    time_ms: int
    scores: npt.NDArray[np.int8]
    detection: Detection | None


class Spotter:
    """A spotter and its state. It is not thread-safe. The core releases the GIL.

    Args:
        image: a model image such as ``quantize/model.kws``.

    Attributes:
        labels: (classes,) in the order of the scores.
        sample_rate_hz: of the samples.
        window_ms: averaging window of the detector.
        memory_bytes: memory of the spotter on a board.

    Raises:
        KwspipeError: the core rejects the image.
    """

    def __init__(self, image: bytes) -> None:
        self._image = _aligned(len(image), lib.KWS_IMAGE_ALIGNMENT)
        ffi.memmove(self._image, image, len(image))
        self.memory_bytes: int = _checked(lib.kws_spotter_memory_bytes(self._image, len(image)), len(image))
        self._memory = _aligned(self.memory_bytes, lib.KWS_SPOTTER_ALIGNMENT)
        self._core: Any = ffi.new("kws_spotter_t *")
        status = lib.kws_spotter_init(self._core, self._image, len(image), self._memory, self.memory_bytes)
        _checked(status, len(image))
        self._detection = ffi.new("kws_detection_t *")
        self.sample_rate_hz: int = self._core.frontend.tables.sample_rate_hz
        self.window_ms: int = self._core.detector.window_ms
        self.labels = tuple(self._label(index) for index in range(self._core.image.label_count))

    def feed(self, samples: npt.NDArray[np.int16]) -> list[Detection]:
        """Processes the next samples of the stream.

        Args:
            samples: (n,) int16, of any length n, at the front end's sample rate.

        Returns:
            The detections. They do not depend on the division of the stream into blocks.

        Raises:
            KwspipeError: samples of another dtype or shape.
        """
        return [inference.detection for inference in self.infer(samples) if inference.detection]

    def feed_features(self, features: npt.NDArray[np.uint16]) -> list[Detection]:
        """Processes the next frames of features and returns the detections.

        A stream must consist of features only or of samples only.

        Args:
            features: (frames, channels) uint16, as returned by ``FrontEndStream.push``.

        Raises:
            KwspipeError: features of another dtype or shape.
        """
        num_channels = self._core.frontend.tables.num_channels
        frames = _contiguous(
            features, np.uint16, (len(features), num_channels), "Spotter.feed_features(features)"
        )
        inferences = self._infer(
            lib.kws_spotter_push_features, ffi.from_buffer("uint16_t[]", frames), len(frames), num_channels
        )
        return [inference.detection for inference in inferences if inference.detection]

    def infer(self, samples: npt.NDArray[np.int16]) -> list[Inference]:
        """Processes the next samples and returns the inferences that they completed; arguments as for ``feed``."""
        samples = _contiguous(samples, np.int16, (np.size(samples),), "Spotter.feed(samples)")
        return self._infer(lib.kws_spotter_push, ffi.from_buffer("int16_t[]", samples), len(samples), 1)

    def reset(self) -> None:
        """Clears the state and restarts at time 0."""
        lib.kws_spotter_reset(self._core)

    def _infer(self, push: Any, data: Any, count: int, width: int) -> list[Inference]:
        """Passes ``count`` items of ``width`` values to the C function ``push`` and runs the model when it is due."""
        core, inferences, used = self._core, [], 0
        while used < count:
            used += _checked(push(core, data + used * width, count - used), 0)
            if core.running:
                is_detected = _checked(lib.kws_spotter_finish(core, self._detection), 0)
                scores = np.frombuffer(ffi.buffer(core.scores, len(self.labels)), np.int8).copy()
                detection = self._last_detection() if is_detected else None
                inferences.append(Inference(core.inference_time_ms, scores, detection))
        return inferences

    def _last_detection(self) -> Detection:
        detection = self._detection
        return Detection(self.labels[detection.index], detection.index, detection.score, detection.time_ms)

    def _label(self, index: int) -> str:
        text = ffi.new("const uint8_t **")
        size = lib.kws_image_label(ffi.addressof(self._core, "image"), index, text)
        return bytes(ffi.buffer(text[0], size)).decode(errors="replace")


def _aligned(size_bytes: int, alignment: int) -> Any:
    """Returns a pointer to zeroed, aligned memory; the pointer keeps the memory alive."""
    memory = np.zeros(size_bytes + alignment, np.uint8)
    offset = -memory.ctypes.data % alignment
    return ffi.from_buffer("uint8_t[]", memory[offset:])


def _contiguous(values: Any, dtype: Any, shape: tuple[int, ...], where: str) -> npt.NDArray[Any]:
    array = np.ascontiguousarray(values)
    if array.dtype != dtype or array.shape != shape:
        raise KwspipeError(
            where,
            f"{array.dtype} of shape {array.shape}",
            f"{np.dtype(dtype)} of shape {shape}",
            "convert with kwspipe.audio.pcm, or compute the features with FrontEnd.stream",
        )
    return array


def _checked(status: int, image_bytes: int) -> int:
    if status < 0:
        raise KwspipeError(
            "model image",
            f"{image_bytes} bytes that the core rejects with status {status}",
            f"a complete image of format version {lib.KWS_IMAGE_FORMAT_VERSION} with front end and detector",
            "run quantize again",
        )
    return status

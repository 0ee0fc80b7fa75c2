"""A keyword spotter, whole: a model image and samples in, detections out, through the C core.

What it computes is what a board computes with the same image: ``firmware/core/kws_spotter.h`` is the code of both.
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
    """What the model made of the audio up to some time.

    Attributes:
        time_ms: end of the audio it saw, from the start of the stream.
        scores: (classes,) int8, as the model puts them out.
        detection: the word that fired, if one did.
    """

    time_ms: int
    scores: npt.NDArray[np.int8]
    detection: Detection | None


class Spotter:
    """A spotter and its state; for one thread. The core runs without the GIL.

    Args:
        image: a model image, as ``quantize/model.kws`` is.

    Attributes:
        labels: (classes,) in the order of the scores.
        sample_rate_hz: of the samples it takes.
        window_ms: over which the detector averages.
        memory_bytes: what the core needs on a board for it.

    Raises:
        KwspipeError: an image the core refuses.
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
        """Takes the next samples of the stream.

        Args:
            samples: (n,) int16, any n, at the front end's sample rate.

        Returns:
            The words that fired. How the stream is cut into pieces makes no difference.

        Raises:
            KwspipeError: samples of another dtype or shape.
        """
        return [inference.detection for inference in self.infer(samples) if inference.detection]

    def feed_features(self, features: npt.NDArray[np.uint16]) -> list[Detection]:
        """Takes the next frames of features in place of samples; not to be mixed with them.

        Args:
            features: (frames, channels) uint16, as ``FrontEndStream.push`` gives them.
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
        """Takes the next samples and returns every inference they made due, with its scores."""
        samples = _contiguous(samples, np.int16, (np.size(samples),), "Spotter.feed(samples)")
        return self._infer(lib.kws_spotter_push, ffi.from_buffer("int16_t[]", samples), len(samples), 1)

    def reset(self) -> None:
        """Forgets all that was heard, and starts again at time 0."""
        lib.kws_spotter_reset(self._core)

    def _infer(self, listen: Any, data: Any, count: int, width: int) -> list[Inference]:
        """Feeds ``count`` items of ``width`` values each to ``listen`` and runs the model where it is due."""
        core, inferences, used = self._core, [], 0
        while used < count:
            used += _checked(listen(core, data + used * width, count - used), 0)
            if core.running:
                fired = _checked(lib.kws_spotter_finish(core, self._detection), 0)
                scores = np.frombuffer(ffi.buffer(core.scores, len(self.labels)), np.int8).copy()
                detection = self._fired() if fired else None
                inferences.append(Inference(core.inference_time_ms, scores, detection))
        return inferences

    def _fired(self) -> Detection:
        found = self._detection
        return Detection(self.labels[found.index], found.index, found.score, found.time_ms)

    def _label(self, index: int) -> str:
        text = ffi.new("const uint8_t **")
        size = lib.kws_image_label(ffi.addressof(self._core, "image"), index, text)
        return bytes(ffi.buffer(text[0], size)).decode(errors="replace")


def _aligned(size_bytes: int, alignment: int) -> Any:
    """Returns a pointer to zeroed memory so aligned; it keeps the memory alive."""
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
            f"{image_bytes} bytes that the core refuses with status {status}",
            f"a whole image of format version {lib.KWS_IMAGE_FORMAT_VERSION}, for one front end and one detector",
            "run quantize again",
        )
    return status

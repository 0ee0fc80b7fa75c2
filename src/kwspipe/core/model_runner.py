"""Inference with model images by the C core, with the same results as on the board."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe._core import ffi, lib
from kwspipe.errors import KwspipeError

_ALIGNMENT = 16  # KWS_IMAGE_ALIGNMENT


class CoreModel:
    """A model image, checked and opened by the C core.

    Args:
        image: as returned by ``compile_model``.

    Raises:
        KwspipeError: the core rejects the image.
    """

    def __init__(self, image: bytes) -> None:
        self._memory = _aligned(len(image))
        self._memory[:] = np.frombuffer(image, np.uint8)
        self._image = ffi.new("kws_image_t *")
        self._model = ffi.new("kws_model_t *")
        status = lib.kws_image_open(self._image, _pointer(self._memory), len(image))
        if status == lib.KWS_OK:
            status = lib.kws_model_open(self._model, self._image)
        if status != lib.KWS_OK:
            raise KwspipeError(
                "model image",
                f"status {_name(status)}",
                "an image of this format version",
                "run quantize again",
            )

    @property
    def arena_bytes(self) -> int:
        """Memory of one inference."""
        return int(self._model.arena_bytes)

    @property
    def num_operators(self) -> int:
        """Number of operators."""
        return int(self._model.num_operators)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the input; (frames, channels, 1) for a keyword spotter."""
        return int(self._model.input_height), int(self._model.input_width), int(self._model.input_channels)

    @property
    def labels(self) -> list[str]:
        """Labels in the order of the outputs."""
        text = ffi.new("const uint8_t **")
        lengths = (lib.kws_image_label(self._image, i, text) for i in range(self._image.label_count))
        return [bytes(ffi.buffer(text[0], length)).decode() for length in lengths]

    def section(self, identifier: int) -> bytes:
        """Returns the content of a section; ``kwspipe.compiler.image_format`` defines the identifiers."""
        data = ffi.new("const uint8_t **")
        size = lib.kws_image_section(self._image, identifier, data)
        if size < 0:
            raise KwspipeError(
                "model image", f"no section {identifier}", "sections 1 to 6", "run quantize again"
            )
        return bytes(ffi.buffer(data[0], size))

    def run(self, inputs: npt.NDArray[np.int8], threads: int = 1) -> npt.NDArray[np.int8]:
        """Returns the outputs of many inferences. The GIL is released during the inferences.

        Args:
            inputs: (clips, ...) int8, with the number of values per clip of the model's input.
            threads: number of threads.

        Returns:
            (clips, classes) int8.
        """
        size = int(self._model.input_size)
        if inputs.dtype != np.int8 or inputs[:1].size not in (0, size):
            raise KwspipeError(
                "inputs",
                f"{inputs.dtype}, shape {inputs.shape}",
                f"int8, {size} values per clip",
                "compute features with this model's front end",
            )
        flat = np.ascontiguousarray(inputs).reshape(len(inputs), size)
        outputs = np.empty((len(flat), int(self._model.output_size)), np.int8)
        bounds = np.linspace(0, len(flat), max(threads, 1) + 1).astype(int)
        parts = [slice(first, last) for first, last in pairwise(bounds) if last > first]
        if len(parts) == 1:
            self._run_part(flat, outputs)
        elif parts:
            with ThreadPoolExecutor(len(parts)) as pool:
                list(pool.map(lambda part: self._run_part(flat[part], outputs[part]), parts))
        return outputs

    def _run_part(self, inputs: npt.NDArray[np.int8], outputs: npt.NDArray[np.int8]) -> None:
        arena = _aligned(self.arena_bytes)
        status = lib.kws_model_invoke_batch(
            self._model,
            _pointer(arena),
            len(arena),
            ffi.from_buffer("int8_t[]", inputs),
            len(inputs),
            ffi.from_buffer("int8_t[]", outputs, require_writable=True),
        )
        if status != lib.KWS_OK:
            raise KwspipeError("inference", f"status {_name(status)}", "KWS_OK", "report this defect")


def _aligned(size: int) -> npt.NDArray[np.uint8]:
    """Returns zeroed memory with the alignment that the core requires."""
    block = np.zeros(size + _ALIGNMENT, np.uint8)
    start = -block.ctypes.data % _ALIGNMENT
    return block[start : start + size]


def _pointer(memory: npt.NDArray[np.uint8]) -> Any:
    return ffi.from_buffer("uint8_t[]", memory)


def _name(status: int) -> str:
    names = {
        value: name
        for name, value in vars(lib).items()
        if name.startswith("KWS_ERROR") and isinstance(value, int)
    }
    return names.get(status, str(status))

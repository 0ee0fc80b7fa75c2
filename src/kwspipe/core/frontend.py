"""Audio front end of the C core: computes log-mel features from 16-bit audio."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kwspipe._core import ffi, lib
from kwspipe.config import FrontendConfig
from kwspipe.core.frontend_blob import build_tables
from kwspipe.errors import KwspipeError


class FrontEnd:
    """A front end with fixed settings.

    Args:
        config: the settings.

    Attributes:
        tables: blob of tables and constants (see ``kws_frontend_tables.h``), identical on the PC and on the board.
        clip_samples: number of samples of a clip.
        num_frames: number of frames of a clip.
        num_channels: number of features of a frame.

    Raises:
        KwspipeError: the settings contradict each other.
    """

    def __init__(self, config: FrontendConfig) -> None:
        self.tables = build_tables(config)
        state = CoreState(self.tables)
        self.clip_samples: int = state.head.clip_samples
        self.num_frames: int = state.head.num_frames
        self.num_channels: int = state.head.num_channels

    def features(self, clips: NDArray[np.int16], threads: int = 1, dtype: DTypeLike = np.int8) -> NDArray:
        """Computes the features of independent clips.

        Args:
            clips: (clips, clip_samples) int16.
            threads: number of threads.
            dtype: ``int8`` for the model's input, or ``uint16`` for the features before quantization.

        Returns:
            (clips, num_frames, num_channels) of type ``dtype``.

        Raises:
            KwspipeError: clips of another dtype or shape, another output dtype, or less than one thread.
        """
        clips = np.ascontiguousarray(self.checked_clips(clips))
        dtype = np.dtype(dtype)
        if dtype not in (np.dtype(np.int8), np.dtype(np.uint16)):
            raise KwspipeError(
                "FrontEnd.features(dtype)", str(dtype), "int8 or uint16", "choose one of these types"
            )
        if threads < 1:
            raise KwspipeError(
                "FrontEnd.features(threads)", str(threads), "1 or more", "give a number of threads"
            )
        output = np.empty((len(clips), self.num_frames, self.num_channels), dtype)
        bounds = np.linspace(0, len(clips), min(threads, max(len(clips), 1)) + 1).astype(int)
        parts = [slice(start, end) for start, end in pairwise(bounds)]
        if len(parts) == 1:
            self.compute(clips, output)
        else:
            with ThreadPoolExecutor(len(parts)) as pool:  # the core releases the GIL
                list(pool.map(lambda part: self.compute(clips[part], output[part]), parts))
        return output

    def stream(self) -> "FrontEndStream":
        """Returns a stream, which computes frames from blocks of samples of any size."""
        return FrontEndStream(self.tables)

    def checked_clips(self, clips: NDArray[np.int16]) -> NDArray[np.int16]:
        """Returns the clips as an array; raises KwspipeError unless it is (clips, clip_samples) int16."""
        clips = np.asarray(clips)
        allowed = f"int16 of shape (clips, {self.clip_samples})"
        remedy = "convert with kwspipe.audio.pcm and cut or pad each clip to sample_length_ms"
        if clips.dtype != np.int16 or clips.ndim != 2 or clips.shape[1] != self.clip_samples:
            raise KwspipeError(
                "FrontEnd.features(clips)", f"{clips.dtype} of shape {clips.shape}", allowed, remedy
            )
        return clips

    def compute(self, clips: NDArray[np.int16], output: NDArray) -> None:
        """Computes features on this thread.

        Args:
            clips: (clips, clip_samples) int16, contiguous.
            output: (clips, num_frames, num_channels) int8 or uint16, contiguous, is overwritten.
        """
        state = CoreState(self.tables)
        source = ffi.from_buffer("int16_t[]", clips)
        if output.dtype == np.uint16:
            lib.kws_frontend_clips(state.core, source, len(clips), ffi.from_buffer("uint16_t[]", output))
        else:
            scratch = ffi.new("uint16_t[]", self.num_frames * self.num_channels)
            target = ffi.from_buffer("int8_t[]", output)
            lib.kws_frontend_clips_int8(state.core, source, len(clips), scratch, target)


class FrontEndStream:
    """A front end that keeps its state between blocks of audio. It is not thread-safe."""

    def __init__(self, tables: bytes) -> None:
        self.state = CoreState(tables)

    def push(self, samples: NDArray[np.int16]) -> NDArray[np.uint16]:
        """Processes the next samples of the stream.

        Args:
            samples: (n,) int16, of any length n.

        Returns:
            (frames, num_channels) uint16: the frames that these samples completed, if any.

        Raises:
            KwspipeError: samples of another dtype or shape.
        """
        samples = np.ascontiguousarray(samples)
        if samples.dtype != np.int16 or samples.ndim != 1:
            received = f"{samples.dtype} of shape {samples.shape}"
            raise KwspipeError(
                "FrontEndStream.push(samples)", received, "int16 of shape (n,)", "convert the samples"
            )
        core = self.state.core
        num_frames = lib.kws_frontend_frames_ahead(core, len(samples))
        frames = np.empty((num_frames, self.state.head.num_channels), np.uint16)
        source = ffi.from_buffer("int16_t[]", samples)
        num_written = lib.kws_frontend_push(
            core, source, len(samples), ffi.from_buffer("uint16_t[]", frames), num_frames
        )
        assert num_written == num_frames
        return frames

    def quantize(self, frames: NDArray[np.uint16]) -> NDArray[np.int8]:
        """Quantizes (frames, num_channels) to the model's input; a dynamic scale is common to all these frames."""
        frames = np.ascontiguousarray(frames, dtype=np.uint16)
        output = np.empty(frames.shape, np.int8)
        source = ffi.from_buffer("uint16_t[]", frames)
        lib.kws_frontend_quantize(self.state.core, source, frames.size, ffi.from_buffer("int8_t[]", output))
        return output

    def reset(self) -> None:
        """Clears the state."""
        lib.kws_frontend_reset(self.state.core)


class CoreState:
    """State of a front end in the C core, with its memory. It is not thread-safe."""

    def __init__(self, tables: bytes) -> None:
        num_words = (len(tables) + 3) // 4
        self.blob = ffi.new("uint32_t[]", num_words)  # aligned, unlike bytes objects
        ffi.memmove(self.blob, tables, len(tables))
        size = lib.kws_frontend_memory_bytes(self.blob, len(tables))
        if size < 0:
            status = ffi.typeof("kws_status_t").elements[size]
            raise KwspipeError(
                "front-end tables", status, "tables of kwspipe.core.frontend_blob", "build them again"
            )
        self.memory = ffi.new("uint32_t[]", (size + 3) // 4)
        self.core: Any = ffi.new("kws_frontend_t *")
        lib.kws_frontend_init(self.core, self.blob, len(tables), self.memory, size)
        self.head: Any = ffi.cast("kws_frontend_tables_t *", self.blob)

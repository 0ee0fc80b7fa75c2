"""Memory requirements and sample rate of a model image, read by the C core."""

from dataclasses import dataclass

from kwspipe._core import ffi, lib
from kwspipe.core.status import Status
from kwspipe.errors import KwspipeError


@dataclass(frozen=True)
class ImageRequirements:
    """Memory requirements and sample rate of a model image.

    Attributes:
        arena_bytes: size of the tensor arena.
        memory_bytes: memory of a spotter: arena, features, front end and detector.
        sample_rate_hz: of the audio.
    """

    arena_bytes: int
    memory_bytes: int
    sample_rate_hz: int

    @classmethod
    def of(cls, image: bytes) -> "ImageRequirements":
        """Reads a model image.

        Raises:
            KwspipeError: the image is damaged or has another format.
        """
        aligned = ffi.new("uint8_t[]", len(image) + lib.KWS_IMAGE_ALIGNMENT)
        skip = -int(ffi.cast("uintptr_t", aligned)) % lib.KWS_IMAGE_ALIGNMENT
        ffi.memmove(aligned + skip, image, len(image))
        opened = ffi.new("kws_image_t *")
        status = lib.kws_image_open(opened, aligned + skip, len(image))
        memory_bytes = lib.kws_spotter_memory_bytes(aligned + skip, len(image)) if status == 0 else status
        if memory_bytes < 0:
            raise KwspipeError(
                "model image",
                f"{len(image):,} bytes that cannot be run ({Status(memory_bytes).name})",
                "an image written by quantize of this release",
                "run quantize again",
            )
        section = ffi.new("uint8_t **")
        lib.kws_image_section(opened, lib.KWS_SECTION_FRONTEND, section)
        tables = ffi.cast("kws_frontend_tables_t *", section[0])
        return cls(opened.arena_bytes, memory_bytes, tables.sample_rate_hz)

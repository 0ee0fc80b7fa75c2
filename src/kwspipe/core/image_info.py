"""What a model image needs of a board, read by the core's own reader."""

from dataclasses import dataclass

from kwspipe._core import ffi, lib
from kwspipe.core.status import Status
from kwspipe.errors import KwspipeError


@dataclass(frozen=True)
class ImageRequirements:
    """Sizes of a model image.

    Attributes:
        arena_bytes: tensor arena.
        memory_bytes: all that a spotter with it needs: arena, features, front end, detector.
        sample_rate_hz: of the audio it listens to.
    """

    arena_bytes: int
    memory_bytes: int
    sample_rate_hz: int

    @classmethod
    def of(cls, image: bytes) -> "ImageRequirements":
        """Reads an image.

        Raises:
            KwspipeError: it is not one, or is damaged.
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

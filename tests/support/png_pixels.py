"""Properties of PNG files of plots."""

import struct
from pathlib import Path


def png_size(file: Path) -> tuple[int, int]:
    """Returns width and height."""
    header = file.read_bytes()[:24]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", header[16:24])
    return width, height


def coloured_share(file: Path) -> float:
    """Returns the share of pixels that are not grey."""
    from matplotlib.image import imread

    pixels = imread(file)[..., :3]
    return float((pixels.max(axis=2) - pixels.min(axis=2) > 0.2).mean())

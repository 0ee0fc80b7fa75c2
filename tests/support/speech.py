"""Recorded words of the reference material."""

from pathlib import Path

SUFFIXES = {".flac", ".opus"}


def recordings(folder: Path) -> list[Path]:
    """Returns the recordings in the folder of a word, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)

"""Storage of takes in the layout of ``dataset=folder``.

A take of the speaker ann is ``<root>/seven/ann_nohash_0.wav``. The room noise is
``<root>/_background_noise_/ann_room_0.wav``. Existing files are never overwritten.
"""

import contextlib
import os
import re
import tempfile
from pathlib import Path

import soundfile

from kwspipe.audio.pcm import Pcm
from kwspipe.errors import KwspipeError

NOISE_FOLDER = "_background_noise_"


def store_take(root: Path, word: str, speaker: str, pcm: Pcm, rate_hz: int) -> Path:
    """Writes a take of a word with the next number of the speaker and returns its path.

    Args:
        root: root folder of the data set.
        word: name of the folder.
        speaker: name of the speaker.
        pcm: (samples,) int16.
        rate_hz: sample rate.

    Raises:
        KwspipeError: the folder cannot be written.
    """
    return _store(root / word, f"{speaker}_nohash_", pcm, rate_hz)


def store_noise(root: Path, speaker: str, pcm: Pcm, rate_hz: int) -> Path:
    """Writes the noise of the speaker's room and returns its path. Arguments and errors are those of ``store_take``."""
    return _store(root / NOISE_FOLDER, f"{speaker}_room_", pcm, rate_hz)


def count_takes(root: Path, word: str, speaker: str) -> int:
    """Returns the number of takes of a word by a speaker."""
    return len(_numbers(root / word, f"{speaker}_nohash_"))


def _store(folder: Path, prefix: str, pcm: Pcm, rate_hz: int) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".tmp", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                soundfile.write(file, pcm, rate_hz, subtype="PCM_16", format="WAV")
            Path(name).chmod(0o644)
            return _link_to_next_number(Path(name), folder, prefix)
        finally:
            Path(name).unlink(missing_ok=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise KwspipeError(
            "dataset.root",
            f"{folder} cannot be written ({getattr(error, 'strerror', None) or error})",
            "a writable folder on a disk with room",
            "make room, or set dataset.root to another folder",
        ) from None


def _link_to_next_number(written: Path, folder: Path, prefix: str) -> Path:
    """Gives a file the next free number.

    A hard link fails if the target exists. A rename would replace the target of a parallel session.
    """
    number = max(_numbers(folder, prefix), default=-1) + 1
    while True:
        target = folder / f"{prefix}{number}.wav"
        with contextlib.suppress(FileExistsError):
            os.link(written, target)
            return target
        number += 1


def _numbers(folder: Path, prefix: str) -> list[int]:
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.\w+")
    files = folder.iterdir() if folder.is_dir() else ()
    return [int(match[1]) for file in files if (match := pattern.fullmatch(file.name))]

"""Filing takes in the layout that ``dataset=folder`` reads; nothing is ever overwritten.

A take of ann's is ``<root>/seven/ann_nohash_0.wav``, the room's noise ``<root>/_background_noise_/ann_room_0.wav``.
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


def file_take(root: Path, word: str, speaker: str, pcm: Pcm, rate_hz: int) -> Path:
    """Writes a take of a word under the speaker's next number, and returns its path."""
    return _file(root / word, f"{speaker}_nohash_", pcm, rate_hz)


def file_noise(root: Path, speaker: str, pcm: Pcm, rate_hz: int) -> Path:
    """Writes the noise of the speaker's room, and returns its path."""
    return _file(root / NOISE_FOLDER, f"{speaker}_room_", pcm, rate_hz)


def num_takes(root: Path, word: str, speaker: str) -> int:
    """Returns how many takes of a word a speaker has."""
    return len(_numbers(root / word, f"{speaker}_nohash_"))


def _file(folder: Path, prefix: str, pcm: Pcm, rate_hz: int) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".tmp", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                soundfile.write(file, pcm, rate_hz, subtype="PCM_16", format="WAV")
            Path(name).chmod(0o644)
            return _link(Path(name), folder, prefix)
        finally:
            Path(name).unlink(missing_ok=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise KwspipeError(
            "dataset.root",
            f"{folder} cannot be written ({getattr(error, 'strerror', None) or error})",
            "a folder that you may write to, on a disk with room",
            "make room, or set dataset.root to another folder",
        ) from None


def _link(written: Path, folder: Path, prefix: str) -> Path:
    """Gives a file the next free number. Making a link fails where there is a file already; renaming would not."""
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
    return [int(found[1]) for file in files if (found := pattern.fullmatch(file.name))]

"""Keeps the sound of detections where ``dataset=folder`` finds it: ``<word>/<source>_nohash_<n>.wav``."""

import re
from pathlib import Path

import soundfile

from kwspipe.audio.pcm import Pcm
from kwspipe.files.disk import make_folder


class Dump:
    """A folder of detections.

    Args:
        folder: made where it is missing; files in it are never overwritten.
        rate_hz: of the samples.
        length_ms: of the sound kept: the model's view of it and the time over which scores were averaged.

    Raises:
        KwspipeError: the folder cannot be written.
    """

    def __init__(self, folder: Path, rate_hz: int, length_ms: int) -> None:
        self.folder = folder
        self.rate_hz = rate_hz
        self.num_samples = rate_hz * length_ms // 1000
        make_folder(folder, "listen.dump_dir")

    def write(self, label: str, source: str, samples: Pcm) -> str:
        """Writes the last ``num_samples`` of ``samples``; returns the file's path below the folder.

        The source stands where the speaker does, so that sounds of one source never cross splits.
        """
        word = _safe(label)
        stem = _safe(Path(source).stem)
        below = self.folder / word
        below.mkdir(exist_ok=True)
        number = 0
        while (path := below / f"{stem}_nohash_{number}.wav").exists():
            number += 1
        soundfile.write(path, samples[-self.num_samples :], self.rate_hz, subtype="PCM_16")
        return f"{word}/{path.name}"


def _safe(text: str) -> str:
    """A name for a file or a folder, whatever a model calls its classes; none that starts with _ or a dot."""
    return re.sub(r"[^\w-]+", "-", text).strip("-_.") or "unnamed"

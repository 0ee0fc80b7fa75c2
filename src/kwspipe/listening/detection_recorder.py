"""Audio files of detections in the layout of ``dataset=folder``: ``<word>/<source>_nohash_<n>.wav``."""

import re
from pathlib import Path

import soundfile

from kwspipe.audio.pcm import Pcm
from kwspipe.files.disk import make_folder


class DetectionRecorder:
    """Writes the audio of detections to a folder.

    Args:
        folder: the folder, which is created. Existing files are never overwritten.
        rate_hz: sample rate of the audio.
        length_ms: length of each file. It covers the input of the model and the averaging window of the detector.

    Raises:
        KwspipeError: the folder cannot be created.
    """

    def __init__(self, folder: Path, rate_hz: int, length_ms: int) -> None:
        self.folder = folder
        self.rate_hz = rate_hz
        self.num_samples = rate_hz * length_ms // 1000
        make_folder(folder, "listen.dump_dir")

    def write(self, label: str, source: str, samples: Pcm) -> str:
        """Writes the last ``num_samples`` of the samples.

        The source takes the place of the speaker in the file name, so that audio of one source is in one split.

        Args:
            label: label of the detection.
            source: file name of the recording, or name of the microphone.
            samples: (samples,) int16, up to the detection.

        Returns:
            The path of the file relative to the folder.
        """
        word = _safe_name(label)
        stem = _safe_name(Path(source).stem)
        word_folder = self.folder / word
        word_folder.mkdir(exist_ok=True)
        number = 0
        while (path := word_folder / f"{stem}_nohash_{number}.wav").exists():
            number += 1
        soundfile.write(path, samples[-self.num_samples :], self.rate_hz, subtype="PCM_16")
        return f"{word}/{path.name}"


def _safe_name(text: str) -> str:
    """Returns a valid name for a file or folder, which does not start with an underscore or a dot."""
    return re.sub(r"[^\w-]+", "-", text).strip("-_.") or "unnamed"

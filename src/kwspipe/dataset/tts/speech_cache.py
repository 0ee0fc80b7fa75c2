"""Speech that was synthesized once: a file for each utterance, found by what it says and how.

A file's name is the sha256 of engine, its version and the utterance; nothing else is needed to find it, and whatever
changes what would be heard gives another name. Files are FLAC at the engine's own rate, appear whole (written beside,
then renamed), and may be deleted at any time.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import soundfile

from kwspipe.audio.pcm import Pcm
from kwspipe.errors import KwspipeError

SUFFIX = ".flac"


class SpeechCache:
    """A folder of synthesized utterances.

    Args:
        folder: is made where it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: Mapping[str, Any]) -> Path:
        """Returns where the samples of a key lie, or would lie."""
        digest = hashlib.sha256(json.dumps(key, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
        return self.folder / str(key["engine"]) / digest[:2] / f"{digest}{SUFFIX}"

    def has(self, key: Mapping[str, Any]) -> bool:
        """Tells whether an utterance needs no synthesis."""
        return self.path(key).is_file()

    def get(self, key: Mapping[str, Any], make: Callable[[], tuple[Pcm, int]]) -> tuple[Pcm, int]:
        """Returns samples (samples,) int16 and their rate in Hz: those kept, or what ``make`` makes and is then kept.

        A file that cannot be read is made again. Nothing is kept of an utterance without samples.

        Raises:
            KwspipeError: the folder cannot be written.
        """
        path = self.path(key)
        if path.is_file():
            # Damaged: made anew below.
            with contextlib.suppress(soundfile.SoundFileError, OSError, RuntimeError):
                pcm, rate_hz = soundfile.read(str(path), dtype="int16")
                if pcm.ndim == 1 and pcm.size:
                    return pcm, rate_hz
        pcm, rate_hz = make()
        if pcm.size:
            self._keep(path, pcm, rate_hz)
        return pcm, rate_hz

    def size(self) -> tuple[int, int]:
        """Returns how many utterances are kept, and how many bytes they take."""
        sizes = [path.stat().st_size for path in self.folder.glob(f"*/*/*{SUFFIX}")]
        return len(sizes), sum(sizes)

    def _keep(self, path: Path, pcm: Pcm, rate_hz: int) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(suffix=".tmp", dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    soundfile.write(file, pcm, rate_hz, subtype="PCM_16", format="FLAC")
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except (OSError, soundfile.SoundFileError) as error:
            raise KwspipeError(
                "dataset.synthetic.cache_dir",
                f"{self.folder} cannot be written ({getattr(error, 'strerror', None) or error})",
                "a folder on a disk with room, about 20 kB an utterance",
                "make room, set dataset.synthetic.cache_dir to another folder, or to null to keep nothing",
            ) from None

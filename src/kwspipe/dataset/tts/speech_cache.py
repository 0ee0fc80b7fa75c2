"""Cache of synthesized speech, with one file per utterance.

The name of a file is the SHA-256 of the engine, its version and the utterance. Files are FLAC at the sample rate of the
engine. They are written to a temporary file and renamed, and may be deleted at any time.
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
        folder: the folder, which is created when the first file is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: Mapping[str, Any]) -> Path:
        """Returns the path of the file for a key, which need not exist."""
        digest = hashlib.sha256(json.dumps(key, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
        return self.folder / str(key["engine"]) / digest[:2] / f"{digest}{SUFFIX}"

    def has(self, key: Mapping[str, Any]) -> bool:
        """Returns whether the utterance of a key is in the cache."""
        return self.path(key).is_file()

    def get(self, key: Mapping[str, Any], make: Callable[[], tuple[Pcm, int]]) -> tuple[Pcm, int]:
        """Returns the cached samples of a key, or calls ``make`` and stores its result.

        An unreadable file is replaced. Empty results are not stored.

        Args:
            key: all values that determine the samples.
            make: synthesizes the samples and returns them with their sample rate.

        Returns:
            The samples, (samples,) int16, and the sample rate in Hz.

        Raises:
            KwspipeError: the folder cannot be written.
        """
        path = self.path(key)
        if path.is_file():
            # A damaged file is replaced below.
            with contextlib.suppress(soundfile.SoundFileError, OSError, RuntimeError):
                pcm, rate_hz = soundfile.read(str(path), dtype="int16")
                if pcm.ndim == 1 and pcm.size:
                    return pcm, rate_hz
        pcm, rate_hz = make()
        if pcm.size:
            self._store(path, pcm, rate_hz)
        return pcm, rate_hz

    def size(self) -> tuple[int, int]:
        """Returns the number of cached utterances and their size in bytes."""
        sizes = [path.stat().st_size for path in self.folder.glob(f"*/*/*{SUFFIX}")]
        return len(sizes), sum(sizes)

    def _store(self, path: Path, pcm: Pcm, rate_hz: int) -> None:
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
                "a folder on a disk with room, about 20 kB per utterance",
                "make room, set dataset.synthetic.cache_dir to another folder, or to null for no cache",
            ) from None

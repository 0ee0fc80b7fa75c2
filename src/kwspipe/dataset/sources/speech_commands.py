"""Google Speech Commands v0.02 (Warden 2018, arXiv:1804.03209; CC BY 4.0), with a cached download."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import SpeechCommandsConfig
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.recordings import Found, Recording
from kwspipe.dataset.sources.folder import FolderSource
from kwspipe.dataset.sources.published_archive import ArchiveDownload, CachedArchive, PublishedArchive

# The 105,829 extracted recordings need 3.6 GB on a disk with blocks of 4 kB.
UNPACKED_RATIO, MAX_UNPACKED_RATIO = 1.5, 4.0


class SpeechCommandsSource:
    """The published data set with its split lists.

    Attributes:
        folder: folder of the extracted recordings.
        archives: download of the archive.

    Args:
        config: addresses, hash and cache folder.
        read_files: reader of the files.
    """

    name = "speech_commands"
    synthetic = False

    def __init__(self, config: SpeechCommandsConfig, read_files: ReadFiles = read_files) -> None:
        archive = PublishedArchive(
            config.urls, config.sha256, config.size_bytes, UNPACKED_RATIO, MAX_UNPACKED_RATIO
        )
        file = Path(config.cache_dir).expanduser() / config.urls[0].rpartition("/")[2]
        self.folder = file.with_name(f"{file.name.removesuffix('.tar.gz')}-{config.sha256[:8]}")
        parts = [CachedArchive(archive, self.folder, file)]
        self.archives = ArchiveDownload(
            "Speech Commands v0.02", parts, "dataset.speech_commands", config.download
        )
        self._files = FolderSource(self.folder, read_files)

    def check(self) -> None:
        """Checks that the archives are in the cache or may be downloaded, as ``Source.check``."""
        self.archives.check()

    def find(self) -> Found:
        """Lists the recordings, as ``Source.find``, after download and extraction if necessary."""
        self.archives.ensure_extracted()
        return replace(self._files.find(), downloads=tuple(self.archives.records()))

    def fingerprint(self) -> str:
        """Returns the state of the archives, as ``Source.fingerprint``. Their hashes are part of the configuration."""
        return self.archives.state

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Reads the files, as ``Source.read``."""
        return self._files.read(recordings, sample_rate_hz)

    def close(self) -> None:
        """Does nothing."""

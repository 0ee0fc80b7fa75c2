"""Google Speech Commands v0.02 (Warden 2018, arXiv:1804.03209; CC BY 4.0), downloaded once into a cache."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from filelock import FileLock

from kwspipe.archive import extract_tar
from kwspipe.audio import AudioError, Pcm
from kwspipe.config import SpeechCommandsConfig
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.folder import FolderSource
from kwspipe.dataset.recordings import Found, Recording, SourceUnavailable
from kwspipe.download import DownloadError, fetch, require_room

# Unpacked, the recordings take about 1.4 times the room of the archive.
UNPACKED_RATIO = 1.5
MAX_UNPACKED_RATIO = 4


class SpeechCommandsSource:
    """The published data set, with its own split lists.

    Args:
        config: where it comes from and where it is kept.
        read_files: how its files are read.
    """

    name = "speech_commands"
    synthetic = False

    def __init__(self, config: SpeechCommandsConfig, read_files: ReadFiles = read_files) -> None:
        self.config = config
        self._read_files = read_files

    @property
    def folder(self) -> Path:
        """Where the recordings lie; there only when they are all there."""
        stem = self.config.url.rpartition("/")[2].removesuffix(".tar.gz")
        return self._cache / f"{stem}-{self.config.sha256[:8]}"

    def find(self) -> Found:
        """Downloads and unpacks what is not in the cache, then lists it; see ``Source.find``."""
        try:
            self._provide()
        except DownloadError as error:
            raise SourceUnavailable(str(error)) from None
        except OSError as error:
            raise SourceUnavailable(f"{self._cache}: {error.strerror}") from None
        return FolderSource(self.folder).find()

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Reads the files; see ``Source.read``."""
        return self._read_files(recordings, sample_rate_hz)

    def close(self) -> None:
        """Has nothing to give back."""

    @property
    def _cache(self) -> Path:
        return Path(self.config.cache_dir).expanduser()

    def _provide(self) -> None:
        if self.folder.is_dir():
            return
        self._cache.mkdir(parents=True, exist_ok=True)
        with FileLock(self._cache / f".{self.folder.name}.lock"):
            if self.folder.is_dir():  # another run has made it meanwhile
                return
            archive = self._cache / self.config.url.rpartition("/")[2]
            part = archive.with_name(f"{archive.name}.part")
            arrived = sum(path.stat().st_size for path in (archive, part) if path.is_file())
            size = self.config.size_bytes
            require_room(
                self._cache, int(size * (1 + UNPACKED_RATIO)) - arrived, "the archive and its recordings"
            )
            fetch(self.config.url, archive, self.config.sha256, size)
            extract_tar(archive, self.folder, max_bytes=size * MAX_UNPACKED_RATIO)
            archive.unlink()

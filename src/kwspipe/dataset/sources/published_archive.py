"""Download of published data sets and extraction into a cache folder."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from kwspipe.dataset.recordings import SourceUnavailable
from kwspipe.files.download import fetch, remote_size
from kwspipe.files.hashing import file_hash
from kwspipe.files.http_transfer import DownloadError, require_free_space
from kwspipe.files.tar_archive import extract_tar
from kwspipe.runs.artifacts import write_json
from kwspipe.terminal.lines import print_line


@dataclass(frozen=True)
class PublishedArchive:
    """A published tar archive.

    Attributes:
        urls: addresses, tried in order.
        sha256: hash of the archive; None if it is not published.
        size_bytes: size of the archive; None if it must be requested from the server.
        unpacked_ratio: expected ratio of the disk space of the extracted files to the size of the archive.
        max_unpacked_ratio: largest accepted ratio.
    """

    urls: tuple[str, ...]
    sha256: str | None
    size_bytes: int | None
    unpacked_ratio: float
    max_unpacked_ratio: float


@dataclass(frozen=True)
class CachedArchive:
    """Paths of an archive in the cache.

    Attributes:
        archive: the published archive.
        folder: folder of the extracted files. It exists only after a complete extraction.
        file: path of the archive, which is deleted after its extraction.
    """

    archive: PublishedArchive
    folder: Path
    file: Path

    @property
    def is_cached(self) -> bool:
        """True if the archive or its extracted files are in the cache."""
        return self.folder.is_dir() or self.file.is_file()

    @property
    def record(self) -> Path:
        """Path of the JSON file with addresses, sha256 and size of the downloaded archive."""
        return self.folder.with_name(f"{self.folder.name}.json")

    @property
    def received_bytes(self) -> int:
        """Size of the downloaded part of the archive."""
        part = self.file.with_name(f"{self.file.name}.part")
        return sum(path.stat().st_size for path in (self.file, part) if path.is_file())


class ArchiveDownload:
    """Download of the archives of a data set.

    Args:
        title: name of the data set, for messages.
        parts: the archives.
        key: configuration path of the data set, for example ``dataset.speech_commands``.
        download: whether missing archives may be downloaded.
    """

    def __init__(self, title: str, parts: Sequence[CachedArchive], key: str, download: bool) -> None:
        self.title, self.parts, self.key, self.download = title, parts, key, download
        self._cache = parts[0].folder.parent

    def check(self) -> None:
        """Checks that the archives are in the cache or may be downloaded.

        Raises:
            SourceUnavailable: an archive is missing, and its download is not allowed.
        """
        if not self.download and not all(part.is_cached for part in self.parts):
            source = self.key.rpartition(".")[2]
            raise SourceUnavailable(
                f"{self.title} is not in {self._cache}",
                f"dataset={source} or {self.key}.download=true downloads it{self._size_text()}",
            )

    def ensure_extracted(self) -> None:
        """Downloads and extracts all archives that are not in the cache.

        Raises:
            SourceUnavailable: an archive is missing, and its download is not allowed or fails.
            KwspipeError: an archive has another hash than configured or is hostile.
        """
        if all(part.folder.is_dir() for part in self.parts):
            return
        self.check()
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            with FileLock(self._cache / f".{self.parts[0].folder.name}.lock"):
                missing = [part for part in self.parts if not part.folder.is_dir()]
                if missing:  # empty if another run has extracted them while this run waited for the lock
                    self._download_and_extract(missing)
        except DownloadError as error:
            raise SourceUnavailable(str(error)) from None
        except OSError as error:
            raise SourceUnavailable(f"{self._cache}: {error.strerror}") from None

    @property
    def state(self) -> str:
        """Result that ``ensure_extracted`` would have. A stage that ran with another state is out of date.

        The texts are part of the manifests of runs.
        """
        is_cached = all(part.is_cached for part in self.parts)
        return "downloaded where missing" if self.download else "there" if is_cached else "not there"

    def records(self) -> list[dict[str, Any]]:
        """Returns addresses, sha256 and size of the downloaded archives, for summary.json."""
        return [json.loads(part.record.read_text()) for part in self.parts if part.record.is_file()]

    def _download_and_extract(self, missing: Sequence[CachedArchive]) -> None:
        sizes = [part.archive.size_bytes or remote_size(part.archive.urls) for part in missing]
        self._check_space(missing, sizes)
        for part, size in zip(missing, sizes, strict=True):
            archive = part.archive
            fetch(archive.urls, part.file, archive.sha256, size)
            size_bytes = part.file.stat().st_size
            extract_tar(part.file, part.folder, max_bytes=int(size_bytes * archive.max_unpacked_ratio))
            record = {
                "urls": list(archive.urls),
                "sha256": archive.sha256 or file_hash(part.file),
                "sha256_was_known": archive.sha256 is not None,
                "size_bytes": size_bytes,
            }
            write_json(part.record, record)
            part.file.unlink()

    def _check_space(self, missing: Sequence[CachedArchive], sizes: Sequence[int | None]) -> None:
        """Prints the sizes of download and extracted files, and checks the free disk space.

        Raises:
            DiskError: the disk has not enough space.
        """
        download_bytes = sum(
            max(0, (size or 0) - part.received_bytes) for part, size in zip(missing, sizes, strict=True)
        )
        extracted_bytes = sum(
            int((size or 0) * part.archive.unpacked_ratio) for part, size in zip(missing, sizes, strict=True)
        )
        free_bytes = shutil.disk_usage(self._cache).free
        unknown = "" if all(sizes) else ", without archives of unknown size"
        print_line(
            f"{self.title}: {download_bytes / 1e9:.2f} GB to download and {extracted_bytes / 1e9:.2f} GB to extract"
            f"{unknown}; needs {(download_bytes + extracted_bytes) / 1e9:.2f} GB in {self._cache}, "
            f"free {free_bytes / 1e9:.2f} GB"
        )
        require_free_space(
            self._cache, download_bytes + extracted_bytes, f"the archives and recordings of {self.title}"
        )

    def _size_text(self) -> str:
        """Returns the sizes of download and disk space as text, if they are known."""
        sizes = [part.archive.size_bytes for part in self.parts]
        if not all(sizes):
            return ""
        needed = sum(
            (part.archive.size_bytes or 0) * (1 + part.archive.unpacked_ratio) for part in self.parts
        )
        return f" ({sum(size or 0 for size in sizes) / 1e9:.1f} GB, {needed / 1e9:.1f} GB on the disk)"

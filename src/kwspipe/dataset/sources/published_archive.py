"""Published data sets: archives that are downloaded once, when asked for, and unpacked in a cache."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from rich.console import Console

from kwspipe.dataset.recordings import SourceUnavailable
from kwspipe.files.download import fetch, remote_size
from kwspipe.files.hashing import file_hash
from kwspipe.files.http_transfer import DownloadError, require_free_space
from kwspipe.files.tar_archive import extract_tar
from kwspipe.runs.artifacts import write_json


@dataclass(frozen=True)
class Archive:
    """A tar archive that others publish.

    Attributes:
        urls: where it is; each is tried in turn.
        sha256: of the archive; None where its publisher tells none.
        size_bytes: of the archive; None where only the server knows.
        unpacked_ratio: room on the disk its files take, for each byte of the archive.
        max_unpacked_ratio: an archive that unpacks to more than this is refused.
    """

    urls: tuple[str, ...]
    sha256: str | None
    size_bytes: int | None
    unpacked_ratio: float
    max_unpacked_ratio: float


@dataclass(frozen=True)
class Cached:
    """An archive's place in the cache.

    Attributes:
        archive: what is published.
        folder: where its files lie; there only when all of them are.
        file: where the archive lies until it is unpacked.
    """

    archive: Archive
    folder: Path
    file: Path

    @property
    def there(self) -> bool:
        """Whether nothing of it has to be downloaded."""
        return self.folder.is_dir() or self.file.is_file()

    @property
    def record(self) -> Path:
        """What was downloaded: addresses, sha256, and whether that was known beforehand."""
        return self.folder.with_name(f"{self.folder.name}.json")

    @property
    def arrived_bytes(self) -> int:
        """How much of the archive is there."""
        part = self.file.with_name(f"{self.file.name}.part")
        return sum(path.stat().st_size for path in (self.file, part) if path.is_file())


class Download:
    """The archives of one data set.

    Args:
        title: the data set, as people call it.
        parts: its archives.
        key: configuration path of its settings: ``dataset.speech_commands``.
        download: whether what is not in the cache may be fetched.
    """

    def __init__(self, title: str, parts: Sequence[Cached], key: str, download: bool) -> None:
        self.title, self.parts, self.key, self.download = title, parts, key, download
        self._cache = parts[0].folder.parent

    def provide(self) -> None:
        """Sees to it that every archive is unpacked in the cache.

        Raises:
            SourceUnavailable: something is missing and may not, or cannot, be downloaded.
            KwspipeError: an archive is another one than configured, or a hostile one.
        """
        if all(part.folder.is_dir() for part in self.parts):
            return
        if not self.download and not all(part.there for part in self.parts):
            source = self.key.rpartition(".")[2]
            raise SourceUnavailable(
                f"{self.title} is not in {self._cache}, and is downloaded only when asked for: "
                f"dataset={source}, or {self.key}.download=true{self._told_size()}"
            )
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            with FileLock(self._cache / f".{self.parts[0].folder.name}.lock"):
                missing = [part for part in self.parts if not part.folder.is_dir()]
                if missing:  # else another run has made it meanwhile
                    self._make(missing)
        except DownloadError as error:
            raise SourceUnavailable(str(error)) from None
        except OSError as error:
            raise SourceUnavailable(f"{self._cache}: {error.strerror}") from None

    @property
    def state(self) -> str:
        """Tells what ``provide`` would do, without doing it: a stage that ran with another answer is out of date."""
        there = all(part.there for part in self.parts)
        return "downloaded where missing" if self.download else "there" if there else "not there"

    def records(self) -> list[dict[str, Any]]:
        """Returns what was downloaded, for the summary."""
        return [json.loads(part.record.read_text()) for part in self.parts if part.record.is_file()]

    def _make(self, missing: Sequence[Cached]) -> None:
        sizes = [part.archive.size_bytes or remote_size(part.archive.urls) for part in missing]
        self._forecast(missing, sizes)
        for part, size in zip(missing, sizes, strict=True):
            archive = part.archive
            fetch(archive.urls, part.file, archive.sha256, size)
            arrived = part.file.stat().st_size
            extract_tar(part.file, part.folder, max_bytes=int(arrived * archive.max_unpacked_ratio))
            record = {
                "urls": list(archive.urls),
                "sha256": archive.sha256 or file_hash(part.file),
                "sha256_was_known": archive.sha256 is not None,
                "size_bytes": arrived,
            }
            write_json(part.record, record)
            part.file.unlink()

    def _forecast(self, missing: Sequence[Cached], sizes: Sequence[int | None]) -> None:
        """Tells what is going to be downloaded and unpacked, and stops where the disk cannot take it."""
        download = sum(
            max(0, (size or 0) - part.arrived_bytes) for part, size in zip(missing, sizes, strict=True)
        )
        unpacked = sum(
            int((size or 0) * part.archive.unpacked_ratio) for part, size in zip(missing, sizes, strict=True)
        )
        free = shutil.disk_usage(self._cache).free
        unknown = "" if all(sizes) else ", besides archives whose size no server tells"
        Console(stderr=True, highlight=False).print(
            f"    {self.title}: {download / 1e9:.2f} GB to download and {unpacked / 1e9:.2f} GB to unpack{unknown}; "
            f"needs {(download + unpacked) / 1e9:.2f} GB in {self._cache}, free {free / 1e9:.2f} GB"
        )
        require_free_space(
            self._cache, download + unpacked, f"the archive and its recordings of {self.title}"
        )

    def _told_size(self) -> str:
        sizes = [part.archive.size_bytes for part in self.parts]
        if not all(sizes):
            return ""
        needed = sum(
            (part.archive.size_bytes or 0) * (1 + part.archive.unpacked_ratio) for part in self.parts
        )
        return f" ({sum(size or 0 for size in sizes) / 1e9:.1f} GB, {needed / 1e9:.1f} GB on the disk)"

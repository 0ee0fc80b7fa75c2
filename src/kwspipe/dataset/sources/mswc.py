"""Multilingual Spoken Words Corpus, one language (Mazumder et al., NeurIPS 2021 Datasets and Benchmarks; CC BY 4.0).

The clips are words cut from sentences of Common Voice. One archive contains
``<language>/clips/<word>/common_voice_<language>_<n>.opus``. Another archive contains ``<language>_splits.csv`` with
the columns SET, LINK (``<word>/<file>``), WORD, VALID, SPEAKER, GENDER.

The column SET is not used, because it divides the clips of each word, and clips of one speaker are in several sets.
Speakers are split by the hash rule of ``splits``, so that no speaker is in two splits.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import DatasetConfig
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.hard_negatives.near_misses import spelling_similarity
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.recordings import Found, Recording, Rejected, normalize_name
from kwspipe.dataset.sampling import RecordingSample, random_key
from kwspipe.dataset.sources.folder import FolderSource
from kwspipe.dataset.sources.published_archive import ArchiveDownload, CachedArchive, PublishedArchive
from kwspipe.errors import KwspipeError
from kwspipe.terminal.progress import ProgressBars

COLUMNS = ("LINK", "WORD", "VALID", "SPEAKER")
# Expected and largest accepted ratio of disk space to archive size. Opus files of 5 kB are not compressible and occupy
# blocks of 4 kB. The table is compressible, because it repeats the speakers.
AUDIO_RATIOS = 1.8, 4.0
SPLITS_RATIOS = 10.0, 100.0
# Stored digits of a speaker's hash, sufficient for a million speakers without collisions.
SPEAKER_DIGITS = 20
# Fraction of the other words that are selected by similarity to a keyword. The rest is drawn at random.
NEAR_FRACTION = 0.25


class MswcSource:
    """One language of the corpus, with all clips of the keywords and a sample of clips of other words.

    Attributes:
        archives: download of the archives.

    Args:
        dataset: words, addresses and limits.
        seed: seed of the selection of other words.
        read_files: reader of the files.
    """

    name = "mswc"
    synthetic = False

    def __init__(self, dataset: DatasetConfig, seed: int, read_files: ReadFiles = read_files) -> None:
        config = dataset.mswc
        self.dataset, self.config, self.seed = dataset, config, seed
        self._audio = self._cached("audio", config.audio_urls, config.audio_sha256, AUDIO_RATIOS)
        self._splits = self._cached("splits", config.splits_urls, config.splits_sha256, SPLITS_RATIOS)
        title = f"Multilingual Spoken Words, {config.language}"
        self.archives = ArchiveDownload(title, [self._audio, self._splits], "dataset.mswc", config.download)
        self._files = FolderSource(self._audio.folder, read_files)

    def check(self) -> None:
        """Checks that the archives are in the cache or may be downloaded, as ``Source.check``."""
        self.archives.check()

    def find(self) -> Found:
        """Lists the clips, as ``Source.find``, after download and extraction if necessary."""
        self.archives.ensure_extracted()
        clips = self._audio.folder / self.config.language / "clips"
        if not clips.is_dir():
            raise self._format_error(
                self._audio.folder, f"{self.config.language}/clips with folders of words"
            )
        table = next(self._splits.folder.rglob(f"{self.config.language}_splits.csv"), None)
        if table is None:
            raise self._format_error(self._splits.folder, f"{self.config.language}_splits.csv")
        keywords = {normalize_name(word) for word in self.dataset.words}
        others = self._other_words(table, keywords)
        rejected: list[Rejected] = []
        recordings: list[Recording] = []
        samples = {
            word: RecordingSample(self.config.max_clips_per_other_word, f"{self.seed}/mswc")
            for word in others
        }
        for row in self._rows(table, "choosing clips"):
            word = normalize_name(row["WORD"])
            if word not in keywords and word not in samples:
                continue
            recording = _recording(row, word, clips, rejected, report=word in keywords)
            if recording is not None:
                (recordings.append if word in keywords else samples[word].add)(recording)
        recordings += (recording for sample in samples.values() for recording in sample.recordings())
        words = Listing.of(sorted(recordings, key=lambda recording: recording.path))
        return Found(words, (), tuple(rejected), downloads=tuple(self.archives.records()))

    def fingerprint(self) -> str:
        """Returns the state of the archives, as ``Source.fingerprint``. Their hashes are part of the configuration."""
        return self.archives.state

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Reads the files, as ``Source.read``."""
        return self._files.read(recordings, sample_rate_hz)

    def close(self) -> None:
        """Does nothing."""

    def _cached(
        self, part: str, urls: tuple[str, ...], sha256: str | None, ratios: tuple[float, float]
    ) -> CachedArchive:
        language = self.config.language
        addresses = tuple(url.replace("{language}", language) for url in urls)
        archive = PublishedArchive(addresses, sha256, None, *ratios)
        file = Path(self.config.cache_dir).expanduser() / f"mswc-{language}-{part}.tar.gz"
        stem = file.name.removesuffix(".tar.gz")
        return CachedArchive(archive, file.with_name(f"{stem}-{sha256[:8]}" if sha256 else stem), file)

    def _other_words(self, table: Path, keywords: set[str]) -> set[str]:
        """Selects the configured other words, or else words similar to keywords and random words."""
        if self.dataset.unknown_words:
            return {normalize_name(word) for word in self.dataset.unknown_words}
        folded = {keyword.casefold() for keyword in keywords}
        counts = Counter(normalize_name(row["WORD"]) for row in self._rows(table, "counting words"))
        candidates = [word for word in counts if word.casefold() not in folded]
        num_near = int(NEAR_FRACTION * self.config.max_other_words)
        near = sorted(candidates, key=lambda word: (-spelling_similarity(word, keywords), word))[:num_near]
        drawn = sorted(set(candidates) - set(near), key=lambda word: random_key(word, f"{self.seed}/mswc"))
        return {*near, *drawn[: self.config.max_other_words - len(near)]}

    def _rows(self, table: Path, description: str) -> Iterator[dict[str, str]]:
        """Yields the rows of the table of clips, with a progress bar."""
        with (
            ProgressBars("bytes") as progress,
            progress.open(table, "rt", encoding="utf-8", newline="", description=description) as file,
        ):
            yield from self._checked(file, table)

    def _checked(self, file: IO[str], table: Path) -> Iterator[dict[str, str]]:
        reader = csv.DictReader(file)
        try:
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise self._format_error(table, f"the columns {', '.join(COLUMNS)}")
            for row in reader:
                if any(row[column] is None for column in COLUMNS):
                    raise self._format_error(table, f"all columns in line {reader.line_num}")
                yield row
        except (UnicodeDecodeError, csv.Error) as error:
            raise self._format_error(table, f"a table in UTF-8 ({error})") from None

    def _format_error(self, where: Path, expected: str) -> KwspipeError:
        return KwspipeError(
            str(where),
            f"it does not have {expected}",
            "the corpus as it was published in 2021",
            "delete this folder from the cache, check the addresses of dataset.mswc, and run again",
        )


def _recording(
    row: dict[str, str], word: str, clips: Path, rejected: list[Rejected], report: bool
) -> Recording | None:
    """Returns the recording of a row. Invalid rows are added to ``rejected`` if ``report`` is set."""
    link = row["LINK"].replace("\\", "/")
    reason = ""
    if row["VALID"].strip().lower() != "true":
        reason = "not_valid"
    elif row["SPEAKER"] in ("", "NA"):
        reason = "no_speaker"  # the split cannot be assigned by speaker
    elif link.startswith("/") or ".." in link.split("/"):
        reason = "not_audio"
    if reason:
        if report:
            rejected.append(
                Rejected(
                    normalize_name(link), word, reason, f"VALID {row['VALID']}, SPEAKER {row['SPEAKER'][:8]}"
                )
            )
        return None
    speaker = row["SPEAKER"][:SPEAKER_DIGITS]
    return Recording(normalize_name(link), word, speaker, None, str(clips / link), row["SPEAKER"])

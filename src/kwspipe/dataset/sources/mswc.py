"""Multilingual Spoken Words Corpus (Mazumder et al., NeurIPS 2021 Datasets and Benchmarks; CC BY 4.0), by language.

Words cut out of Common Voice's sentences: ``<language>/clips/<word>/common_voice_<language>_<n>.opus`` in one archive,
``<language>_splits.csv`` in another, with the columns SET, LINK (``<word>/<file>``), WORD, VALID, SPEAKER, GENDER.

Its sets share out the clips of each word, and a person has said many words. Sets are therefore not used: speakers are
split by our hash rule, so that none is in two splits.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import Progress

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import DatasetConfig
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.hard_negatives.near_misses import spelling_similarity
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.recordings import Found, Recording, Rejected, normalize_name
from kwspipe.dataset.sampling import RecordingSample, random_key
from kwspipe.dataset.sources.folder import FolderSource
from kwspipe.dataset.sources.published_archive import Archive, Cached, Download
from kwspipe.errors import KwspipeError

COLUMNS = ("LINK", "WORD", "VALID", "SPEAKER")
# Room on the disk for a byte of the archive, and the most that is believed. Opus files of 5 kB do not shrink in an
# archive and fill blocks of 4 kB; the table repeats its speakers.
AUDIO_RATIOS = 1.8, 4.0
SPLITS_RATIOS = 10.0, 100.0
# Digits of a speaker's hash that are kept: enough to tell a million people apart.
SPEAKER_DIGITS = 20
# Of the other words, the part that is chosen for being like a keyword; the rest is drawn at random.
NEAR_FRACTION = 0.25


class MswcSource:
    """One language of the corpus: all clips of the keywords, some clips of some other words.

    Attributes:
        archives: what it is downloaded from.

    Args:
        dataset: words, and where the corpus comes from.
        seed: of the choice of other words.
        read_files: how its files are read.
    """

    name = "mswc"
    synthetic = False

    def __init__(self, dataset: DatasetConfig, seed: int, read_files: ReadFiles = read_files) -> None:
        config = dataset.mswc
        self.dataset, self.config, self.seed = dataset, config, seed
        self._audio = self._cached("audio", config.audio_urls, config.audio_sha256, AUDIO_RATIOS)
        self._splits = self._cached("splits", config.splits_urls, config.splits_sha256, SPLITS_RATIOS)
        title = f"Multilingual Spoken Words, {config.language}"
        self.archives = Download(title, [self._audio, self._splits], "dataset.mswc", config.download)
        self._files = FolderSource(self._audio.folder, read_files)

    def find(self) -> Found:
        """Downloads, if that is asked for, and unpacks what is not in the cache, then lists it; see ``Source.find``."""
        self.archives.provide()
        clips = self._audio.folder / self.config.language / "clips"
        if not clips.is_dir():
            raise self._unlike(self._audio.folder, f"{self.config.language}/clips, folders of words")
        table = next(self._splits.folder.rglob(f"{self.config.language}_splits.csv"), None)
        if table is None:
            raise self._unlike(self._splits.folder, f"{self.config.language}_splits.csv")
        keywords = {normalize_name(word) for word in self.dataset.words}
        others = self._other_words(table, keywords)
        rejected: list[Rejected] = []
        kept: list[Recording] = []
        samples = {
            word: RecordingSample(self.config.max_clips_per_other_word, f"{self.seed}/mswc")
            for word in others
        }
        for row in self._rows(table, "choosing clips"):
            word = normalize_name(row["WORD"])
            if word not in keywords and word not in samples:
                continue
            recording = _recording(row, word, clips, rejected, tell=word in keywords)
            if recording is not None:
                (kept.append if word in keywords else samples[word].add)(recording)
        kept += (recording for sample in samples.values() for recording in sample.recordings())
        words = Listing.of(sorted(kept, key=lambda recording: recording.path))
        return Found(words, (), tuple(rejected), downloads=tuple(self.archives.records()))

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Reads the files; see ``Source.read``."""
        return self._files.read(recordings, sample_rate_hz)

    def close(self) -> None:
        """Has nothing to give back."""

    def _cached(
        self, part: str, urls: tuple[str, ...], sha256: str | None, ratios: tuple[float, float]
    ) -> Cached:
        language = self.config.language
        addresses = tuple(url.replace("{language}", language) for url in urls)
        archive = Archive(addresses, sha256, None, *ratios)
        file = Path(self.config.cache_dir).expanduser() / f"mswc-{language}-{part}.tar.gz"
        stem = file.name.removesuffix(".tar.gz")
        return Cached(archive, file.with_name(f"{stem}-{sha256[:8]}" if sha256 else stem), file)

    def _other_words(self, table: Path, keywords: set[str]) -> set[str]:
        """Chooses other words: those configured, else the ones most like a keyword, and others at random."""
        if self.dataset.unknown_words:
            return {normalize_name(word) for word in self.dataset.unknown_words}
        folded = {keyword.casefold() for keyword in keywords}
        counts = Counter(normalize_name(row["WORD"]) for row in self._rows(table, "counting words"))
        known = [word for word in counts if word.casefold() not in folded]
        num_near = int(NEAR_FRACTION * self.config.max_other_words)
        near = sorted(known, key=lambda word: (-spelling_similarity(word, keywords), word))[:num_near]
        drawn = sorted(set(known) - set(near), key=lambda word: random_key(word, f"{self.seed}/mswc"))
        return {*near, *drawn[: self.config.max_other_words - len(near)]}

    def _rows(self, table: Path, doing: str) -> Iterator[dict[str, str]]:
        """Reads the table of clips, a row at a time."""
        with (
            Progress(console=Console(stderr=True)) as progress,
            progress.open(table, "rt", encoding="utf-8", newline="", description=doing) as file,
        ):
            yield from self._checked(file, table)

    def _checked(self, file: IO[str], table: Path) -> Iterator[dict[str, str]]:
        reader = csv.DictReader(file)
        try:
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise self._unlike(table, f"the columns {', '.join(COLUMNS)}")
            for row in reader:
                if any(row[column] is None for column in COLUMNS):
                    raise self._unlike(table, f"every column in line {reader.line_num}")
                yield row
        except (UnicodeDecodeError, csv.Error) as error:
            raise self._unlike(table, f"a table in UTF-8 ({error})") from None

    def _unlike(self, where: Path, expected: str) -> KwspipeError:
        return KwspipeError(
            str(where),
            f"it has not {expected}",
            "the corpus as it was published in 2021",
            "delete this folder from the cache and check dataset.mswc's addresses, then run again",
        )


def _recording(
    row: dict[str, str], word: str, clips: Path, rejected: list[Rejected], tell: bool
) -> Recording | None:
    """Makes the recording of a row, or notes, if that is to be told, why it is none."""
    link = row["LINK"].replace("\\", "/")
    reason = ""
    if row["VALID"].strip().lower() != "true":
        reason = "not_valid"
    elif row["SPEAKER"] in ("", "NA"):
        reason = "no_speaker"  # one cannot see to it that it is in one split only
    elif link.startswith("/") or ".." in link.split("/"):
        reason = "not_audio"
    if reason:
        if tell:
            rejected.append(
                Rejected(
                    normalize_name(link), word, reason, f"VALID {row['VALID']}, SPEAKER {row['SPEAKER'][:8]}"
                )
            )
        return None
    speaker = row["SPEAKER"][:SPEAKER_DIGITS]
    return Recording(normalize_name(link), word, speaker, None, str(clips / link), row["SPEAKER"])

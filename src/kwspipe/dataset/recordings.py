"""Interface of a recording source: its list of recordings and their samples."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.labels import word_label

Split = Literal["training", "validation", "testing"]
SPLITS: tuple[Split, ...] = ("training", "validation", "testing")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of one word or of noise.

    Attributes:
        path: identifies the recording within its source, with forward slashes.
        word: the spoken word; empty for noise.
        speaker: the speaker; for noise, the recording from which it was cut. Equal names mean the same voice.
        split: the split that the source prescribes; None if the split is assigned by speaker.
        origin: input from which the source obtains the samples, for example the path of a file or an utterance.
        content: text that changes when the samples change, for example the size of the file or the text and voice of an
            utterance. Fingerprints are computed from it.
        changed_ns: modification time of the file, in nanoseconds since 1970; 0 if there is no file.
    """

    path: str
    word: str
    speaker: str
    split: Split | None
    origin: Any
    content: str
    changed_ns: int = 0


@dataclass(frozen=True)
class Rejected:
    """A file or folder that is not used, and the reason."""

    path: str
    word: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Found:
    """The recordings of a source.

    Attributes:
        words: recordings of words, sorted by path; a ``Listing`` if there may be many.
        noise: recordings of background noise, sorted by path.
        rejected: files and folders that were found and are not used.
        listed: splits that lists of the source define; the other splits are assigned by speaker.
        downloads: archives from which the recordings were unpacked, each with addresses, sha256, and whether the sha256
            was configured.
    """

    words: Sequence[Recording]
    noise: tuple[Recording, ...]
    rejected: tuple[Rejected, ...] = ()
    listed: frozenset[Split] = frozenset()
    downloads: tuple[Mapping[str, Any], ...] = ()


class SourceUnavailable(Exception):  # noqa: N818  (not an error: the next source is tried)
    """A source without recordings; its text is the reason.

    Args:
        reason: why there are no recordings.
        remedy: the next step for a user who wants this source.
    """

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


class Source(Protocol):
    """A source of recordings."""

    @property
    def name(self) -> str:
        """Name of the source in the configuration."""
        ...

    @property
    def synthetic(self) -> bool:
        """True if the recordings are synthetic speech."""
        ...

    def check(self) -> None:
        """Checks that there are recordings, or that they can be downloaded, without listing all of them.

        Raises:
            SourceUnavailable: there are no recordings; the next source may be tried.
        """
        ...

    def find(self) -> Found:
        """Lists the recordings without reading samples.

        Raises:
            SourceUnavailable: there are no recordings; the next source may be tried.
            KwspipeError: the recordings cannot be used.
        """
        ...

    def fingerprint(self) -> str | None:
        """Returns a text that changes if the recordings change, without reading samples.

        The text is part of the manifests of runs. It is None if the configuration determines the recordings.

        Raises:
            SourceUnavailable: there are no recordings.
        """
        ...

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Yields the samples of each recording in order, (samples,) int16 at ``sample_rate_hz``.

        ``recordings`` may have a million elements, so it is consumed only a bounded number ahead.
        """
        ...

    def close(self) -> None:
        """Releases the resources that reading uses, for example processes."""
        ...


def normalize_name(name: str) -> str:
    """Returns a name in Unicode's composed form (NFC), with bytes that are not UTF-8 written as ``\\xNN``."""
    composed = unicodedata.normalize("NFC", name)
    return os.fsencode(composed).decode("utf-8", "backslashreplace")


def normalize_word(folder: str) -> str:
    """Returns the word of a folder: its name with ``_`` in place of spaces. ``hey computer`` is ``hey_computer``."""
    return word_label(normalize_name(folder)) or folder


def listing_hash(recordings: Iterable[Recording], with_times: bool = False) -> str:
    """Returns the sha256 of a list of recordings: of their names, speakers, splits and contents.

    Args:
        recordings: the list; the hash depends on its order.
        with_times: includes the modification times. They detect a file that was replaced by one of the same size, but
            are comparable on one machine only.
    """
    digest = hashlib.sha256()
    for r in recordings:
        time = f" {r.changed_ns}" if with_times else ""
        digest.update(f"{r.path}\t{r.speaker}\t{r.split}\t{r.content}{time}\n".encode())
    return digest.hexdigest()

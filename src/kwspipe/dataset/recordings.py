"""What a source of recordings gives: the recordings it has, and their samples when asked for them."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from kwspipe.audio.pcm import AudioError, Pcm

Split = Literal["training", "validation", "testing"]
SPLITS: tuple[Split, ...] = ("training", "validation", "testing")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of one word, or of noise.

    Attributes:
        path: names it within its source, with forward slashes.
        word: the word spoken; empty for noise.
        speaker: who spoke it; for noise, what it was cut from. The same name is the same voice.
        split: the split its source demands; None where splits are made by speaker.
        origin: what the source needs to get the samples: a file's path, an utterance to synthesize.
        content: what changes when the samples do (size of the file, text and voice): fingerprints are made of it.
        changed_ns: when its file was changed, in nanoseconds since 1970; 0 where there is none.
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
    """A file or folder left out, and why."""

    path: str
    word: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Found:
    """What a source has.

    Attributes:
        words: recordings of words, sorted by path; a ``Listing`` where there may be many.
        noise: recordings of background noise, sorted by path.
        rejected: what it saw and left out.
        listed: splits that its own lists define; the others are made by speaker.
        downloads: archives it was unpacked from: addresses, sha256, whether that was known beforehand.
    """

    words: Sequence[Recording]
    noise: tuple[Recording, ...]
    rejected: tuple[Rejected, ...] = ()
    listed: frozenset[Split] = frozenset()
    downloads: tuple[Mapping[str, Any], ...] = ()


class SourceUnavailable(Exception):  # noqa: N818  (no fault: the next source is tried)
    """A source has nothing to give here; its text says why."""


class Source(Protocol):
    """Somewhere recordings come from."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether machines speak."""
        ...

    def find(self) -> Found:
        """Lists what there is, without reading samples.

        Raises:
            SourceUnavailable: there is nothing; the next source may be tried.
            KwspipeError: what there is cannot be used.
        """
        ...

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Yields the samples of each recording, in order, (samples,) int16 at ``sample_rate_hz``.

        Recordings are taken as samples are, a bounded number ahead: there may be a million of them.
        """
        ...

    def close(self) -> None:
        """Gives back what reading took: processes, for one."""
        ...


def normalize_name(name: str) -> str:
    """Returns a name in Unicode's composed form, bytes that are no UTF-8 shown as ``\\xNN``."""
    composed = unicodedata.normalize("NFC", name)
    return os.fsencode(composed).decode("utf-8", "backslashreplace")


def listing_hash(recordings: Iterable[Recording], with_times: bool = False) -> str:
    """Returns the sha256 of a list of recordings: names, speakers, splits and contents.

    Args:
        recordings: the list; its order counts.
        with_times: times of change too, which tell a file replaced by one of the same size, on this machine only.
    """
    digest = hashlib.sha256()
    for r in recordings:
        time = f" {r.changed_ns}" if with_times else ""
        digest.update(f"{r.path}\t{r.speaker}\t{r.split}\t{r.content}{time}\n".encode())
    return digest.hexdigest()

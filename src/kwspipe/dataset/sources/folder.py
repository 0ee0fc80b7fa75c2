"""Recordings in folders with the layout of Google Speech Commands.

Files of words are ``<root>/<word>/<speaker>_nohash_<n>.wav``. Folders whose name starts with ``_`` or ``.`` contain no
words. The folder of a phrase is ``hey_computer`` or ``hey computer``. ``<root>/_background_noise_`` contains noise. For
names without ``_nohash_``, the speaker is the part before the last ``_``, or the name without its suffix:
``ann_3.wav``, ``ann_4.wav`` and ``ann.wav`` are recordings of ann. ``validation_list.txt`` and ``testing_list.txt`` in
the root define the splits, if they exist.
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.recordings import (
    Found,
    Recording,
    Rejected,
    SourceUnavailable,
    Split,
    listing_hash,
    normalize_name,
    normalize_word,
)
from kwspipe.dataset.sources.recording_files import (
    entries_of,
    is_audio,
    is_folder,
    list_recordings,
    names_in,
    recording_of,
    similar_folder,
)
from kwspipe.errors import KwspipeError

NOISE_FOLDER = "_background_noise_"
ROOT_REMEDY = (
    "set dataset.root to a folder that has a folder with recordings <speaker>_nohash_<n>.wav for each word"
)
SPLIT_LISTS: dict[Split, str] = {"validation": "validation_list.txt", "testing": "testing_list.txt"}


class FolderSource:
    """Recordings below one folder.

    Args:
        root: the folder; None if no folder is configured.
        read_files: reader of the files.
    """

    name = "folder"
    synthetic = False

    def __init__(self, root: Path | None, read_files: ReadFiles = read_files) -> None:
        self.root = root
        self._read_files = read_files

    def check(self) -> None:
        """Checks that a folder of a word contains a file with the suffix of a recording, as ``Source.check``."""
        root, folders = self._word_folders()
        if not any(is_audio(name) for folder in folders for name in names_in(root / folder)):
            raise self._without_recordings(root)

    def find(self) -> Found:
        """Lists the recordings, as ``Source.find``."""
        root, folders = self._word_folders()
        rejected: list[Rejected] = []
        lists = {split: _read_list(root / name) for split, name in SPLIT_LISTS.items()}
        split_lists = {split: names for split, names in lists.items() if names is not None}
        _check_lists(root, split_lists)
        words = Listing.of(
            recording
            for folder in folders
            for recording in _word_recordings(root, folder, split_lists, rejected)
        )
        if not words:
            raise self._without_recordings(root)
        noise_root = root / NOISE_FOLDER
        noise = list_recordings(noise_root, rejected) if noise_root.is_dir() else []
        return Found(words, tuple(noise), tuple(rejected), frozenset(split_lists))

    def fingerprint(self) -> str:
        """Returns the hash of names, sizes and modification times of the files, as ``Source.fingerprint``."""
        found = self.find()
        return listing_hash(itertools.chain(found.words, found.noise), with_times=True)

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Reads the files, as ``Source.read``."""
        return self._read_files(recordings, sample_rate_hz)

    def close(self) -> None:
        """Does nothing."""

    def _word_folders(self) -> tuple[Path, list[str]]:
        """Returns the root, and the names of its folders of words in alphabetical order."""
        if self.root is None:
            raise SourceUnavailable("dataset.root is not set", ROOT_REMEDY)
        if not self.root.is_dir():
            state = "a file, not a folder" if self.root.is_file() else "not a folder"
            raise SourceUnavailable(
                f"dataset.root {str(self.root)!r} is {state}", f"{similar_folder(self.root)}{ROOT_REMEDY}"
            )
        try:
            with os.scandir(self.root) as entries:
                folders = sorted(entry.name for entry in entries if is_folder(entry))
        except OSError as error:
            raise SourceUnavailable(
                f"dataset.root {str(self.root)!r} cannot be read ({error.strerror})",
                "correct the permissions of the folder",
            ) from None
        return self.root, [name for name in folders if not name.startswith(("_", "."))]

    def _without_recordings(self, root: Path) -> SourceUnavailable:
        return SourceUnavailable(f"dataset.root {str(root)!r} contains {_content(root)}", ROOT_REMEDY)


def _word_recordings(
    root: Path, folder: str, lists: dict[Split, frozenset[str]], rejected: list[Rejected]
) -> list[Recording]:
    name, word = normalize_name(folder), normalize_word(folder)
    entries = entries_of(root / folder, name, word, rejected)
    files = (entry for entry in entries if not is_folder(entry))
    found = (
        recording_of(entry, f"{name}/{normalize_name(entry.name)}", word, rejected, lists) for entry in files
    )
    return sorted((r for r in found if r is not None), key=lambda recording: recording.path)


def _content(root: Path) -> str:
    """Returns what a root without recordings in folders of words contains."""
    num_files = sum(map(is_audio, names_in(root)))
    if num_files:
        return f"{num_files} recording(s), but no folders of words"
    return "no <word>/<speaker>_nohash_<n>.wav"


def _check_lists(root: Path, lists: dict[Split, frozenset[str]]) -> None:
    duplicates = sorted(frozenset.intersection(*lists.values())) if len(lists) > 1 else []
    if duplicates:
        raise KwspipeError(
            str(root),
            f"{len(duplicates)} clip(s) are in both {' and '.join(SPLIT_LISTS.values())}: {', '.join(duplicates[:3])}",
            "each clip in at most one list",
            "remove them from one of the lists",
        )


def _read_list(path: Path) -> frozenset[str] | None:
    """Reads a split list as names without suffix, so that ``one/ann_1.wav`` also matches ``one/ann_1.flac``.

    Returns:
        The names; None if there is no list.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KwspipeError(
            str(path),
            f"it cannot be read ({error})",
            "one <word>/<file> per line, UTF-8",
            "correct it or delete it",
        ) from None
    lines = (normalize_name(line.strip().replace("\\", "/")).removeprefix("./") for line in text.splitlines())
    return frozenset(line.rpartition(".")[0] or line for line in lines if line)

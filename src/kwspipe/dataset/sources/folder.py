"""Recordings in folders with the layout of Google Speech Commands.

Files of words are ``<root>/<word>/<speaker>_nohash_<n>.wav``. Folders whose name starts with ``_`` or ``.`` contain no
words. The folder of a phrase is ``hey_computer`` or ``hey computer``. ``<root>/_background_noise_`` contains noise. For
names without ``_nohash_``, the speaker is the part before the last ``_``, or the name without its suffix:
``ann_3.wav``, ``ann_4.wav`` and ``ann.wav`` are recordings of ann. ``validation_list.txt`` and ``testing_list.txt`` in
the root define the splits, if they exist.
"""

import difflib
import itertools
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from kwspipe.audio.pcm import SUFFIXES, AudioError, Pcm
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
        if not any(_is_audio(name) for folder in folders for name in _names(root / folder)):
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
                folders = sorted(entry.name for entry in entries if _is_folder(entry))
        except OSError as error:
            raise SourceUnavailable(
                f"dataset.root {str(self.root)!r} cannot be read ({error.strerror})",
                "correct the permissions of the folder",
            ) from None
        return self.root, [name for name in folders if not name.startswith(("_", "."))]

    def _without_recordings(self, root: Path) -> SourceUnavailable:
        return SourceUnavailable(f"dataset.root {str(root)!r} contains {_content(root)}", ROOT_REMEDY)


def speaker_from_name(name: str) -> str:
    """Returns the speaker from the name of a file, by the rules in the docstring of this module."""
    stem = name.rpartition(".")[0] or name
    if "_nohash_" in stem:
        return re.sub(r"_nohash_.*$", "", stem)
    return stem.rpartition("_")[0] or stem


def list_recordings(root: Path, rejected: list[Rejected]) -> list[Recording]:
    """Lists all recordings below a folder at any depth, sorted by path. Links are followed, loops of links are not.

    Recordings whose names differ only in a suffix such as ``-A`` or ``_1`` have the same ``speaker``, because they are
    parts of one recording.

    Args:
        root: the folder.
        rejected: receives files and folders that cannot be used.
    """
    return sorted(_iterate_recordings(root, rejected), key=lambda recording: recording.path)


def _iterate_recordings(root: Path, rejected: list[Rejected]) -> Iterator[Recording]:
    seen: set[tuple[int, int]] = set()
    pending = [(root, root.name)]
    while pending:
        folder, name = pending.pop()
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in _entries(folder, normalize_name(name), "", rejected):
            path = f"{name}/{entry.name}"
            if _is_folder(entry):
                pending.append((Path(entry.path), path))
            else:
                recording = _recording(entry, normalize_name(path), "", rejected, {})
                if recording is not None:
                    yield recording


def has_recordings(root: Path) -> bool:
    """Returns whether a folder contains a recording at any depth. The search stops at the first one."""
    return root.is_dir() and next(_iterate_recordings(root, []), None) is not None


def similar_folder(folder: Path) -> str:
    """Returns a question that names an existing folder of a similar name, empty if there is none."""
    try:
        names = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        return ""
    similar = difflib.get_close_matches(folder.name, names, n=1)
    return (
        f"did you mean {str(folder.with_name(similar[0]))!r}? Otherwise "
        if similar and not folder.exists()
        else ""
    )


def _word_recordings(
    root: Path, folder: str, lists: dict[Split, frozenset[str]], rejected: list[Rejected]
) -> list[Recording]:
    name, word = normalize_name(folder), normalize_word(folder)
    entries = _entries(root / folder, name, word, rejected)
    files = (entry for entry in entries if not _is_folder(entry))
    found = (
        _recording(entry, f"{name}/{normalize_name(entry.name)}", word, rejected, lists) for entry in files
    )
    return sorted((r for r in found if r is not None), key=lambda recording: recording.path)


def _entries(folder: Path, name: str, word: str, rejected: list[Rejected]) -> list[os.DirEntry[str]]:
    """Returns the entries of a folder, sorted by name. An unreadable folder is added to ``rejected``."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        rejected.append(Rejected(name, word, "unreadable", error.strerror or str(error)))
        return []


def _names(folder: Path) -> list[str]:
    """Returns the names of the files in a folder, empty if the folder cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except OSError:
        return []


def _is_audio(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    return bool(stem) and not name.startswith(".") and f"{dot}{suffix.lower()}" in SUFFIXES


def _content(root: Path) -> str:
    """Returns what a root without recordings in folders of words contains."""
    num_files = sum(map(_is_audio, _names(root)))
    if num_files:
        return f"{num_files} recording(s), but no folders of words"
    return "no <word>/<speaker>_nohash_<n>.wav"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _recording(
    entry: os.DirEntry[str],
    name: str,
    word: str,
    rejected: list[Rejected],
    lists: dict[Split, frozenset[str]],
) -> Recording | None:
    """Returns the recording of a file. Other files are added to ``rejected``, except hidden files."""
    if entry.name.startswith("."):
        return None
    try:
        status = entry.stat()
    except OSError as error:
        rejected.append(Rejected(name, word, "unreadable", error.strerror or str(error)))
        return None
    stem, dot, suffix = name.rpartition(".")
    if f"{dot}{suffix.lower()}" not in SUFFIXES or not stat.S_ISREG(status.st_mode):
        allowed = f"allowed: files ending in {', '.join(sorted(SUFFIXES))}"
        rejected.append(Rejected(name, word, "not_audio", allowed))
        return None
    split = next((split for split, names in lists.items() if stem in names), None)
    # Noise recordings have no speaker. Parts of one recording must be in the same split.
    speaker = (
        speaker_from_name(name.rpartition("/")[2]) if word else re.sub(r"[-_][A-Za-z0-9]{1,2}$", "", stem)
    )
    return Recording(name, word, speaker, split, entry.path, f"{status.st_size}", status.st_mtime_ns)


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

"""Recordings in folders, laid out as Google Speech Commands is.

``<root>/<word>/<speaker>_nohash_<n>.wav``; folders that start with ``_`` or ``.`` hold no words;
``<root>/_background_noise_`` holds noise. Of names without ``_nohash_`` the speaker is the part before the last
``_``, else the whole name without its suffix: ``ann_3.wav`` and ``ann_4.wav`` are ann's, ``ann.wav`` too.
``validation_list.txt`` and ``testing_list.txt`` at the root are honoured where they are.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from kwspipe.audio.pcm import SUFFIXES, AudioError, Pcm
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.recordings import Found, Recording, Rejected, SourceUnavailable, Split, normalize_name
from kwspipe.errors import KwspipeError

NOISE_FOLDER = "_background_noise_"
LISTS: dict[Split, str] = {"validation": "validation_list.txt", "testing": "testing_list.txt"}


class FolderSource:
    """Recordings below one folder.

    Args:
        root: the folder; None where none is configured.
        read_files: how its files are read.
    """

    name = "folder"
    synthetic = False

    def __init__(self, root: Path | None, read_files: ReadFiles = read_files) -> None:
        self.root = root
        self._read_files = read_files

    def find(self) -> Found:
        """Lists the recordings; see ``Source.find``."""
        if self.root is None:
            raise SourceUnavailable("dataset.root is not set")
        if not self.root.is_dir():
            raise SourceUnavailable(f"dataset.root {str(self.root)!r} is no folder")
        try:
            folders = sorted(entry.name for entry in os.scandir(self.root) if _is_folder(entry))
        except OSError as error:
            raise SourceUnavailable(f"dataset.root {str(self.root)!r}: {error.strerror}") from None
        rejected: list[Rejected] = []
        lists = {split: _read_list(self.root / name) for split, name in LISTS.items()}
        given = {split: names for split, names in lists.items() if names is not None}
        _check_lists(self.root, given)
        words = Listing.of(
            recording
            for folder in folders
            if not folder.startswith(("_", "."))
            for recording in _word_recordings(self.root, folder, given, rejected)
        )
        if not words:
            raise SourceUnavailable(
                f"dataset.root {str(self.root)!r} has no <word>/<speaker>_nohash_<n>.wav in it"
            )
        noise_root = self.root / NOISE_FOLDER
        noise = find_noise(noise_root, rejected) if noise_root.is_dir() else []
        return Found(words, tuple(noise), tuple(rejected), frozenset(given))

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Reads the files; see ``Source.read``."""
        return self._read_files(recordings, sample_rate_hz)

    def close(self) -> None:
        """Has nothing to give back."""


def speaker_of(name: str) -> str:
    """Returns the speaker a file's name tells, by the rules at the top of this module."""
    stem = name.rpartition(".")[0] or name
    if "_nohash_" in stem:
        return re.sub(r"_nohash_.*$", "", stem)
    return stem.rpartition("_")[0] or stem


def find_noise(root: Path, rejected: list[Rejected]) -> list[Recording]:
    """Lists every recording below a folder, whatever its depth; links are followed, loops are not.

    Recordings that differ only in a last ``-A`` or ``_1`` are taken as pieces of one.
    """
    found: list[Recording] = []
    seen: set[tuple[int, int]] = set()
    waiting = [(root, root.name)]
    while waiting:
        folder, name = waiting.pop()
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in _entries(folder, normalize_name(name), "", rejected):
            below = f"{name}/{entry.name}"
            if _is_folder(entry):
                waiting.append((Path(entry.path), below))
            else:
                recording = _recording(entry, normalize_name(below), "", rejected, {})
                found += [recording] if recording else []
    return sorted(found, key=lambda recording: recording.path)


def _word_recordings(
    root: Path, folder: str, lists: dict[Split, frozenset[str]], rejected: list[Rejected]
) -> list[Recording]:
    word = normalize_name(folder)
    entries = _entries(root / folder, word, word, rejected)
    files = (entry for entry in entries if not _is_folder(entry))
    found = (
        _recording(entry, f"{word}/{normalize_name(entry.name)}", word, rejected, lists) for entry in files
    )
    return sorted((r for r in found if r is not None), key=lambda recording: recording.path)


def _entries(folder: Path, name: str, word: str, rejected: list[Rejected]) -> list[os.DirEntry[str]]:
    """Returns what is in a folder, by name; a folder that cannot be read is noted and taken as empty."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        rejected.append(Rejected(name, word, "unreadable", error.strerror or str(error)))
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False


def _recording(
    entry: os.DirEntry[str],
    name: str,
    word: str,
    rejected: list[Rejected],
    lists: dict[Split, frozenset[str]],
) -> Recording | None:
    """Makes the recording of a file, or notes why it is none; hidden files are passed over."""
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
    # For noise: takes of one place stay together.
    speaker = speaker_of(name.rpartition("/")[2]) if word else re.sub(r"[-_][A-Za-z0-9]{1,2}$", "", stem)
    return Recording(name, word, speaker, split, entry.path, f"{status.st_size}", status.st_mtime_ns)


def _check_lists(root: Path, lists: dict[Split, frozenset[str]]) -> None:
    twice = sorted(frozenset.intersection(*lists.values())) if len(lists) > 1 else []
    if twice:
        raise KwspipeError(
            str(root),
            f"{len(twice)} clip(s) stand in both {' and '.join(LISTS.values())}: {', '.join(twice[:3])}",
            "every clip in one list at most",
            "take them out of one of the lists",
        )


def _read_list(path: Path) -> frozenset[str] | None:
    """Reads a split list as names without suffix, so that ``one/ann_1.wav`` names ``one/ann_1.flac`` too."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KwspipeError(
            str(path),
            f"it cannot be read ({error})",
            "one <word>/<file> a line, UTF-8",
            "correct it or delete it",
        ) from None
    lines = (normalize_name(line.strip().replace("\\", "/")).removeprefix("./") for line in text.splitlines())
    return frozenset(line.rpartition(".")[0] or line for line in lines if line)

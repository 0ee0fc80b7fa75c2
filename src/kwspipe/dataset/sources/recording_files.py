"""Listing of the audio files in folders, without reading them."""

import difflib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from kwspipe.audio.pcm import SUFFIXES
from kwspipe.dataset.keyword_free.transcripts import TRANSCRIPTS
from kwspipe.dataset.recordings import Recording, Rejected, Split, normalize_name


def speaker_from_name(name: str) -> str:
    """Returns the speaker from the name of a file, by the rules in the docstring of ``folder``."""
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
        for entry in entries_of(folder, normalize_name(name), "", rejected):
            path = f"{name}/{entry.name}"
            if is_folder(entry):
                pending.append((Path(entry.path), path))
            else:
                recording = recording_of(entry, normalize_name(path), "", rejected, {})
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


def entries_of(folder: Path, name: str, word: str, rejected: list[Rejected]) -> list[os.DirEntry[str]]:
    """Returns the entries of a folder, sorted by name. An unreadable folder is added to ``rejected``."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        rejected.append(Rejected(name, word, "unreadable", error.strerror or str(error)))
        return []


def names_in(folder: Path) -> list[str]:
    """Returns the names of the entries of a folder, empty if the folder cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except OSError:
        return []


def is_audio(name: str) -> bool:
    """Returns whether a name has the suffix of a recording."""
    stem, dot, suffix = name.rpartition(".")
    return bool(stem) and not name.startswith(".") and f"{dot}{suffix.lower()}" in SUFFIXES


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Returns whether an entry is a folder or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def recording_of(
    entry: os.DirEntry[str],
    name: str,
    word: str,
    rejected: list[Rejected],
    lists: dict[Split, frozenset[str]],
) -> Recording | None:
    """Returns the recording of a file. Other files are added to ``rejected``, except hidden files
    and transcripts."""
    if entry.name.startswith(".") or entry.name == TRANSCRIPTS:
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

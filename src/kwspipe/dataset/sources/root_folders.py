"""Recordings below the root folders of the configuration: noise, speech without keywords, and mined clips."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kwspipe.config import DatasetConfig
from kwspipe.dataset.keyword_free.selection import TranscribedSpeech
from kwspipe.dataset.recordings import Recording, Rejected
from kwspipe.dataset.sources.recording_files import has_recordings, list_recordings, similar_folder
from kwspipe.dataset.splits import split_speakers
from kwspipe.errors import KwspipeError

# Content of the folders of each key of the data set.
CONTENTS = {
    "noise_roots": "noise recordings",
    "negative_roots": "speech without keywords",
    "mined_roots": "clips of the stage mine",
}


def root_errors(dataset: DatasetConfig) -> Iterator[KwspipeError]:
    """Yields an error for each root folder that does not exist or contains no recordings."""
    for key, content in CONTENTS.items():
        yield from folder_errors(getattr(dataset, key), f"dataset.{key}", content)


def folder_errors(roots: Sequence[str], key: str, content: str) -> Iterator[KwspipeError]:
    """Yields an error for each folder that does not exist or contains no recordings; see ``list_root_folders``."""
    for index, root in enumerate(roots):
        if not has_recordings(Path(root).expanduser()):
            yield _unusable(f"{key}.{index}", root, content)


def noise_recordings(dataset: DatasetConfig) -> tuple[list[Recording], list[Rejected]]:
    """Lists the recordings below ``dataset.noise_roots``, in the order of the roots.

    Raises:
        KwspipeError: a root is not a folder or contains no recordings.
    """
    return list_root_folders(dataset.noise_roots, "dataset.noise_roots", CONTENTS["noise_roots"])


def negative_recordings(dataset: DatasetConfig) -> tuple[list[Recording], list[Rejected]]:
    """Lists the recordings below ``dataset.negative_roots``, each with its split.

    Speakers are split by the hash rule of ``splits``. Parts of one recording are in the same split. Recordings whose
    transcript contains a keyword are omitted, unless only the passages of the keywords are.

    Raises:
        KwspipeError: a root is not a folder or contains no recordings, a transcript is faulty, or each recording
            contains a keyword.
    """
    found, rejected = list_root_folders(
        dataset.negative_roots, "dataset.negative_roots", CONTENTS["negative_roots"]
    )
    recordings, omitted = TranscribedSpeech(dataset.words, dataset.omitted_keywords).select(found)
    if found and not recordings:
        raise KwspipeError(
            "dataset.negative_roots",
            f"{len(found)} recording(s), each with a keyword or a homophone in its transcript",
            "recordings without keywords",
            "add other recordings, or set dataset.omitted_keywords=passages",
        )
    splits = split_speakers(
        (recording.speaker for recording in recordings),
        dataset.negative_validation_fraction,
        dataset.negative_testing_fraction,
    )
    assigned = [replace(recording, split=splits[recording.speaker]) for recording in recordings]
    return assigned, [*rejected, *omitted]


def mined_recordings(dataset: DatasetConfig) -> tuple[list[Recording], list[Rejected]]:
    """Lists the clips below ``dataset.mined_roots``, which are false accepts of an earlier model.

    Raises:
        KwspipeError: a root is not a folder or contains no recordings.
    """
    return list_root_folders(dataset.mined_roots, "dataset.mined_roots", CONTENTS["mined_roots"])


def list_root_folders(roots: Sequence[str], key: str, content: str) -> tuple[list[Recording], list[Rejected]]:
    """Lists the recordings below several folders, in the order of the folders.

    Args:
        roots: the folders.
        key: configuration key of the folders.
        content: expected content of the folders, for the error.

    Raises:
        KwspipeError: a root is not a folder or contains no recordings.
    """
    rejected: list[Rejected] = []
    recordings: list[Recording] = []
    for index, root in enumerate(roots):
        folder = Path(root).expanduser()
        found = list_recordings(folder, rejected) if folder.is_dir() else []
        if not found:
            raise _unusable(f"{key}.{index}", root, content)
        recordings += found
    return recordings, rejected


def _unusable(where: str, root: str, content: str) -> KwspipeError:
    folder = Path(root).expanduser()
    reason = "a folder without recordings" if folder.is_dir() else "which is not a folder"
    remedy = f"{similar_folder(folder)}correct or remove it"
    return KwspipeError(where, f"{root!r}, {reason}", f"a folder of {content}", remedy)

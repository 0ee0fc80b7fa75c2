"""The configured sources, tried in order."""

import hashlib
import itertools
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kwspipe.config import DatasetConfig, FrontendConfig, SourceName
from kwspipe.dataset import blocklist
from kwspipe.dataset.decode import ReadFiles
from kwspipe.dataset.recordings import Found, Recording, Rejected, Source, SourceUnavailable, listing_hash
from kwspipe.dataset.sources.folder import FolderSource, find_noise
from kwspipe.dataset.sources.mswc import MswcSource
from kwspipe.dataset.sources.speech_commands import SpeechCommandsSource
from kwspipe.dataset.sources.synthetic import SyntheticSource
from kwspipe.dataset.splits import split_speakers
from kwspipe.errors import KwspipeError

log = logging.getLogger(__name__)


def first_source(
    dataset: DatasetConfig, frontend: FrontendConfig, seed: int, read_files: ReadFiles
) -> tuple[Source, Found, list[dict[str, str]]]:
    """Finds the first source that has recordings.

    Returns:
        The source, what it has, and the sources skipped before it, each with its reason.

    Raises:
        KwspipeError: none has any; the message lists every reason.
    """
    skipped: list[dict[str, str]] = []
    for name in dataset.sources:
        source = make_source(name, dataset, frontend, seed, read_files)
        try:
            found = source.find()
        except SourceUnavailable as reason:
            log.warning("Data source %s skipped: %s", name, reason)
            skipped.append({"source": name, "reason": str(reason)})
        else:
            if source.synthetic:
                log.warning("Data source %s: clips are synthesized, no human voice is in them", name)
            return source, found, skipped
    reasons = "; ".join(f"{entry['source']}: {entry['reason']}" for entry in skipped)
    raise KwspipeError(
        "dataset.sources",
        f"no source has recordings ({reasons})",
        "at least one of folder (dataset.root), speech_commands or mswc (network), synthetic "
        "(pip install kwspipe[synthetic])",
        "make one of them available, for example dataset.root=<folder with a folder for each word>",
    )


def input_hashes(dataset: DatasetConfig) -> dict[str, str]:
    """Returns what the store of a data set depends on besides its configuration, without reading samples.

    A download is known by its configured sha256, and by whether it is there where it is not to be fetched; synthetic
    speech by its configuration: neither is touched.
    """
    hashes: dict[str, str] = {}
    if "folder" in dataset.sources:
        try:
            found = FolderSource(_root(dataset)).find()
            hashes["folder"] = listing_hash(itertools.chain(found.words, found.noise), with_times=True)
        except SourceUnavailable:
            hashes["folder"] = "not there"
    if "speech_commands" in dataset.sources:
        hashes["speech_commands"] = SpeechCommandsSource(dataset.speech_commands).archives.state
    if "mswc" in dataset.sources:
        hashes["mswc"] = MswcSource(dataset, seed=0).archives.state
    noise, _ = extra_noise(dataset)
    negative, _ = negative_recordings(dataset)
    return hashes | {
        "noise_roots": listing_hash(noise, with_times=True),
        "negative_roots": listing_hash(negative, with_times=True),
        "bad_files": hashlib.sha256("".join(sorted(blocklist.load(dataset.bad_files))).encode()).hexdigest(),
        "mined_roots": listing_hash(mined_recordings(dataset)[0], with_times=True),
    }


def _root(dataset: DatasetConfig) -> Path | None:
    return Path(dataset.root).expanduser() if dataset.root is not None else None


def make_source(
    name: SourceName, dataset: DatasetConfig, frontend: FrontendConfig, seed: int, read_files: ReadFiles
) -> Source:
    """Builds a source from its settings."""
    if name == "synthetic":
        return SyntheticSource(dataset, frontend.sample_length_ms / 1000, seed)
    if name == "speech_commands":
        return SpeechCommandsSource(dataset.speech_commands, read_files)
    if name == "mswc":
        return MswcSource(dataset, seed, read_files)
    return FolderSource(_root(dataset), read_files)


def extra_noise(dataset: DatasetConfig) -> tuple[list[Recording], list[Rejected]]:
    """Lists the recordings below ``dataset.noise_roots``, in the order of the roots.

    Raises:
        KwspipeError: a root is no folder or holds no recordings.
    """
    return recordings_below(dataset.noise_roots, "dataset.noise_roots", "noise recordings")


def negative_recordings(dataset: DatasetConfig) -> tuple[list[Recording], list[Rejected]]:
    """Lists the recordings below ``dataset.negative_roots``, each with its split.

    Recordings are split by the hash rule of ``splits``; takes of one recording stay together.

    Raises:
        KwspipeError: a root is no folder or holds no recordings.
    """
    found, rejected = recordings_below(
        dataset.negative_roots, "dataset.negative_roots", "speech without keywords"
    )
    splits = split_speakers(
        (recording.speaker for recording in found),
        dataset.negative_validation_percentage,
        dataset.negative_testing_percentage,
    )
    return [replace(recording, split=splits[recording.speaker]) for recording in found], rejected


def mined_recordings(dataset: DatasetConfig) -> tuple[list[Recording], list[Rejected]]:
    """Lists the clips below ``dataset.mined_roots``: false accepts of an earlier model, for training.

    Raises:
        KwspipeError: a root is no folder or holds no recordings.
    """
    return recordings_below(dataset.mined_roots, "dataset.mined_roots", "clips that `mine` has left")


def recordings_below(roots: Sequence[str], key: str, what: str) -> tuple[list[Recording], list[Rejected]]:
    """Lists the recordings below the folders that one key of the configuration names, in their order.

    Raises:
        KwspipeError: a root is no folder or holds no recordings.
    """
    rejected: list[Rejected] = []
    recordings: list[Recording] = []
    for index, root in enumerate(roots):
        folder = Path(root).expanduser()
        found = find_noise(folder, rejected) if folder.is_dir() else []
        if not found:
            received = f"{root!r}, " + (
                "without recordings in it" if folder.is_dir() else "which is no folder"
            )
            raise KwspipeError(f"{key}.{index}", received, f"a folder of {what}", "correct it or take it out")
        recordings += found
    return recordings, rejected

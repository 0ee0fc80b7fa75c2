"""Construction of the configured recording sources, selection of the first available one, and input hashes."""

import hashlib
import logging
from pathlib import Path
from typing import assert_never

from kwspipe.config import DatasetConfig, FrontendConfig, SourceName
from kwspipe.dataset import blocklist
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.recordings import Found, Source, SourceUnavailable, listing_hash
from kwspipe.dataset.sources.folder import FolderSource
from kwspipe.dataset.sources.mswc import MswcSource
from kwspipe.dataset.sources.root_folders import mined_recordings, negative_recordings, noise_recordings
from kwspipe.dataset.sources.speech_commands import SpeechCommandsSource
from kwspipe.dataset.sources.synthetic import SyntheticSource
from kwspipe.errors import KwspipeError

log = logging.getLogger(__name__)


def first_source(
    dataset: DatasetConfig, frontend: FrontendConfig, seed: int, read_files: ReadFiles
) -> tuple[Source, Found, list[dict[str, str]]]:
    """Selects the first source that has recordings.

    Returns:
        The source, its recordings, and the sources skipped before it, each with the reason.

    Raises:
        KwspipeError: no source has recordings. The message lists all reasons.
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
                log.warning("Data source %s: all clips are synthesized; they contain no human voice", name)
            return source, found, skipped
    reasons = "; ".join(f"{entry['source']}: {entry['reason']}" for entry in skipped)
    raise KwspipeError(
        "dataset.sources",
        f"no source has recordings ({reasons})",
        "at least one of folder (dataset.root), speech_commands or mswc (network), synthetic "
        "(pip install kwspipe[synthetic])",
        "make one of them available, for example dataset.root=<folder with a folder for each word>",
    )


def input_hashes(dataset: DatasetConfig, frontend: FrontendConfig, seed: int) -> dict[str, str]:
    """Returns hashes of the inputs of a data set in addition to its configuration, without reading samples."""
    hashes: dict[str, str] = {}
    for name in dataset.sources:
        try:
            fingerprint = make_source(name, dataset, frontend, seed).fingerprint()
        except SourceUnavailable:
            fingerprint = "not there"
        if fingerprint is not None:
            hashes[name] = fingerprint
    noise, _ = noise_recordings(dataset)
    negative, _ = negative_recordings(dataset)
    return hashes | {
        "noise_roots": listing_hash(noise, with_times=True),
        "negative_roots": listing_hash(negative, with_times=True),
        "bad_files": hashlib.sha256("".join(sorted(blocklist.load(dataset.bad_files))).encode()).hexdigest(),
        "mined_roots": listing_hash(mined_recordings(dataset)[0], with_times=True),
    }


def make_source(
    name: SourceName,
    dataset: DatasetConfig,
    frontend: FrontendConfig,
    seed: int,
    read_files: ReadFiles = read_files,
) -> Source:
    """Creates a source from its settings."""
    if name == "folder":
        return FolderSource(Path(dataset.root).expanduser() if dataset.root is not None else None, read_files)
    if name == "speech_commands":
        return SpeechCommandsSource(dataset.speech_commands, read_files)
    if name == "mswc":
        return MswcSource(dataset, seed, read_files)
    if name == "synthetic":
        return SyntheticSource(dataset, frontend.sample_length_ms / 1000, seed)
    assert_never(name)

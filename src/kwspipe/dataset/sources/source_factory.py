"""Construction of the configured recording sources, selection of the first available one, and input hashes."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar, assert_never

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

Result = TypeVar("Result")

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
    source, found, reasons = _first_available(
        dataset, frontend, seed, read_files, lambda source: source.find()
    )
    for name, reason in reasons.items():
        log.warning("Data source %s skipped: %s", name, reason)
    if source.synthetic:
        log.warning("Data source %s: all clips are synthesized; they contain no human voice", source.name)
    return source, found, [{"source": name, "reason": str(reason)} for name, reason in reasons.items()]


def source_text(name: str, dataset: DatasetConfig) -> str:
    """Returns a description of a source for people."""
    texts = {
        "folder": f"recordings in {dataset.root}",
        "speech_commands": "Speech Commands v0.02",
        "mswc": f"Multilingual Spoken Words Corpus, {dataset.mswc.language}",
        "synthetic": "synthetic speech",
    }
    return texts.get(name, name)


def available_source(dataset: DatasetConfig, frontend: FrontendConfig, seed: int) -> Source:
    """Returns the first source that has recordings or can download them, without listing all recordings.

    Raises:
        KwspipeError: no source has recordings. The message lists all reasons.
    """
    return _first_available(dataset, frontend, seed, read_files, lambda source: source.check())[0]


def _first_available(
    dataset: DatasetConfig,
    frontend: FrontendConfig,
    seed: int,
    read_files: ReadFiles,
    function: Callable[[Source], Result],
) -> tuple[Source, Result, dict[SourceName, SourceUnavailable]]:
    """Returns the first source for which a function does not raise SourceUnavailable, and the result of the function.

    The reasons of the sources before it are returned too.
    """
    reasons: dict[SourceName, SourceUnavailable] = {}
    for name in dataset.sources:
        source = make_source(name, dataset, frontend, seed, read_files)
        try:
            return source, function(source), reasons
        except SourceUnavailable as reason:
            reasons[name] = reason
    raise _no_source(reasons)


def _no_source(reasons: Mapping[SourceName, SourceUnavailable]) -> KwspipeError:
    if list(reasons) == ["folder"]:
        reason = reasons["folder"]
        return KwspipeError(
            "dataset.root",
            str(reason).removeprefix("dataset.root "),
            "a folder with recordings <word>/<speaker>_nohash_<n>.wav",
            reason.remedy,
        )
    if len(reasons) == 1:
        ((name, reason),) = reasons.items()
        return KwspipeError(f"dataset.{name}", str(reason), "a source with recordings", reason.remedy)
    return KwspipeError(
        "dataset.sources",
        f"no source has recordings ({'; '.join(f'{name}: {reason}' for name, reason in reasons.items())})",
        f"at least one of {', '.join(reasons)} with recordings",
        "; or ".join(reason.remedy for reason in reasons.values() if reason.remedy)
        or "make one of them available",
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

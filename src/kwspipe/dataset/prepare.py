"""From configuration to a store: find, split, select, decode once, count."""

import itertools
import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset import blocklist
from kwspipe.dataset.blocklist import exclude_blocked
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.hard_negatives.generator import write_hard_negatives
from kwspipe.dataset.noise.background import NoisePiece
from kwspipe.dataset.recordings import SPLITS, Found, Recording, Source, listing_hash, normalize_name
from kwspipe.dataset.selection import check_words, closest_first, keyword_quotas, labels_of, unknown_quotas
from kwspipe.dataset.sources.configured import (
    extra_noise,
    first_source,
    mined_recordings,
    negative_recordings,
)
from kwspipe.dataset.sources.synthetic_mix import write_synthetic_clips
from kwspipe.dataset.splits import assign_fold, assign_splits
from kwspipe.dataset.store.clip_store import StoreWriter
from kwspipe.dataset.store.store_builder import StoreBuilder
from kwspipe.errors import KwspipeError
from kwspipe.labels import UNKNOWN

log = logging.getLogger(__name__)


def prepare(
    dataset: DatasetConfig,
    frontend: FrontendConfig,
    seed: int,
    folder: Path,
    read_files: ReadFiles = read_files,
) -> dict[str, Any]:
    """Writes the store of an experiment.

    The same configuration, recordings and seed give the same bytes.

    Args:
        dataset: classes and sources.
        frontend: sample rate and length of a clip.
        seed: of everything drawn at random.
        folder: an existing folder; what is in it after a failure is of no use.
        read_files: how files are read; it changes how fast, not what is written.

    Returns:
        The summary, as ``summary.json`` has it.

    Raises:
        KwspipeError: no source has recordings, a class has no clips, or there is too little noise.
    """
    check_words(dataset)
    read_files = exclude_blocked(blocklist.load(dataset.bad_files), read_files)
    source, found, skipped = first_source(dataset, frontend, seed, read_files)
    return write_store(source, found, dataset, frontend, seed, folder, read_files, skipped)


def write_store(
    source: Source,
    found: Found,
    dataset: DatasetConfig,
    frontend: FrontendConfig,
    seed: int,
    folder: Path,
    read_files: ReadFiles = read_files,
    skipped: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Writes the store of what one source has found; see ``prepare``.

    Args:
        source: gives the samples.
        found: what it has.
        dataset: classes, and noise and speech besides the source's.
        frontend: sample rate and length of a clip.
        seed: of everything drawn at random.
        folder: an existing folder.
        read_files: how the files of other noise and speech are read.
        skipped: sources that had nothing, for the summary.
    """
    extra, extra_rejected = extra_noise(dataset)
    negative, negative_rejected = negative_recordings(dataset)
    mined, mined_rejected = mined_recordings(dataset)
    recordings = _assigned(found, dataset)
    keywords = keyword_quotas(recordings, dataset, seed)
    with closing(source), StoreWriter(folder, labels_of(dataset)) as writer, _progress() as progress:
        run = StoreBuilder(dataset, frontend, seed, source, read_files, writer, progress)
        for rejected in (*found.rejected, *extra_rejected, *negative_rejected, *mined_rejected):
            run.reject(rejected)
        run.write_clips(keywords, "keywords")
        _check_keywords(run, found, recordings)
        unknown = unknown_quotas(recordings, dataset, {s: run.num_keyword_clips(s) for s in SPLITS}, seed)
        run.write_clips(unknown, UNKNOWN)
        _check_unknown(run)
        synthetic = write_synthetic_clips(run)
        pieces = run.write_noise(found.noise, extra)
        run.write_silence(pieces)
        run.write_negative(negative)
        run.write_mined(mined)
        write_hard_negatives(run, recordings, pieces)
        summary = _summary(run, found, [*extra, *negative, *mined], pieces) | {
            "skipped_sources": list(skipped),
            "synthetic_training_clips": synthetic,
        }
        writer.finish(summary)
    return summary


def _assigned(found: Found, dataset: DatasetConfig) -> Sequence[Recording]:
    """The recordings of words, each with its split."""
    if dataset.fold is None:
        return assign_splits(found, dataset.validation_percentage, dataset.testing_percentage)
    return assign_fold(found, dataset.fold, dataset.training_only_speakers)


def _progress() -> Progress:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    return Progress(*columns, console=Console(stderr=True))


def _check_keywords(run: StoreBuilder, found: Found, recordings: Sequence[Recording]) -> None:
    words = [normalize_name(word) for word in run.dataset.words]
    for index, word in enumerate(words):
        if run.counts[word, "training"] == 0:
            num_found = sum(recording.word == word for recording in recordings)
            known = closest_first(word, {r.word for r in recordings if r.split == "training"} - {word})
            raise KwspipeError(
                f"dataset.words.{index}",
                f"no usable clip of {word!r} in training (of {num_found} recordings; left out: {_reasons(run)})",
                f"at least one; words with recordings in training, closest first: {', '.join(known) or 'none'}",
                f"add recordings of {word!r} by more speakers, or leave the word out",
            )
    wanted = {"validation": run.dataset.validation_percentage, "testing": run.dataset.testing_percentage}
    for split, percentage in wanted.items():
        if (percentage > 0 or split in found.listed) and not any(run.counts[word, split] for word in words):  # type: ignore[index]
            raise KwspipeError(
                f"dataset.{split}_percentage",
                f"no usable clip of a keyword in {split}; {len({r.speaker for r in recordings})} speaker(s) in all",
                "at least three speakers, since none may be in two splits",
                f"add recordings by other speakers, list some in {split}_list.txt, or raise the percentage",
            )
        lacking = [word for word in words if not run.counts[word, split]]  # type: ignore[index]
        if lacking and len(lacking) < len(words):
            log.warning("No clips in %s: %s", split, ", ".join(lacking))


def _check_unknown(run: StoreBuilder) -> None:
    if run.dataset.unknown_class_percentage == 0:
        return
    for split in SPLITS:
        if run.num_keyword_clips(split) and not run.counts[UNKNOWN, split]:
            if split != "training":
                log.warning("No clips of unknown words in %s", split)
                continue
            raise KwspipeError(
                "dataset.unknown_words",
                f"no usable clip of another word in training (left out: {_reasons(run)})",
                "at least one, where dataset.unknown_class_percentage is above 0",
                "add recordings of other words, or set dataset.unknown_class_percentage=0",
            )


def _reasons(run: StoreBuilder) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(run.rejected.items())) or "none"


def _summary(
    run: StoreBuilder, found: Found, extra: Sequence[Recording], pieces: Sequence[NoisePiece]
) -> dict[str, Any]:
    labels = labels_of(run.dataset)
    rate = run.frontend.sample_rate_hz
    return {
        "labels": list(labels),
        "source_used": run.source.name,
        "synthetic": run.source.synthetic,
        "sample_rate_hz": rate,
        "sample_length": run.frontend.sample_length,
        "counts": {label: {split: run.counts[label, split] for split in SPLITS} for label in labels},
        "hard_negatives": {
            kind: {split: run.hard[kind, split] for split in SPLITS}
            for kind in sorted({kind for kind, _ in run.hard})
        },
        "words": dict(sorted(run.words.items())),
        "speakers": {split: len(run.speakers[split]) for split in SPLITS},
        "noise_s": {s: round(sum(p.length for p in pieces if p.split == s) / rate, 3) for s in SPLITS},
        "negative_s": {
            s: round(sum(p.length for p in run.negative if p.split == s) / rate, 3) for s in SPLITS
        },
        "num_recordings": len(found.words),
        "rejected": dict(sorted(run.rejected.items())),
        "downloads": list(found.downloads),
        "input_sha256": listing_hash(itertools.chain(found.words, found.noise, extra)),
    }

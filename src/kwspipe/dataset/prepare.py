"""Preparation of a clip store: finds recordings, assigns splits, selects and decodes clips, writes and counts them."""

import itertools
import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset import blocklist
from kwspipe.dataset.blocklist import exclude_blocked
from kwspipe.dataset.decode import ReadFiles, read_files
from kwspipe.dataset.hard_negatives.generator import write_hard_negatives
from kwspipe.dataset.keyword_free.writer import write_negative
from kwspipe.dataset.recordings import SPLITS, Found, Recording, Source, Split, listing_hash, normalize_name
from kwspipe.dataset.selection import keyword_quotas, labels_of, unknown_quotas
from kwspipe.dataset.sources.root_folders import mined_recordings, negative_recordings, noise_recordings
from kwspipe.dataset.sources.source_factory import first_source, source_text
from kwspipe.dataset.sources.synthetic_training import write_synthetic_clips
from kwspipe.dataset.splits import assign_configured_splits
from kwspipe.dataset.store.clip_store import Segment, StoreWriter
from kwspipe.dataset.store.store_builder import StoreBuilder
from kwspipe.dataset.word_errors import check_words, closest_first
from kwspipe.errors import KwspipeError
from kwspipe.labels import UNKNOWN
from kwspipe.terminal.lines import print_line
from kwspipe.terminal.progress import ProgressBars

# Fraction of the clips of a keyword above which a warning names those that are longer than the input of the network.
MAX_LONG_FRACTION = 0.05

log = logging.getLogger(__name__)


def prepare(
    dataset: DatasetConfig,
    frontend: FrontendConfig,
    seed: int,
    folder: Path,
    read_files: ReadFiles = read_files,
) -> dict[str, Any]:
    """Writes the clip store of an experiment.

    The same configuration, recordings and seed give the same bytes.

    Args:
        dataset: classes and sources.
        frontend: sample rate and length of a clip.
        seed: seed of all random choices.
        folder: an existing folder. Its content is not usable after an error.
        read_files: function that decodes files. It affects the speed, not the result.

    Returns:
        The content of ``summary.json``.

    Raises:
        KwspipeError: no source has recordings, a class has no clips, or there is too little noise.
    """
    check_words(dataset)
    read_files = exclude_blocked(blocklist.load(dataset.bad_files), read_files)
    source, found, skipped = first_source(dataset, frontend, seed, read_files)
    reasons = " and ".join(entry["reason"] for entry in skipped)
    print_line(f"data: {source_text(source.name, dataset)}{f', because {reasons}' if reasons else ''}")
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
    """Writes the clip store from the recordings of one source; see ``prepare``.

    Args:
        source: source of the samples.
        found: the recordings of the source.
        dataset: classes, and folders of additional noise and speech.
        frontend: sample rate and length of a clip.
        seed: seed of all random choices.
        folder: an existing folder.
        read_files: function that decodes the files of additional noise and speech.
        skipped: sources without recordings and the reasons, for the summary.
    """
    extra, extra_rejected = noise_recordings(dataset)
    negative, negative_rejected = negative_recordings(dataset)
    mined, mined_rejected = mined_recordings(dataset)
    recordings = assign_configured_splits(found, dataset)
    keywords = keyword_quotas(recordings, dataset, seed)
    with closing(source), StoreWriter(folder, labels_of(dataset)) as writer, ProgressBars() as progress:
        builder = StoreBuilder(dataset, frontend, seed, source, read_files, writer, progress)
        for rejected in (*found.rejected, *extra_rejected, *negative_rejected, *mined_rejected):
            builder.reject(rejected)
        builder.write_clips(keywords, "keywords")
        _check_keywords(builder, found, recordings)
        _warn_about_long_words(builder)
        unknown = unknown_quotas(recordings, dataset, {s: builder.num_keyword_clips(s) for s in SPLITS}, seed)
        builder.write_clips(unknown, UNKNOWN)
        _check_unknown(builder)
        synthetic = write_synthetic_clips(builder)
        segments = builder.write_noise(found.noise, extra)
        builder.write_silence(segments)
        write_negative(builder, negative)
        builder.write_mined(mined)
        write_hard_negatives(builder, recordings, segments)
        summary = _summary(builder, found, [*extra, *negative, *mined], segments) | {
            "skipped_sources": list(skipped),
            "synthetic_training_clips": synthetic,
        }
        writer.finish(summary)
    return summary


def _check_keywords(builder: StoreBuilder, found: Found, recordings: Sequence[Recording]) -> None:
    words = [normalize_name(word) for word in builder.dataset.words]
    for index, word in enumerate(words):
        if builder.counts[word, "training"] == 0:
            num_recordings = sum(recording.word == word for recording in recordings)
            words_in_training = {r.word for r in recordings if r.split == "training"} - {word}
            closest = ", ".join(closest_first(word, words_in_training)) or "none"
            raise KwspipeError(
                f"dataset.words.{index}",
                f"no usable clip of {word!r} in training (of {num_recordings} recordings; rejected: "
                f"{_reasons(builder)}{_example(builder, word)})",
                f"at least one; words with recordings in training, closest first: {closest}",
                f"correct the files, add recordings of {word!r} by more speakers, or remove the word",
            )
    fractions: dict[Split, float] = {
        "validation": builder.dataset.validation_fraction,
        "testing": builder.dataset.testing_fraction,
    }
    for split, fraction in fractions.items():
        if (fraction > 0 or split in found.listed) and not any(builder.counts[word, split] for word in words):
            raise KwspipeError(
                f"dataset.{split}_fraction",
                f"no usable clip of a keyword in {split}; {len({r.speaker for r in recordings})} speaker(s) in all",
                "at least three speakers, because each speaker belongs to one split",
                f"add recordings by other speakers, list some in {split}_list.txt, or raise the fraction",
            )
        lacking = [word for word in words if not builder.counts[word, split]]
        if lacking and len(lacking) < len(words):
            log.warning("No clips in %s: %s", split, ", ".join(lacking))


def _warn_about_long_words(builder: StoreBuilder) -> None:
    """Warns about keywords that are often longer than the input of the network, which contains only a part of them."""
    length_ms = builder.frontend.sample_length_ms
    for word, durations in builder.keyword_ms.items():
        num_long = sum(duration > length_ms for duration in durations)
        if num_long > MAX_LONG_FRACTION * len(durations):
            most_ms = math.ceil(np.percentile(durations, 95) / 100) * 100
            print_line(
                f"{word}: {num_long} of {len(durations)} clips are longer than the input of the network, "
                f"{length_ms} ms, which contains a part of them. Set frontend.sample_length_ms={most_ms}, "
                "or use a shorter phrase",
                "yellow",
            )


def _check_unknown(builder: StoreBuilder) -> None:
    if builder.dataset.unknown_class_percentage == 0:
        return
    for split in SPLITS:
        if builder.num_keyword_clips(split) and not builder.counts[UNKNOWN, split]:
            if split != "training":
                log.warning("No clips of unknown words in %s", split)
                continue
            raise KwspipeError(
                "dataset.unknown_words",
                f"no usable clip of another word in training (rejected: {_reasons(builder)})",
                "at least one if dataset.unknown_class_percentage is above 0",
                "add recordings of other words, or set dataset.unknown_class_percentage=0",
            )


def _reasons(builder: StoreBuilder) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(builder.rejected.items())) or "none"


def _example(builder: StoreBuilder, word: str) -> str:
    first = builder.first_rejected.get(word)
    return f"; first of them {first.path}: {first.detail}" if first else ""


def _summary(
    builder: StoreBuilder, found: Found, extra: Sequence[Recording], segments: Sequence[Segment]
) -> dict[str, Any]:
    labels = labels_of(builder.dataset)
    rate = builder.frontend.sample_rate_hz
    return {
        "labels": list(labels),
        "source_used": builder.source.name,
        "synthetic": builder.source.synthetic,
        "sample_rate_hz": rate,
        "sample_length": builder.frontend.sample_length,
        "counts": {label: {split: builder.counts[label, split] for split in SPLITS} for label in labels},
        "hard_negatives": {
            kind: {split: builder.hard[kind, split] for split in SPLITS}
            for kind in sorted({kind for kind, _ in builder.hard})
        },
        "words": dict(sorted(builder.words.items())),
        "speakers": {split: len(builder.speakers[split]) for split in SPLITS},
        "noise_s": {s: round(sum(p.length for p in segments if p.split == s) / rate, 3) for s in SPLITS},
        "negative_s": {
            s: round(sum(p.length for p in builder.negative if p.split == s) / rate, 3) for s in SPLITS
        },
        "num_recordings": len(found.words),
        "rejected": dict(sorted(builder.rejected.items())),
        "downloads": list(found.downloads),
        "input_sha256": listing_hash(itertools.chain(found.words, found.noise, extra)),
    }

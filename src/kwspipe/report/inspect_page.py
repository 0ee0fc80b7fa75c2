"""Inspect page: prepared clips and their augmented versions, as images and audio."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from kwspipe import __version__
from kwspipe.config import PipelineConfig
from kwspipe.dataset.recordings import SPLITS
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.report import clip_examples, page, store_statistics
from kwspipe.report.formatting import DASH, MINUS, percent
from kwspipe.report.hard_negatives import DESCRIPTIONS
from kwspipe.report.store_statistics import ClassStatistics, Percentiles

OTHER_KINDS = {"word": "one complete word", "noise": "recorded noise", "zero": "digital zero"}
LOWEST_LEVEL_DB = -70  # left end of the bars of the levels


def compose(config: PipelineConfig, store: ClipStore) -> str:
    """Returns the page.

    Args:
        config: the configuration; ``inspect``, ``augment``, ``frontend`` and ``seed`` are used.
        store: the prepared clips.
    """
    settings = config.inspect
    statistics, num_measured = store_statistics.measure(store, settings.max_measured_clips)
    kinds = store_statistics.counts_by_kind(store)
    num_kinds = Counter(label for label, _ in kinds)
    return page.render(
        "inspect.html.j2",
        version=__version__,
        name=config.name,
        summary=store.summary,
        splits=SPLITS,
        num_clips=len(store.targets),
        num_measured=num_measured,
        classes=_classes(store, kinds, statistics),
        lowest_level=f"{MINUS}{-LOWEST_LEVEL_DB}",
        kinds={(label, kind): counts for (label, kind), counts in kinds.items() if num_kinds[label] > 1},
        descriptions=DESCRIPTIONS | OTHER_KINDS,
        examples=clip_examples.examples(config, store, kinds),
        noise=clip_examples.background(store, config, "noise"),
        negative=clip_examples.background(store, config, "negative"),
        rejected=store_statistics.rejected(store.folder, settings.max_rejected),
        placement=config.augment.placement,
        transforms=[_transform(transform) for transform in config.augment.transforms],
        seed=config.seed,
        takes=settings.takes,
    )


def _classes(
    store: ClipStore,
    kinds: Mapping[tuple[str, str], Mapping[str, int]],
    statistics: Mapping[str, ClassStatistics],
) -> list[dict[str, Any]]:
    """Returns per class: clips and speakers by split, percentiles of duration and level, and bars for these."""
    clip_seconds = store.summary["sample_length"] / store.summary["sample_rate_hz"]
    rows = []
    for label in store.labels:
        counts = [by_split for (of, _), by_split in kinds.items() if of == label]
        own = statistics[label]
        seconds, level = Percentiles.of(own.seconds), Percentiles.of(own.levels_db)
        rows.append(
            {
                "label": label,
                "clips": {split: sum(by_split[split] for by_split in counts) for split in SPLITS},
                "speakers": {split: len(own.speakers[split]) for split in SPLITS},
                "seconds": seconds,
                "seconds_bar": _bar(seconds, 0, clip_seconds),
                "level": level,
                "level_bar": _bar(level, LOWEST_LEVEL_DB, 0),
                "zero": sum(not np.isfinite(value) for value in own.levels_db),
            }
        )
    return rows


def _bar(percentiles: Percentiles | None, low: float, high: float) -> tuple[float, float, float] | None:
    """Returns the positions of percentiles on a bar from ``low`` to ``high``, in percent of its length, 0 to 100."""
    if percentiles is None:
        return None
    values = (percentiles.low, percentiles.middle, percentiles.high)
    start, middle, end = (min(max(100 * (value - low) / (high - low), 0.0), 100.0) for value in values)
    return start, middle, end


def _transform(transform: Mapping[str, Any]) -> dict[str, str]:
    """Returns name, probability and parameters of a transform, and its labels if it does not apply to all classes."""
    others = {key: value for key, value in transform.items() if key not in ("name", "p", "labels")}
    return {
        "name": str(transform.get("name")),
        "p": percent(transform["p"], 0) if "p" in transform else DASH,
        "labels": ", ".join(transform.get("labels") or ()),
        "parameters": ", ".join(f"{key} {value}" for key, value in others.items()).replace(" -", f" {MINUS}"),
    }

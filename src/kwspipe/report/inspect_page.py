"""The inspect page: the prepared clips and what augmentation makes of them, to see and to hear."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe import __version__
from kwspipe.audio.pcm import Pcm
from kwspipe.augment import Augmenter, clip_keys, crop_or_pad_around_word
from kwspipe.config import PipelineConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.dataset.clip_kinds import NOISE, WORD
from kwspipe.dataset.recordings import SPLITS
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.report import page, store_facts
from kwspipe.report.figures import DASH, MINUS, decibels, duration
from kwspipe.report.media import ClipView, view

PLAIN_KINDS = (WORD, NOISE)  # the rule; clips of other kinds are named after theirs


@dataclass(frozen=True)
class Example:
    """A clip as it was recorded, and what augmentation makes of it."""

    title: str
    views: list[ClipView]


def compose(config: PipelineConfig, store: ClipStore) -> str:
    """Returns the page.

    Args:
        config: whose ``inspect``, ``augment``, ``frontend`` and ``seed`` count.
        store: the prepared clips.
    """
    settings = config.inspect
    measured, num_measured = store_facts.measure(store, settings.max_measured_clips)
    kinds = store_facts.counts_by_kind(store)
    num_kinds = Counter(label for label, _ in kinds)
    return page.render(
        "inspect.html.j2",
        version=__version__,
        name=config.name,
        summary=store.summary,
        splits=SPLITS,
        num_clips=len(store.targets),
        num_measured=num_measured,
        classes=_classes(store, kinds, measured),
        kinds={(label, kind): counts for (label, kind), counts in kinds.items() if num_kinds[label] > 1},
        examples=_examples(config, store, kinds),
        noise=_pieces(store, config, "noise"),
        negative=_pieces(store, config, "negative"),
        rejected=store_facts.rejected(store.folder, settings.max_rejected),
        placement=config.augment.placement,
        transforms=[_transform(transform) for transform in config.augment.transforms],
        seed=config.seed,
        takes=settings.takes,
    )


def _classes(
    store: ClipStore,
    kinds: Mapping[tuple[str, str], Mapping[str, int]],
    measured: Mapping[str, store_facts.Measured],
) -> list[dict[str, Any]]:
    """A row a class: clips and speakers by split, spreads of length and level, with their places in a bar."""
    rows = []
    for label in store.labels:
        own = [counts for (of, _), counts in kinds.items() if of == label]
        found = measured[label]
        seconds, level = store_facts.Spread.of(found.seconds), store_facts.Spread.of(found.levels_db)
        rows.append(
            {
                "label": label,
                "clips": {split: sum(counts[split] for counts in own) for split in SPLITS},
                "speakers": {split: len(found.speakers[split]) for split in SPLITS},
                "seconds": seconds,
                "seconds_bar": _bar(
                    seconds, 0, store.summary["sample_length"] / store.summary["sample_rate_hz"]
                ),
                "level": level,
                "level_bar": _bar(level, -70, 0),
                "zero": sum(not np.isfinite(value) for value in found.levels_db),
            }
        )
    return rows


def _bar(spread: store_facts.Spread | None, low: float, high: float) -> tuple[float, float, float] | None:
    """Returns where a spread lies on a bar from ``low`` to ``high``, in percent of its length; kept on it."""
    if spread is None:
        return None
    places = [100 * (value - low) / (high - low) for value in (spread.low, spread.middle, spread.high)]
    start, middle, end = (min(max(value, 0.0), 100.0) for value in places)
    return start, middle, end


def _examples(
    config: PipelineConfig, store: ClipStore, kinds: Mapping[tuple[str, str], Mapping[str, int]]
) -> list[tuple[str, list[Example]]]:
    """Examples of each class, made as training makes them."""
    studio = _Studio(config, store)
    training = store.select("training")
    found = []
    for target, label in enumerate(store.labels):
        own = training[store.targets[training] == target]
        codes = store.rows.records["kind"][own]
        present = sorted(
            (kind for of, kind in kinds if of == label), key=lambda kind: -kinds[label, kind]["training"]
        )
        examples = []
        for place_of, kind in enumerate(present):
            wanted = (
                config.inspect.clips_per_class if place_of == 0 else min(1, config.inspect.clips_per_class)
            )
            for number in _spread(own[codes == store_facts.KINDS.index(kind)], wanted):
                examples.append(studio.example(int(number), kind))
        found.append((label, examples))
    return found


def _spread(numbers: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Returns so many of the numbers, evenly spread, from the middle of each part: neighbours share a speaker."""
    count = min(count, len(numbers))
    return numbers[((np.arange(count) + 0.5) * len(numbers) / max(count, 1)).astype(int)]


class _Studio:
    """Makes clips as training does, ready for the page."""

    def __init__(self, config: PipelineConfig, store: ClipStore) -> None:
        self.config, self.store = config, store
        self.front_end = FrontEnd(config.frontend)
        frontend = config.frontend
        self.augmenter = Augmenter(
            config.augment,
            store.noise("training"),
            frontend.sample_length,
            frontend.sample_rate_hz,
            store.labels,
            config.seed,
        )

    def example(self, number: int, kind: str) -> Example:
        row, bounds = self.store.rows[number], self.store.word_bounds(number)
        recording = self.store.clip(number)
        unused = np.random.default_rng(0)  # not drawn from: the placement is fixed
        length = self.config.frontend.sample_length
        plain = crop_or_pad_around_word(recording, bounds, length, "center", unused)
        spoken = bounds[1] - bounds[0]
        start = max((length - spoken) // 2, 0)
        rate_hz = self.config.frontend.sample_rate_hz
        level = decibels(store_facts.level_db(plain))
        word = (start, min(start + spoken, length)) if kind == WORD else None
        views = [
            view("as recorded", level, plain, self.front_end.features(plain[None])[0], rate_hz, word),
            *(self._take(number, epoch) for epoch in range(self.config.inspect.takes)),
        ]
        made = "" if kind in PLAIN_KINDS else f" ({kind})"
        said = f"{row.word}{made}" if row.word else f"{row.label}{made}"
        return Example(f"{said} · {row.path}", views)

    def _take(self, number: int, epoch: int) -> ClipView:
        """The clip as training hears it in an epoch; the same draws as ``training.data`` makes."""
        keys = clip_keys(self.config.seed, epoch, np.array([number]))
        labels = [self.store.labels[self.store.targets[number]]]
        clips = self.augmenter.clips(
            [self.store.clip(number)], [self.store.word_bounds(number)], keys, labels
        )
        features = self.front_end.features(clips)
        self.augmenter.mask(features, keys, labels)
        level = decibels(store_facts.level_db(clips[0]))
        return view(f"epoch {epoch}", level, clips[0], features[0], self.config.frontend.sample_rate_hz)


def _pieces(store: ClipStore, config: PipelineConfig, kind: str) -> dict[str, Any]:
    """Noise, or speech without keywords: seconds by split, and some of it to hear."""
    cuts: dict[str, list[tuple[str, Pcm]]] = {}
    for split in SPLITS:
        paths = store.noise_paths(split) if kind == "noise" else store.negative_paths(split)
        samples = store.noise(split) if kind == "noise" else store.negative(split)
        cuts[split] = [(path, pcm) for path, pcm in zip(paths, samples, strict=True) if len(pcm)]
    rate_hz, front_end = config.frontend.sample_rate_hz, FrontEnd(config.frontend)
    pieces = cuts["training"]
    views = []
    for index in _spread(np.arange(len(pieces)), config.inspect.noise_clips):
        path, pcm = pieces[index]
        middle = max((len(pcm) - front_end.clip_samples) // 2, 0)
        clip = np.resize(pcm[middle : middle + front_end.clip_samples], front_end.clip_samples)
        note = f"{decibels(store_facts.level_db(pcm))}, {duration(len(pcm) / rate_hz)}"
        views.append(view(path, note, clip, front_end.features(clip[None])[0], rate_hz))
    return {
        "recordings": {split: len({path for path, _ in of_split}) for split, of_split in cuts.items()},
        "seconds": {
            split: sum(len(pcm) for _, pcm in of_split) / rate_hz for split, of_split in cuts.items()
        },
        "views": views,
    }


def _transform(transform: Mapping[str, Any]) -> dict[str, str]:
    """A transform in words: name, probability, parameters, and the labels it is for where it is not for all."""
    others = {key: value for key, value in transform.items() if key not in ("name", "p", "labels")}
    return {
        "name": str(transform.get("name")),
        "p": f"{100 * transform['p']:.0f} %" if "p" in transform else DASH,
        "labels": ", ".join(transform.get("labels") or ()),
        "parameters": ", ".join(f"{key} {value}" for key, value in others.items()).replace(" -", f" {MINUS}"),
    }

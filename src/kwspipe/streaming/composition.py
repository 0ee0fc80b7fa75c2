"""Composition of streams from a split of the store: words over noise and speech, and audio without keywords."""

import itertools
import zlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.config import StreamConfig
from kwspipe.dataset.selection import round_robin
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.labels import UNKNOWN, is_keyword
from kwspipe.streaming.mixing import Slot, mix
from kwspipe.streaming.streams import Background, Kind, SpokenWord, Stream

# Audio of a clip that is kept before and after the word. Recordings can be long.
MARGIN_MS = 300
# Long recordings are split into parts of this length, which are processed in parallel.
PART_MINUTES = 5.0


def compose(store: ClipStore, config: StreamConfig, split: str, seed: int) -> list[Stream]:
    """Composes the streams of a split.

    There is one stream of words per condition: without background, at each signal-to-noise ratio over noise, and at
    each ratio over keyword-free speech (``dataset.negative_roots``). All of them have the same words in the same
    order. Audio without keywords is the noise and the keyword-free speech of the split. Without such speech, a stream
    of other words is composed instead.

    Args:
        store: the prepared clips.
        config: lengths, gaps and signal-to-noise ratios.
        split: split of clips, noise and speech.
        seed: seed of the composition.

    Returns:
        The streams. For a split without keywords, they contain no stream of words.
    """
    noise, speech = store.noise(split), store.negative(split)
    rate = store.summary["sample_rate_hz"]
    conditions: list[tuple[Background, float | None, list[Pcm]]] = [("none", None, [])]
    conditions += [("noise", snr_db, noise) for snr_db in config.snr_db if noise]
    conditions += [("speech", snr_db, speech) for snr_db in config.snr_db if speech]
    words = _plan_words(store, config, split, _rng(seed, split, "words"))
    streams = [
        _words_stream(
            store, config, words, "words", background, snr_db, pieces, _rng(seed, split, background, snr_db)
        )
        for background, snr_db, pieces in conditions
        if words
    ]
    if speech:
        streams += _audio_streams("negative", speech, store.negative_paths(split), config, rate)
    else:
        others = _plan_others(store, config, split, _rng(seed, split, "others"))
        if others:
            streams.append(
                _words_stream(store, config, others, "others", "none", None, [], _rng(seed, split, "floor"))
            )
    return streams + _audio_streams("noise", noise, [f"noise {n}" for n in range(len(noise))], config, rate)


def sound_streams(
    kind: Kind, pieces: Sequence[Pcm], paths: Sequence[str], part_samples: int
) -> Iterator[Stream]:
    """Yields streams of consecutive recordings of at most ``part_samples``. Longer recordings are divided."""
    parts = [
        (piece[first : first + part_samples], path)
        for piece, path in zip(pieces, paths, strict=True)
        for first in range(0, piece.size, part_samples)
    ]
    groups: list[list[tuple[Pcm, str]]] = []
    room = 0
    for piece, path in parts:
        if piece.size > room:
            groups.append([])
            room = part_samples
        groups[-1].append((piece, path))
        room -= piece.size
    for number, group in enumerate(groups, 1):
        sounds, names = zip(*group, strict=True)
        yield Stream(f"{kind} {number}", kind, sounds, paths=names)


def _audio_streams(
    kind: Kind, pieces: Sequence[Pcm], paths: Sequence[str], config: StreamConfig, rate: int
) -> list[Stream]:
    """Returns streams of audio without keywords with a total duration of at most ``max_minutes``."""
    remaining = int(config.max_minutes * 60 * rate)
    kept: list[Pcm] = []
    for piece in pieces:
        kept.append(piece[:remaining])
        remaining -= kept[-1].size
        if remaining <= 0:
            break
    return list(sound_streams(kind, kept, paths[: len(kept)], int(PART_MINUTES * 60 * rate)))


def _plan_words(
    store: ClipStore, config: StreamConfig, split: str, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Draws the clips and the gaps before them in samples, in random order.

    The plan contains each clip of a keyword once, as far as ``max_words_minutes`` permit, and then clips again until
    ``words_minutes`` are reached.
    """
    by_label = _shuffled_by_label(store, split, rng)
    keywords = [numbers for label, numbers in by_label.items() if is_keyword(label)]
    others = itertools.cycle(by_label.get(UNKNOWN, []))

    def with_others(numbers: Iterable[int]) -> Iterator[int]:
        for number in numbers:
            yield number
            if rng.random() < config.unknown_ratio:
                yield from itertools.islice(others, 1)

    plan = _with_gaps(store, config, with_others(round_robin(keywords)), config.max_words_minutes, rng)
    remaining = config.words_minutes - sum(_minutes(store, *one) for one in plan)
    if plan and remaining > 0:
        repeated = round_robin([numbers * (config.max_repeats - 1) for numbers in keywords])
        plan += _with_gaps(store, config, with_others(repeated), remaining, rng)
    return [plan[index] for index in rng.permutation(len(plan))]


def _plan_others(
    store: ClipStore, config: StreamConfig, split: str, rng: np.random.Generator
) -> list[tuple[int, int]]:
    others = iter(_shuffled_by_label(store, split, rng).get(UNKNOWN, []))
    return _with_gaps(store, config, others, config.words_minutes, rng)


def _with_gaps(
    store: ClipStore,
    config: StreamConfig,
    numbers: Iterator[int],
    max_minutes: float,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """Takes clips and draws gaps until ``max_minutes`` are reached, at least one clip."""
    plan: list[tuple[int, int]] = []
    for number in numbers:
        gap = _gap(store, config, rng)
        max_minutes -= _minutes(store, number, gap)
        if max_minutes < 0 and plan:
            break
        plan.append((number, gap))
    return plan


def _minutes(store: ClipStore, number: int, gap: int) -> float:
    """Returns the duration of a clip and of the gap before it."""
    return (gap + _cut(store, number)[0].size) / store.summary["sample_rate_hz"] / 60


def _shuffled_by_label(store: ClipStore, split: str, rng: np.random.Generator) -> dict[str, list[int]]:
    by_label: dict[str, list[int]] = {}
    for number in rng.permutation(store.select_plain(split)):
        by_label.setdefault(store.labels[store.targets[number]], []).append(int(number))
    return {label: by_label[label] for label in sorted(by_label)}


def _words_stream(
    store: ClipStore,
    config: StreamConfig,
    words: Sequence[tuple[int, int]],
    kind: Kind,
    background: Background,
    snr_db: float | None,
    pieces: Sequence[Pcm],
    rng: np.random.Generator,
) -> Stream:
    rate = store.summary["sample_rate_hz"]
    slots, spoken, start = [], [], 0
    for number, gap in words:
        clip, word = _cut(store, number)
        slots.append(Slot(clip, word, gap))
        start_ms, end_ms = (1000 * (start + gap + sample) / rate for sample in word)
        spoken.append(SpokenWord(store.rows[number].word, store.rows[number].speaker, start_ms, end_ms))
        start += slots[-1].length
    samples = mix(slots, pieces, snr_db, config.noise_floor_db, rate, rng)
    condition = "clean" if snr_db is None else f"{snr_db:g} dB over {background}"
    return Stream(f"{kind}, {condition}", kind, (samples,), background, snr_db, spoken=tuple(spoken))


def _cut(store: ClipStore, number: int) -> tuple[Pcm, tuple[int, int]]:
    """Returns the part of a clip around its word, and the bounds of the word in this part."""
    clip, (start, end) = store.clip(number), store.word_bounds(number)
    margin = store.summary["sample_rate_hz"] * MARGIN_MS // 1000
    first = max(0, start - margin)
    return clip[first : end + margin], (start - first, end - first)


def _gap(store: ClipStore, config: StreamConfig, rng: np.random.Generator) -> int:
    gap_ms = rng.integers(config.min_gap_ms, config.max_gap_ms, endpoint=True)
    return int(gap_ms) * int(store.summary["sample_rate_hz"]) // 1000


def _rng(seed: int, *names: object) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, names)).encode())])

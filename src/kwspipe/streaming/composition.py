"""Streams of one split of the prepared store: its words over its noise and speech, and sound without keywords."""

import itertools
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.config import StreamConfig
from kwspipe.dataset.selection import round_robin
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.labels import UNKNOWN, is_keyword
from kwspipe.streaming.mixing import Slot, mix
from kwspipe.streaming.streams import Background, Kind, Spoken, Stream

# Of a clip, what is further than this from its word is left out: recordings may be long.
MARGIN_MS = 300
# Long recordings are listened to in parts of this length, on every core.
PART_MINUTES = 5.0


def compose(store: ClipStore, config: StreamConfig, split: str, seed: int) -> list[Stream]:
    """Composes the streams of a split.

    Streams of words come in every condition: without background, then at each SNR over noise, then over speech
    (where ``dataset.negative_roots`` gave some). The same words come in the same order in all of them. Sound without
    keywords is the split's noise and its negative speech; without such speech, words that are no keywords stand in.

    Args:
        store: what prepare left.
        config: lengths, gaps and SNRs.
        split: which clips, noise and speech.
        seed: of every draw.

    Returns:
        The streams; of a split without keywords, those of sound alone.
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
        streams += _sound("negative", speech, store.negative_paths(split), config, rate)
    else:
        others = _plan_others(store, config, split, _rng(seed, split, "others"))
        if others:
            streams.append(
                _words_stream(store, config, others, "others", "none", None, [], _rng(seed, split, "floor"))
            )
    return streams + _sound("noise", noise, [f"noise {n}" for n in range(len(noise))], config, rate)


def sound_streams(
    kind: Kind, pieces: Sequence[Pcm], paths: Sequence[str], part_samples: int
) -> Iterator[Stream]:
    """Yields streams of whole recordings one after another, each up to ``part_samples`` long; longer ones are cut."""
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


def _sound(
    kind: Kind, pieces: Sequence[Pcm], paths: Sequence[str], config: StreamConfig, rate: int
) -> list[Stream]:
    """Streams of sound without keywords, at most ``max_minutes`` together."""
    left = int(config.max_minutes * 60 * rate)
    kept: list[Pcm] = []
    for piece in pieces:
        kept.append(piece[:left])
        left -= kept[-1].size
        if left <= 0:
            break
    return list(sound_streams(kind, kept, paths[: len(kept)], int(PART_MINUTES * 60 * rate)))


def _plan_words(
    store: ClipStore, config: StreamConfig, split: str, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Draws clips and the gaps in front of them (samples), for ``words_minutes``, every keyword alike."""
    by_label = _shuffled_by_label(store, split, rng)
    keywords = [numbers for label, numbers in by_label.items() if is_keyword(label)]
    others = itertools.cycle(by_label.get(UNKNOWN, []))

    def turns() -> Iterator[int]:
        for number in round_robin([numbers * config.max_repeats for numbers in keywords]):
            yield number
            if rng.random() < config.unknown_ratio:
                yield from itertools.islice(others, 1)

    plan = _fitting(store, config, turns(), rng)
    return [plan[place] for place in rng.permutation(len(plan))]


def _plan_others(
    store: ClipStore, config: StreamConfig, split: str, rng: np.random.Generator
) -> list[tuple[int, int]]:
    return _fitting(store, config, iter(_shuffled_by_label(store, split, rng).get(UNKNOWN, [])), rng)


def _fitting(
    store: ClipStore, config: StreamConfig, numbers: Iterator[int], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Takes clips with gaps until ``words_minutes`` are full; one at least, where there is one."""
    plan: list[tuple[int, int]] = []
    room = config.words_minutes * 60 * store.summary["sample_rate_hz"]
    for number in numbers:
        gap = _gap(store, config, rng)
        room -= gap + _cut(store, number)[0].size
        if room < 0 and plan:
            break
        plan.append((number, gap))
    return plan


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
        start_ms, end_ms = (1000 * (start + gap + place) / rate for place in word)
        spoken.append(Spoken(store.rows[number].word, store.rows[number].speaker, start_ms, end_ms))
        start += slots[-1].length
    samples = mix(slots, pieces, snr_db, config.noise_floor_db, rate, rng)
    condition = "clean" if snr_db is None else f"{snr_db:g} dB over {background}"
    return Stream(f"{kind}, {condition}", kind, (samples,), background, snr_db, spoken=tuple(spoken))


def _cut(store: ClipStore, number: int) -> tuple[Pcm, tuple[int, int]]:
    """Returns a clip without what is far from its word, and the bounds of the word in that."""
    clip, (start, end) = store.clip(number), store.word_bounds(number)
    margin = store.summary["sample_rate_hz"] * MARGIN_MS // 1000
    first = max(0, start - margin)
    return clip[first : end + margin], (start - first, end - first)


def _gap(store: ClipStore, config: StreamConfig, rng: np.random.Generator) -> int:
    gap_ms = rng.integers(config.min_gap_ms, config.max_gap_ms, endpoint=True)
    return int(gap_ms) * int(store.summary["sample_rate_hz"]) // 1000


def _rng(seed: int, *names: object) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, names)).encode())])

"""Composition of streams."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.streaming.composition import compose, sound_streams
from support.streams import RATE_HZ, make_config

Make = Callable[..., ClipStore]


def test_there_is_a_stream_per_condition(make_store: Make) -> None:
    streams = compose(make_store(), make_config(snr_db=(20.0, 5.0)), "testing", 1)
    conditions = [(s.kind, s.background, s.snr_db) for s in streams]
    assert conditions == [
        ("words", "none", None),
        ("words", "noise", 20.0),
        ("words", "noise", 5.0),
        ("words", "speech", 20.0),
        ("words", "speech", 5.0),
        ("negative", "none", None),
        ("noise", "none", None),
    ]
    words = [s.spoken for s in streams if s.kind == "words"]
    assert all(spoken == words[0] for spoken in words)  # conditions are comparable
    assert {word.word for word in words[0]} >= {"one", "two"}
    assert len({s.name for s in streams}) == len(streams)


def test_the_same_seed_gives_the_same_samples(make_store: Make) -> None:
    store, config = make_store(), make_config()
    first, second, other = (compose(store, config, "testing", seed) for seed in (1, 1, 2))
    for one, two in zip(first, second, strict=True):
        assert one.spoken == two.spoken
        assert all(np.array_equal(a, b) for a, b in zip(one.pieces, two.pieces, strict=True))
    assert other[0].spoken != first[0].spoken


def test_a_stream_of_words_has_each_keyword_clip_before_any_is_repeated(make_store: Make) -> None:
    store = make_store()
    numbers = [n for n in store.select_plain("testing") if store.labels[store.targets[n]] in ("one", "two")]
    config = make_config(words_minutes=0.01, max_words_minutes=60.0, max_repeats=3, unknown_ratio=0.5)
    words = compose(store, config, "testing", 1)[0].spoken
    assert sum(word.word in ("one", "two") for word in words) == len(numbers)
    assert len({(w.word, w.speaker) for w in words if w.word in ("one", "two")}) == len(
        {(store.rows[n].word, store.rows[n].speaker) for n in numbers}
    )
    repeated = compose(store, make_config(words_minutes=60.0, max_repeats=3), "testing", 1)[0].spoken
    assert sum(word.word in ("one", "two") for word in repeated) == 3 * len(numbers)


def test_without_speech_there_is_a_stream_of_other_words(make_store: Make) -> None:
    streams = compose(make_store(negative_s=()), make_config(), "testing", 1)
    assert [s.kind for s in streams] == ["words", "words", "others", "noise"]
    others = streams[2]
    assert {word.word for word in others.spoken} == {"cat", "dog"}


def test_without_noise_or_keywords_there_are_fewer_streams(make_store: Make) -> None:
    assert [s.name for s in compose(make_store((), 0.0), make_config(), "testing", 1)] == [
        "words, clean",
        "others, clean",
    ]
    kinds = [s.kind for s in compose(make_store(keywords=False), make_config(), "testing", 1)]
    assert kinds == ["negative", "noise"]
    assert compose(make_store(), make_config(), "validation", 1) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1000),
    gaps=st.tuples(st.integers(1500, 3000), st.integers(0, 2000)),
    minutes=st.floats(0.05, 0.6),
    repeats=st.integers(1, 4),
    ratio=st.floats(0, 1),
)
def test_words_do_not_overlap_and_are_at_their_times(
    seed: int, gaps: tuple[int, int], minutes: float, repeats: int, ratio: float, make_store: Make
) -> None:
    config = make_config(
        min_gap_ms=gaps[0],
        max_gap_ms=sum(gaps),
        words_minutes=minutes,
        max_repeats=repeats,
        unknown_ratio=ratio,
        noise_floor_db=-96.0,
    )
    stream = compose(make_store(), config, "testing", seed)[0]
    samples = np.concatenate(stream.pieces).astype(int)
    longest_s = (sum(gaps) + 1000) / 1000  # the last gap, and the word of the shortest stream
    assert samples.size <= (60 * minutes + 2 * longest_s) * RATE_HZ
    assert (
        min(b.start_ms - a.end_ms for a, b in pairwise([*stream.spoken])) >= gaps[0]
        if len(stream.spoken) > 1
        else True
    )
    assert stream.spoken[0].start_ms >= gaps[0]
    loud = np.abs(samples) > 200
    expected = np.zeros(samples.size, bool)
    for word in stream.spoken:
        first, last = (round(time_ms * RATE_HZ / 1000) for time_ms in (word.start_ms, word.end_ms))
        assert loud[first : first + 40].any() and loud[last - 40 : last].any()
        expected[first:last] = True
        counts = [w.word for w in stream.spoken].count(word.word)
        assert counts <= 3 * repeats or word.word in ("cat", "dog")
    assert not loud[~expected].any()


def test_audio_is_divided_into_parts_and_complete() -> None:
    pieces = [np.arange(size, dtype=np.int16) for size in (5, 6, 25, 3)]
    streams = list(sound_streams("negative", pieces, ["a", "b", "c", "d"], 10))
    assert [s.paths for s in streams] == [("a",), ("b",), ("c",), ("c",), ("c", "d")]
    assert max(s.num_samples for s in streams) <= 10
    everything = np.concatenate([piece for s in streams for piece in s.pieces])
    assert np.array_equal(everything, np.concatenate(pieces))


def test_the_duration_of_audio_is_limited(make_store: Make) -> None:
    store = make_store(negative_s=(30.0, 40.0))
    streams = compose(store, make_config(max_minutes=50 / 60), "testing", 1)
    negative = [s for s in streams if s.kind == "negative"]
    assert sum(s.num_samples for s in negative) == 50 * RATE_HZ

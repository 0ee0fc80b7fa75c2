"""Synthetic source: disjoint voices of the splits, and reproducible clips."""

import dataclasses
import hashlib
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.recordings import SPLITS, SourceUnavailable
from kwspipe.dataset.sources.synthetic import SyntheticSource
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.dataset.tts import espeak, kokoro
from kwspipe.dataset.tts.espeak_speakers import family
from kwspipe.errors import KwspipeError
from support.voices_package import pack

Make = Callable[..., DatasetConfig]
needs_espeak = pytest.mark.skipif(
    not espeak.is_installed(), reason="needs the extra: pip install kwspipe[synthetic]"
)
RATE_HZ = 16000
VOICES = [f"{accent}{sex}_{number}" for accent in "abej" for sex in "fm" for number in range(4)]


def source(dataset: DatasetConfig, seed: int = 1, **values: object) -> SyntheticSource:
    synthetic = dataclasses.replace(dataset.synthetic, **values)  # type: ignore[arg-type]
    return SyntheticSource(dataclasses.replace(dataset, synthetic=synthetic), 1.2, seed)


@needs_espeak
def test_a_phrase_is_spoken_with_spaces_and_its_parts_are_other_words(make_dataset: Make):
    phrase = source(make_dataset(words=("hey_computer",)), clips_per_word=4, near_words_per_keyword=8)
    keywords, others = phrase.words()
    assert keywords == ["hey_computer"] and {"hey", "computer", "commuter"} <= set(others)
    texts = {r.origin.text.rstrip(".!?,") for r in phrase.find().words if r.word == "hey_computer"}
    assert texts == {"hey computer"}
    spoken = espeak.phonemes(["hey_computer", "hey", "computer"], "gmw/en-US")
    assert spoken["hey_computer"] == f"{spoken['hey']} {spoken['computer']}"


def test_related_variants_are_one_family():
    assert [family(name) for name in ("klatt", "klatt2", "iven4", "f1", "m8", "Mr serious")] == [
        "klatt", "klatt", "iven", "f1", "m8", "Mr serious",
    ]  # fmt: skip


def test_a_missing_extra_is_named(make_dataset: Make, frontend: FrontendConfig, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(espeak, "is_installed", lambda: False)
    with pytest.raises(SourceUnavailable, match="espeak-ng is not installed"):
        source(make_dataset()).find()
    with pytest.raises(
        KwspipeError,
        match=r"synthetic: espeak-ng is not installed.*Next: pip install 'kwspipe\[synthetic\]'",
    ):
        prepare(make_dataset(sources=("synthetic",)), frontend, 1, tmp_path)


@needs_espeak
@pytest.mark.parametrize(("max_voices", "seed"), [(4, 1), (4, 2), (12, 3), (200, 4)])
def test_no_voice_is_in_two_splits_and_no_split_is_empty(make_dataset: Make, max_voices: int, seed: int):
    found = source(make_dataset(), seed, max_voices=max_voices, clips_per_word=30).find()
    splits: dict[str, set[str]] = {}
    for recording in found.words:
        variant = recording.origin.voice.partition("+")[2]
        assert recording.speaker.endswith(f"+{variant}")
        splits.setdefault(family(variant), set()).add(str(recording.split))
    assert all(len(members) == 1 for members in splits.values())
    for noise in found.noise:
        for voice in noise.origin.voices:
            assert splits.get(family(voice.voice.partition("+")[2]), {noise.split}) == {noise.split}
    counts = Counter((r.word, r.split) for r in found.words)
    assert {counts[word, split] for word in ("one", "cat") for split in ("validation", "testing")} == {3}
    assert counts["one", "training"] == 24


@needs_espeak
def test_clips_are_divided_among_engines_and_no_voice_is_in_two_splits(
    make_dataset: Make, tmp_path: Path, monkeypatch
):
    archive = pack(tmp_path / "voices-1.tgz", {name: np.zeros((2, 1, 256)) for name in VOICES})
    monkeypatch.setattr(kokoro, "is_installed", lambda: True)
    settings = dataclasses.replace(
        make_dataset().synthetic.kokoro,
        voices_package="voices@1",
        voices_sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
        cache_dir=str(tmp_path),
    )
    shares = {"espeak": 1.0, "kokoro": 3.0}
    two_engines = source(
        make_dataset(), engines=("espeak", "kokoro"), shares=shares, clips_per_word=80, kokoro=settings
    )
    recordings = [r for r in two_engines.find().words if isinstance(r.origin, kokoro.Utterance)]
    counts = Counter((r.word, r.split) for r in recordings)
    assert [counts["one", split] for split in SPLITS] == [48, 6, 6]
    assert len(two_engines.find().words) == 80 * 7
    splits_of_voice: dict[str, set[str]] = {}
    for recording in recordings:
        for part in recording.origin.voice.split("+"):
            splits_of_voice.setdefault(part.partition(":")[0], set()).add(str(recording.split))
    assert set(splits_of_voice) <= set(VOICES)
    assert all(len(splits) == 1 for splits in splits_of_voice.values())
    assert (
        {0.75, 1.4} <= {recording.origin.speed for recording in recordings} <= {n / 20 for n in range(15, 29)}
    )


@needs_espeak
def test_similar_words_are_added_if_no_other_words_are_configured(make_dataset: Make):
    assert {"free", "wan"} <= set(source(make_dataset(), near_words_per_keyword=4).words()[1])
    configured = source(make_dataset(unknown_words=("cat",)), near_words_per_keyword=4)
    assert configured.words() == (["one", "two", "three"], ["cat"])


@needs_espeak
def test_too_few_voices_are_an_error(make_dataset: Make):
    with pytest.raises(KwspipeError, match=r"dataset.synthetic.max_voices: 2 voices, with no voice for"):
        source(make_dataset(), max_voices=2).find()


@needs_espeak
def test_the_parameters_are_in_the_configured_ranges(make_dataset: Make):
    found = source(make_dataset(), clips_per_word=40).find()
    utterances = [r.origin for r in found.words]
    assert {u.voice.partition("+")[0] for u in utterances} == {"gmw/en-US", "gmw/en"}
    assert {u.rate_wpm for u in utterances} <= set(range(120, 201)) and len(
        {u.rate_wpm for u in utterances}
    ) > 40
    assert {u.pitch for u in utterances} <= set(range(30, 71)) and len({u.pitch for u in utterances}) > 25
    assert {u.text[-1] for u in utterances} == set(".!?,")
    assert all(r.word == r.origin.text[:-1] for r in found.words)
    assert len({r.path for r in found.words}) == len(found.words) == 40 * 7


@needs_espeak
def test_homophones_of_keywords_are_excluded(make_dataset: Make):
    words = ("to", "won", "cat", "too", "two", "cat", "tree")
    found = source(make_dataset(), unknown_words=words).find()
    assert {r.word for r in found.words} == {"one", "two", "three", "cat", "tree"}
    babble = {u.text for r in found.noise for u in r.origin.voices}
    assert babble and all(set(text.split(", ")) <= {"cat", "tree"} for text in babble)


@needs_espeak
def test_an_unknown_accent_is_rejected_with_the_closest_accents(make_dataset: Make):
    with pytest.raises(KwspipeError) as caught:
        source(make_dataset(), accents=("en-us", "en-scotland")).find()
    assert "dataset.synthetic.accents.1: 'en-scotland'. Allowed: the languages of espeak-ng" in str(
        caught.value
    )
    assert "closest first: en-gb-scotland" in str(caught.value)
    with pytest.raises(KwspipeError, match="at least one, for example en-us"):
        source(make_dataset(), accents=()).find()


@needs_espeak
def test_the_seed_determines_the_utterances(make_dataset: Make):
    def contents(seed: int) -> list[str]:
        return [r.content for r in source(make_dataset(), seed).find().words]

    assert contents(1) == contents(1) != contents(2)


@needs_espeak
def test_processes_return_clips_in_order_and_end(make_dataset: Make):
    synthetic_source = source(make_dataset())
    chosen = [*synthetic_source.find().words[:5], *synthetic_source.find().noise[:1]]
    before = set(multiprocessing.active_children())
    clips = list(synthetic_source.read(chosen, RATE_HZ))
    for recording, pcm in zip(chosen[:5], clips, strict=False):
        assert np.array_equal(pcm, espeak.synthesize(recording.origin, RATE_HZ))
    assert clips[5].size >= 2.4 * RATE_HZ
    synthetic_source.close()
    assert set(multiprocessing.active_children()) == before


class Crash:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple:
        return os._exit, (3,)


@needs_espeak
def test_a_crashed_process_is_an_error(make_dataset: Make):
    synthetic_source = source(make_dataset())
    fatal = dataclasses.replace(synthetic_source.find().words[0], origin=Crash())
    with pytest.raises(
        KwspipeError, match=r"espeak-ng: a process of the speech synthesis was killed or crashed"
    ):
        list(synthetic_source.read([fatal], RATE_HZ))
    synthetic_source.close()


@needs_espeak
def test_a_store_of_synthetic_speech_is_reproducible(
    make_dataset: Make, frontend: FrontendConfig, tmp_path: Path, caplog
):
    dataset = make_dataset(sources=("folder", "synthetic"), root=None)
    hashes = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        summary = prepare(dataset, frontend, 1, folder)
        hashes.append({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()})
    assert hashes[0] == hashes[1]
    assert (summary["source_used"], summary["synthetic"]) == ("synthetic", True)
    assert summary["skipped_sources"] == [{"source": "folder", "reason": "dataset.root is not set"}]
    assert "Data source folder skipped: dataset.root is not set" in caplog.text
    assert "all clips are synthesized; they contain no human voice" in caplog.text
    assert summary["rejected"] == {}
    store = ClipStore(tmp_path / "a")
    assert all(summary["counts"][label][split] > 0 for label in store.labels for split in SPLITS)
    assert {row.path.partition("_t")[0] for row in store.rows if row.label == "_silence_"} & {
        "_background_noise_/white", "_background_noise_/pink", "_background_noise_/brown", "_background_noise_/babble",
    }  # fmt: skip

"""The synthetic source: no voice in two splits, the same clips for the same settings."""

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
    not espeak.installed(), reason="needs the extra: pip install kwspipe[synthetic]"
)
RATE_HZ = 16000
VOICES = [f"{accent}{sex}_{number}" for accent in "abej" for sex in "fm" for number in range(4)]


def source(dataset: DatasetConfig, seed: int = 1, **values: object) -> SyntheticSource:
    synthetic = dataclasses.replace(dataset.synthetic, **values)  # type: ignore[arg-type]
    return SyntheticSource(dataclasses.replace(dataset, synthetic=synthetic), 1.2, seed)


def test_relatives_are_one_family():
    assert [family(name) for name in ("klatt", "klatt2", "iven4", "f1", "m8", "Mr serious")] == [
        "klatt", "klatt", "iven", "f1", "m8", "Mr serious",
    ]  # fmt: skip


def test_without_the_extra_the_reason_names_it(
    make_dataset: Make, frontend: FrontendConfig, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(espeak, "installed", lambda: False)
    with pytest.raises(
        SourceUnavailable, match=r"espeak-ng is not installed: pip install kwspipe\[synthetic\]"
    ):
        source(make_dataset()).find()
    with pytest.raises(
        KwspipeError, match=r"synthetic: espeak-ng is not installed: pip install kwspipe\[synthetic\]"
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
def test_two_engines_share_the_clips_and_no_voice_is_in_two_splits(
    make_dataset: Make, tmp_path: Path, monkeypatch
):
    archive = pack(tmp_path / "voices-1.tgz", {name: np.zeros((2, 1, 256)) for name in VOICES})
    monkeypatch.setattr(kokoro, "installed", lambda: True)
    settings = dataclasses.replace(
        make_dataset().synthetic.kokoro,
        voices_package="voices@1",
        voices_sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
        cache_dir=str(tmp_path),
    )
    shares = {"espeak": 1.0, "kokoro": 3.0}
    speaking = source(
        make_dataset(), engines=("espeak", "kokoro"), shares=shares, clips_per_word=80, kokoro=settings
    )
    spoken = [r for r in speaking.find().words if isinstance(r.origin, kokoro.Utterance)]
    counts = Counter((r.word, r.split) for r in spoken)
    assert [counts["one", split] for split in SPLITS] == [48, 6, 6]
    assert len(speaking.find().words) == 80 * 7
    heard: dict[str, set[str]] = {}
    for recording in spoken:
        for part in recording.origin.voice.split("+"):
            heard.setdefault(part.partition(":")[0], set()).add(str(recording.split))
    assert set(heard) <= set(VOICES) and all(len(splits) == 1 for splits in heard.values())
    assert {0.75, 1.4} <= {recording.origin.speed for recording in spoken} <= {n / 20 for n in range(15, 29)}


@needs_espeak
def test_words_near_in_sound_are_added_where_none_are_chosen(make_dataset: Make):
    assert {"free", "wan"} <= set(source(make_dataset(), near_words_per_keyword=4).words()[1])
    chosen = source(make_dataset(unknown_words=("cat",)), near_words_per_keyword=4)
    assert chosen.words() == (["one", "two", "three"], ["cat"])


@needs_espeak
def test_few_voices_are_an_error(make_dataset: Make):
    with pytest.raises(KwspipeError, match=r"dataset.synthetic.max_voices: 2, which leaves no voice for"):
        source(make_dataset(), max_voices=2).find()


@needs_espeak
def test_the_settings_are_kept(make_dataset: Make):
    found = source(make_dataset(), clips_per_word=40).find()
    spoken = [r.origin for r in found.words]
    assert {u.voice.partition("+")[0] for u in spoken} == {"gmw/en-US", "gmw/en"}
    assert {u.rate_wpm for u in spoken} <= set(range(120, 201)) and len({u.rate_wpm for u in spoken}) > 40
    assert {u.pitch for u in spoken} <= set(range(30, 71)) and len({u.pitch for u in spoken}) > 25
    assert {u.text[-1] for u in spoken} == set(".!?,")
    assert all(r.word == r.origin.text[:-1] for r in found.words)
    assert len({r.path for r in found.words}) == len(found.words) == 40 * 7


@needs_espeak
def test_words_that_sound_as_a_keyword_are_left_out(make_dataset: Make):
    words = ("to", "won", "cat", "too", "two", "cat", "tree")
    found = source(make_dataset(), unknown_words=words).find()
    assert {r.word for r in found.words} == {"one", "two", "three", "cat", "tree"}
    babble = {u.text for r in found.noise for u in r.origin.voices}
    assert babble and all(set(text.split(", ")) <= {"cat", "tree"} for text in babble)


@needs_espeak
def test_an_accent_that_is_none_names_the_closest(make_dataset: Make):
    with pytest.raises(KwspipeError) as caught:
        source(make_dataset(), accents=("en-us", "en-scotland")).find()
    assert "dataset.synthetic.accents.1: 'en-scotland'. Allowed: espeak-ng's languages" in str(caught.value)
    assert "closest first: en-gb-scotland" in str(caught.value)
    with pytest.raises(KwspipeError, match="at least one, as en-us"):
        source(make_dataset(), accents=()).find()


@needs_espeak
def test_the_seed_decides_who_says_what(make_dataset: Make):
    def contents(seed: int) -> list[str]:
        return [r.content for r in source(make_dataset(), seed).find().words]

    assert contents(1) == contents(1) != contents(2)


@needs_espeak
def test_processes_speak_in_order_and_end(make_dataset: Make):
    speaking = source(make_dataset())
    chosen = [*speaking.find().words[:5], *speaking.find().noise[:1]]
    before = set(multiprocessing.active_children())
    spoken = list(speaking.read(chosen, RATE_HZ))
    for recording, pcm in zip(chosen[:5], spoken, strict=False):
        assert np.array_equal(pcm, espeak.synthesize(recording.origin, RATE_HZ))
    assert spoken[5].size >= 2.4 * RATE_HZ
    speaking.close()
    assert set(multiprocessing.active_children()) == before


class Crash:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple:
        return os._exit, (3,)


@needs_espeak
def test_a_process_that_dies_is_an_error(make_dataset: Make):
    speaking = source(make_dataset())
    fatal = dataclasses.replace(speaking.find().words[0], origin=Crash())
    with pytest.raises(KwspipeError, match=r"espeak-ng: a process that speaks was killed, or it crashed"):
        list(speaking.read([fatal], RATE_HZ))
    speaking.close()


@needs_espeak
def test_a_store_of_synthetic_speech(make_dataset: Make, frontend: FrontendConfig, tmp_path: Path, caplog):
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
    assert "clips are synthesized, no human voice is in them" in caplog.text
    assert summary["rejected"] == {}
    store = ClipStore(tmp_path / "a")
    assert all(summary["counts"][label][split] > 0 for label in store.labels for split in SPLITS)
    assert {row.path.partition("_t")[0] for row in store.rows if row.label == "_silence_"} & {
        "_background_noise_/white", "_background_noise_/pink", "_background_noise_/brown", "_background_noise_/babble",
    }  # fmt: skip

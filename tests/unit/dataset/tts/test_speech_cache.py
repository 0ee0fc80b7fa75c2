"""Cache of synthesized speech: keys, damaged files and write errors."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.audio.pcm import Pcm
from kwspipe.dataset.tts.speech_cache import SpeechCache
from kwspipe.errors import KwspipeError

KEY = {
    "engine": "espeak",
    "version": "1",
    "text": "seven.",
    "voice": "gmw/en-US+f3",
    "rate_wpm": 160,
    "pitch": 50,
}
SAMPLES = np.random.default_rng(1).integers(-32768, 32768, 4000).astype(np.int16)


class Maker:
    """Returns samples and counts the calls."""

    def __init__(self, pcm: Pcm = SAMPLES) -> None:
        self.pcm = pcm
        self.calls = 0

    def __call__(self) -> tuple[Pcm, int]:
        self.calls += 1
        return self.pcm, 22050


def test_samples_are_synthesized_once(tmp_path: Path):
    make = Maker()
    for _ in range(3):
        pcm, rate_hz = SpeechCache(tmp_path / "speech").get(KEY, make)
        assert np.array_equal(pcm, SAMPLES) and pcm.dtype == np.int16 and rate_hz == 22050
    assert make.calls == 1
    assert SpeechCache(tmp_path / "speech").has(KEY)


@pytest.mark.parametrize("name", sorted(KEY))
def test_every_value_of_the_key_is_significant(tmp_path: Path, name: str):
    cache = SpeechCache(tmp_path)
    cache.get(KEY, Maker())
    other = KEY | {name: "another"}
    assert not cache.has(other)
    make = Maker()
    cache.get(other, make)
    assert make.calls == 1


def test_size_counts_utterances_and_bytes(tmp_path: Path):
    cache = SpeechCache(tmp_path)
    assert cache.size() == (0, 0)
    cache.get(KEY, Maker())
    cache.get(KEY | {"pitch": 51}, Maker())
    num_utterances, size_bytes = cache.size()
    assert num_utterances == 2
    assert size_bytes == sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file())


@pytest.mark.parametrize("damage", [b"", b"fLaC", b"no audio at all"])
def test_a_damaged_file_is_replaced(tmp_path: Path, damage: bytes):
    cache = SpeechCache(tmp_path)
    cache.get(KEY, Maker())
    cache.path(KEY).write_bytes(damage)
    make = Maker()
    assert np.array_equal(cache.get(KEY, make)[0], SAMPLES)
    assert make.calls == 1
    assert np.array_equal(cache.get(KEY, make)[0], SAMPLES)
    assert make.calls == 1


def test_empty_results_are_not_stored(tmp_path: Path):
    cache = SpeechCache(tmp_path)
    make = Maker(np.zeros(0, np.int16))
    assert cache.get(KEY, make)[0].size == cache.get(KEY, make)[0].size == 0
    assert make.calls == 2 and cache.size() == (0, 0)


def test_a_failed_write_leaves_no_files(tmp_path: Path, monkeypatch):
    def fail(*_args: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kwspipe.dataset.tts.speech_cache.soundfile.write", fail)
    with pytest.raises(KwspipeError) as caught:
        SpeechCache(tmp_path).get(KEY, Maker())
    assert "dataset.synthetic.cache_dir" in str(caught.value)
    assert "cannot be written (No space left on device)" in str(caught.value)
    assert "or to null for no cache" in str(caught.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_instead_of_the_folder_is_an_error(tmp_path: Path):
    (tmp_path / "speech").write_text("not a folder")
    with pytest.raises(KwspipeError, match=r"dataset\.synthetic\.cache_dir"):
        SpeechCache(tmp_path / "speech").get(KEY, Maker())

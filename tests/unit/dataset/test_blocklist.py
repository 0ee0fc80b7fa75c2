"""Exclusion of recordings by their sha256, and errors of invalid lists."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset import blocklist
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.sources.source_factory import input_hashes
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from support.datasets import RATE_HZ, tone, write
from support.default_settings import FRONTEND

Make = Callable[..., DatasetConfig]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_listed_recordings_are_rejected_under_any_name(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, tmp_path: Path
):
    word = corpus / "one" / "s3_nohash_0.wav"
    noise = write(
        corpus / "_background_noise_" / "hum.wav", np.random.default_rng(9).normal(0, 0.1, 60 * RATE_HZ)
    )
    speech = write(tmp_path / "talk" / "a.wav", tone(190))
    write(tmp_path / "talk" / "b.wav", tone(290))
    listed = tmp_path / "bad.txt"
    listed.write_text(
        f"# mislabelled\n\n{sha256(word)}  {word}\n{sha256(noise).upper()} hum\n{sha256(speech)}\n"
    )
    word.rename(corpus / "one" / "s3_nohash_9.wav")  # by content, not by name
    (tmp_path / "prepare").mkdir()
    dataset = make_dataset(bad_files=(str(listed),), negative_roots=(str(tmp_path / "talk"),))
    summary = prepare(dataset, frontend, 1, tmp_path / "prepare")
    assert summary["rejected"] == {"bad_file": 3}
    assert summary["counts"]["one"]["training"] == 7
    store = ClipStore(tmp_path / "prepare")
    assert "one/s3_nohash_9.wav" not in [store.path(n) for n in range(len(store.rows))]
    assert (
        "one/s3_nohash_9.wav,one,bad_file,listed in dataset.bad_files"
        in (tmp_path / "prepare" / "rejected.csv").read_text()
    )


def test_a_changed_list_makes_prepare_run_again(make_dataset: Make, tmp_path: Path):
    listed = tmp_path / "bad.txt"
    listed.write_text("")
    before = input_hashes(make_dataset(bad_files=(str(listed),)), FRONTEND, 1)
    listed.write_text("a" * 64 + "\n")
    assert (
        input_hashes(make_dataset(bad_files=(str(listed),)), FRONTEND, 1)["bad_files"] != before["bad_files"]
    )


def test_the_bundled_list_is_read():
    assert blocklist.load(()) == frozenset()
    assert "The list is empty" in blocklist.BUNDLED.read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "it cannot be read (No such file or directory)"),
        (b"\xff\xfe\x00", "it cannot be read ('utf-8'"),
        (b"# fine\nbad.wav\n", "line 2 is 'bad.wav'"),
        (b"deadbeef  bad.wav\n", "line 1 is 'deadbeef  bad.wav'"),
    ],
)
def test_an_invalid_list_is_an_error(tmp_path: Path, content: bytes | None, message: str):
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KwspipeError) as caught:
        blocklist.load([str(path)])
    assert str(caught.value).startswith(f"dataset.bad_files.0 ({path}): {message}")
    assert "Allowed: a text file with one sha256 per line, in the output format of sha256sum" in str(
        caught.value
    )


def test_clipped_recordings_are_rejected(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, tmp_path: Path
):
    write(corpus / "one" / "s0_nohash_0.wav", np.sign(tone()))
    write(corpus / "one" / "s1_nohash_0.wav", np.clip(tone(peak=1.1), -1, 1))
    (tmp_path / "prepare").mkdir()
    summary = prepare(make_dataset(), frontend, 1, tmp_path / "prepare")
    assert summary["rejected"] == {"clipped": 2}
    rejected = (tmp_path / "prepare" / "rejected.csv").read_text()
    assert "one/s0_nohash_0.wav,one,clipped,40% of its samples at full scale" in rejected
    (tmp_path / "again").mkdir()
    assert prepare(make_dataset(max_clipped_fraction=0.5), frontend, 1, tmp_path / "again")["rejected"] == {}

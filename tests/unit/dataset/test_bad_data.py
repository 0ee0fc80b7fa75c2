"""Unusable files among words, noise and keyword-free speech: each is rejected with its reason."""

import csv
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from support.datasets import RATE_HZ, make_negatives, tone, write

Make = Callable[..., DatasetConfig]
SOUND = tone(330)
# Unusable files by name: a function that writes the file, and the reason and detail in rejected.csv.
BAD: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "zero_nohash_0.wav": (lambda p: p.write_bytes(b""), "empty", "0 bytes"),
    "nothing_nohash_0.wav": (lambda p: write(p, SOUND[:0]), "empty", "no samples"),
    "text_nohash_0.wav": (lambda p: p.write_text("hello " * 99), "unreadable", "not recognised"),
    "riff_nohash_0.wav": (lambda p: p.write_bytes(b"RIFF\xff\xff\xff\xffWAVEfmt "), "unreadable", ""),
    "cut_nohash_0.wav": (lambda p: truncate(write(p, SOUND), 0.5), "truncated", "of 32000 bytes"),
    "cut_nohash_0.flac": (lambda p: truncate(write(p, hiss()), 0.5), "unreadable", ""),
    "slow_nohash_0.wav": (lambda p: write(p, SOUND, 3), "sample_rate", "3 Hz"),
    "fast_nohash_0.wav": (lambda p: write(p, SOUND, 1_000_000), "sample_rate", "1000000 Hz"),
    "nan_nohash_0.wav": (lambda p: write(p, np.full(RATE_HZ, np.nan), subtype="FLOAT"), "not_finite", "NaN"),
    "scale_nohash_0.wav": (
        lambda p: write(p, SOUND * 3e4, subtype="FLOAT"),
        "over_scale",
        "times full scale",
    ),
    "silent_nohash_0.wav": (lambda p: write(p, 0 * SOUND), "silent", ""),
    "notes_nohash_0.txt": (lambda p: p.write_text("x"), "not_audio", "allowed: files ending in"),
    "loop_nohash_0.wav": (lambda p: p.symlink_to(p.name), "unreadable", "Too many levels of symbolic links"),
    "gone_nohash_0.wav": (lambda p: p.symlink_to("nowhere.wav"), "unreadable", "No such file"),
    "pipe_nohash_0.wav": (lambda p: os.mkfifo(p), "not_audio", ""),
}
# Unusual files that can be read.
GOOD: dict[str, Callable[[Path], Any]] = {
    "wide_nohash_0.wav": lambda p: write(p, SOUND, subtype="PCM_24"),
    "float_nohash_0.wav": lambda p: write(p, SOUND, subtype="FLOAT"),
    "double_nohash_0.wav": lambda p: write(p, SOUND, subtype="DOUBLE"),
    "eight bit_nohash_0.wav": lambda p: write(p, SOUND, subtype="PCM_U8"),
    "octophonic_nohash_0.wav": lambda p: write(p, np.tile(SOUND[:, None], (1, 8))),
    "384k_nohash_0.wav": lambda p: write(p, np.repeat(SOUND, 24), 384_000),
    "8k_nohash_0.wav": lambda p: write(p, SOUND[::2], 8000),
    "liar_nohash_0.wav": lambda p: write(p, SOUND, format="FLAC"),
    "LOUD_nohash_0.WAV": lambda p: soundfile.write(str(p), SOUND, RATE_HZ, format="WAV"),
    "höchst \u65e5\u672c 'a$_nohash_0.wav": lambda p: write(p, SOUND),
    "lossy_nohash_0.mp3": lambda p: write(p, SOUND, format="MP3"),
    "lossy_nohash_0.opus": lambda p: write(p, SOUND, format="OGG", subtype="OPUS"),
}


def hiss() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, 3 * RATE_HZ)


def truncate(path: Path, part: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])


def fill(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, _, _) in BAD.items():
        make(folder / name)
    for name, make in GOOD.items():
        make(folder / name)
    (folder / ".hidden.wav").write_text("x")


def rejected_in(out: Path, below: str) -> dict[str, tuple[str, str]]:
    with (out / "rejected.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {Path(row["path"]).name: (row["reason"], row["detail"]) for row in rows if below in row["path"]}


@pytest.mark.parametrize("where", ["words", "noise", "negative"])
def test_each_unusable_file_has_its_reason_and_the_others_are_read(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path, tmp_path: Path, where: str
):
    folder = corpus / "one" if where == "words" else tmp_path / where / "deep" / "er"
    fill(folder)
    roots = {} if where == "words" else {f"{where}_roots": (str(tmp_path / where),)}
    if where != "words":
        (folder / "round").symlink_to(tmp_path / where)  # a link to a parent folder
    summary = prepare(make_dataset(**roots), frontend, 1, out)
    found = rejected_in(out, "one/" if where == "words" else f"{where}/deep/er/")
    assert found.keys() == BAD.keys()
    for name, (_, reason, detail) in BAD.items():
        assert (found[name][0], detail in found[name][1]) == (reason, True), (name, found[name])
        assert str(tmp_path) not in found[name][1]  # the detail has no absolute path
    assert sum(summary["rejected"].values()) == len(BAD)
    if where == "words":
        assert sum(summary["counts"]["one"].values()) == 12 + len(GOOD)
        by_name = {Path(ClipStore(out).path(n)).name: n for n in range(len(ClipStore(out).rows))}
        assert set(GOOD) <= by_name.keys()
        store = ClipStore(out)
        for name in ("384k_nohash_0.wav", "octophonic_nohash_0.wav", "wide_nohash_0.wav", "8k_nohash_0.wav"):
            assert store.clip(by_name[name]).size == pytest.approx(RATE_HZ, abs=2)
            assert np.abs(store.clip(by_name[name]).astype(int)).max() == pytest.approx(16384, rel=0.1)


@pytest.mark.parametrize("where", ["noise", "negative"])
def test_a_root_without_usable_files_is_an_error(
    make_dataset: Make, frontend: FrontendConfig, out: Path, tmp_path: Path, where: str
):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "notes.txt").write_text("x")
    with pytest.raises(KwspipeError) as caught:
        prepare(make_dataset(**{f"{where}_roots": (str(tmp_path / "bad"),)}), frontend, 1, out)
    assert str(caught.value).startswith(
        f"dataset.{where}_roots.0: '{tmp_path / 'bad'}', a folder without recordings"
    )


@pytest.mark.parametrize("where", ["noise", "negative"])
def test_a_folder_in_a_root_that_cannot_be_read_is_listed(
    make_dataset: Make,
    frontend: FrontendConfig,
    out: Path,
    tmp_path: Path,
    where: str,
    forbid: Callable[[str], None],
):
    write(tmp_path / where / "a" / "fine.wav", np.tile(SOUND, 8))
    write(tmp_path / where / "locked" / "b.wav", SOUND)
    forbid("locked")
    prepare(make_dataset(**{f"{where}_roots": (str(tmp_path / where),)}), frontend, 1, out)
    assert rejected_in(out, "locked") == {"locked": ("unreadable", "Permission denied")}


def test_unusable_keywords_are_not_used_for_hard_negatives(
    make_dataset: Make, frontend: FrontendConfig, corpus: Path, out: Path
):
    for path in (corpus / "one").glob("s*"):
        path.unlink()
    shutil.copy(corpus / "two" / "s0_nohash_0.wav", corpus / "one" / "s0_nohash_0.wav")
    fill(corpus / "one")
    for name in GOOD:
        (corpus / "one" / name).unlink()
    negatives = make_negatives(partial_ratio=2.0, ending_ratio=2.0)
    prepare(make_dataset(negatives=negatives), frontend, 1, out)
    store = ClipStore(out)
    paths = {store.path(n) for n in range(len(store.rows)) if store.rows[n].kind in ("partial", "ending")}
    assert not {f"one/{name}" for name in BAD} & paths
    assert len(rejected_in(out, "one/")) == len(BAD)  # listed once


@pytest.mark.parametrize("limit_bytes", [2_500_000, 3_500_000])
def test_a_full_disk_during_hard_negatives_is_an_error(
    make_dataset: Make, frontend: FrontendConfig, out: Path, limit_bytes: int
):
    negatives = make_negatives(partial_ratio=4.0, babble_ratio=4.0, colour_ratio=9.0)
    dataset = make_dataset(negatives=negatives)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limits[1]))
    try:
        with pytest.raises(KwspipeError) as caught:
            prepare(dataset, frontend, 1, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert f"{out}: it cannot be written (File too large)" in str(caught.value)
    assert "free some space, or set run_dir to another disk" in str(caught.value)

"""Clip stores: equal content after reading, bounded memory, and errors of changed stores."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.dataset.recordings import Rejected
from kwspipe.dataset.store import shards
from kwspipe.dataset.store.clip_store import ClipStore, StoreWriter
from kwspipe.dataset.store.clip_table import RECORD
from kwspipe.dataset.store.shards import Shards, ShardWriter
from kwspipe.errors import KwspipeError

LABELS = ("one", "_unknown_")
# Names that are quoted in CSV: with separators, quotes and line ends of every kind; names in other alphabets.
PATHS = ("one/a.wav", 'one/"b", c.wav', "one/d\ne.wav", "one/f\r\ng.wav", "grün/größe ✓.wav", "one/h\r.wav")


def pcm(number: int, length: int = 100) -> np.ndarray:
    return np.arange(length, dtype=np.int16) + np.int16(1000 * number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of six clips of 200 bytes in files of 450 bytes, with noise and a negative recording."""
    with StoreWriter(tmp_path, LABELS, shard_bytes=450) as writer:
        for number, path in enumerate(PATHS):
            writer.add_clip(
                pcm(number), (number, 50 + number), label=LABELS[number % 2], kind="partial" if number == 3 else "word",
                word=f"w{number}", speaker=f"s{number}", split=("training", "testing")[number % 2], source="folder",
                path=path,
            )  # fmt: skip
        for number in range(3):
            writer.add_noise_segment(f"n{number}\r", "training", writer.add_noise(pcm(number, 150)), 150)
        writer.add_negative(pcm(7, 1000), "talk.wav", "testing")
        writer.add_rejected(Rejected("x", "one", "empty", "0 bytes"))
        writer.finish({"labels": LABELS})
    return tmp_path


def test_clips_are_read_from_any_file(folder: Path):
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.i16")}
    assert sizes == {
        "clips-00000.i16": 400, "clips-00001.i16": 400, "clips-00002.i16": 400,
        "noise-00000.i16": 300, "noise-00001.i16": 300, "noise-00002.i16": 300, "negative-00000.i16": 2000,
    }  # fmt: skip
    store = ClipStore(folder)
    for number in (5, 0, 3, 1, 4, 2):
        assert np.array_equal(store.clip(number), pcm(number))
        assert store.word_bounds(number) == (number, 50 + number)
        assert store.path(number) == PATHS[number]
    assert store.targets.tolist() == [0, 1, 0, 1, 0, 1]
    assert [segment.tolist() for segment in store.noise("training")] == [
        pcm(n, 150).tolist() for n in range(3)
    ]
    assert np.array_equal(store.negative("testing")[0], pcm(7, 1000))
    assert store.negative_paths("testing") == ["talk.wav"]


def test_the_table_is_equal_to_that_of_a_csv_reader(folder: Path):
    with (folder / "clips.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    rows = ClipStore(folder).rows
    assert [{key: str(value) for key, value in vars(row).items()} for row in rows] == lines
    assert rows[-1].path == PATHS[-1] and [row.word for row in rows[1:3]] == ["w1", "w2"]
    with pytest.raises(IndexError):
        rows[6]


def test_splits_are_selected_with_and_without_hard_negatives(folder: Path):
    store = ClipStore(folder)
    assert store.select("testing").tolist() == [1, 3, 5]
    assert store.select_plain("testing").tolist() == [1, 5]
    assert store.select("validation").tolist() == []


def test_the_writer_returns_samples_written_before(tmp_path: Path):
    with StoreWriter(tmp_path, LABELS, shard_bytes=450) as writer:
        offsets = [writer.add_noise(pcm(number, 150)) for number in range(4)]
        assert writer.noise(offsets[0] + 10, 20).tolist() == pcm(0, 150)[10:30].tolist()
        assert writer.noise(offsets[3], 150).tolist() == pcm(3, 150).tolist()


def test_a_store_without_clips_is_valid(tmp_path: Path):
    with StoreWriter(tmp_path, LABELS) as writer:
        writer.finish({"labels": LABELS})
    store = ClipStore(tmp_path)
    assert (len(store.rows), store.select("training").size, store.noise("training")) == (0, 0, [])


def test_samples_are_correct_after_their_pages_were_released(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shards, "MAX_RESIDENT_BYTES", 500)
    store = ClipStore(folder)
    clips = [store.clip(number % 6) for number in range(30)]
    assert all(np.array_equal(clip, pcm(number % 6)) for number, clip in enumerate(clips))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), st.integers(2, 120))
def test_no_recording_is_divided_between_files(
    tmp_path_factory: pytest.TempPathFactory, lengths: list, bound: int
):
    folder = tmp_path_factory.mktemp("shards")
    writer = ShardWriter(folder, "clips", bound)
    offsets = [writer.append(pcm(number, length)) for number, length in enumerate(lengths)]
    writer.close()
    read = Shards(folder, "clips", sum(lengths))
    for number, (offset, length) in enumerate(zip(offsets, lengths, strict=True)):
        assert np.array_equal(read.cut(offset, length), pcm(number, length))
    assert max(path.stat().st_size for path in folder.iterdir()) <= max(bound, 2 * max(lengths))


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("clips-00001.i16", lambda path: path.unlink(), r"clips-\*.i16: 800 bytes in 2 file\(s\) instead of 1200"),
        ("noise-00000.i16", lambda path: path.write_bytes(b"x"), r"601 bytes in 3 file\(s\) instead of 900"),
        ("clips.csv", lambda path: path.write_bytes(path.read_bytes() + b"x"), r"clips.csv: \d+ bytes instead of the"),
        ("clips.csv", lambda path: path.write_bytes(path.read_bytes().replace(b"label", b"lebal")), "other columns"),
        ("clips.index", lambda path: path.write_bytes(path.read_bytes()[:-1]), "191 bytes, no multiple of 32"),
        ("clips.index", lambda path: path.unlink(), "No such file"),
        ("summary.json", lambda path: path.write_text("{}"), "labels"),
        ("noise.csv", lambda path: path.write_text("a,b\n"), "noise.csv has other columns than path, split"),
    ],
)  # fmt: skip
def test_a_changed_store_is_an_error(folder: Path, name: str, change, expected: str):
    assert RECORD.itemsize == 32
    change(folder / name)
    with pytest.raises(KwspipeError, match=f"{expected}.*run the stage prepare again"):
        ClipStore(folder)

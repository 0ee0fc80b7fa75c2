import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from kwspipe.audio.pcm import Pcm
from kwspipe.config import MineConfig
from kwspipe.core.spotter import Spotter
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.stages import mine as stage
from kwspipe.streaming.mining import ClipFolder, mine
from support.small_model import small_image
from support.streams import RATE_HZ

LENGTH, MARGIN = 19200, 1600


def talk(seconds: float, seed: int) -> Pcm:
    rng = np.random.default_rng(seed)
    swell = np.sin(np.arange(int(seconds * RATE_HZ)) / 9000) ** 2
    return (4000 * swell * rng.standard_normal(swell.size)).astype(np.int16)


def test_every_detection_is_filed_with_what_the_model_saw(tmp_path: Path) -> None:
    image = small_image(1)
    recordings = [("a", talk(40, 1)), ("b", talk(3, 2)), ("c", talk(100, 3))]
    heard: list[int] = []
    found = list(mine(image, recordings, LENGTH, MARGIN, 2, None, heard.append))
    assert sum(heard) == 143 * RATE_HZ
    # 120 s a stream: "a" and "b" together, then "c".
    spotter = Spotter(image)
    expected = [
        (d.label, d.score, d.time_ms) for d in spotter.feed(np.concatenate([talk(40, 1), talk(3, 2)]))
    ]
    spotter.reset()
    alone = [(d.label, d.score, d.time_ms) for d in spotter.feed(talk(100, 3))]
    assert expected and alone
    offset = {"a": 0, "b": 40000, "c": 0}
    got = [(m.label, m.score, m.time_ms + offset[m.recording]) for m in found]
    assert got == expected + alone
    for mined in found:
        source = dict(recordings)[mined.recording]
        assert 0 < mined.time_ms <= len(source) / 16
        assert len(mined.pcm) + MARGIN >= LENGTH and len(mined.pcm) <= LENGTH + 2 * MARGIN
        if mined.recording == "c" and 3000 < mined.time_ms < 90000:
            # The averaging window is 200 ms: the clip ends at one of its inferences, and the margin after it.
            ends = [mined.time_ms * 16 + MARGIN - lag for lag in range(0, 3400, 16)]
            assert any(np.array_equal(source[end - len(mined.pcm) : end], mined.pcm) for end in ends)


def test_a_lower_threshold_finds_more() -> None:
    image, recordings = small_image(1), [("a", talk(60, 1))]
    counts = [
        len(list(mine(image, recordings, LENGTH, MARGIN, 1, threshold, lambda _: None)))
        for threshold in (255, None, 0)
    ]
    assert counts[0] == 0 < counts[1] <= counts[2]


def config(**values: object) -> SimpleNamespace:
    settings = {"roots": (), "threshold": None, "margin_ms": 100, "threads": 2, **values}
    return SimpleNamespace(mine=MineConfig(**settings), frontend=SimpleNamespace(sample_length=LENGTH))


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "run" / "quantize").mkdir(parents=True)
    (tmp_path / "run" / "quantize" / "model.kws").write_bytes(small_image(1))
    (tmp_path / "out").mkdir()
    return tmp_path / "run"


def test_folders_are_mined(run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roots = tmp_path / "talk" / "deep"
    roots.mkdir(parents=True)
    soundfile.write(roots / "long.flac", talk(60, 1), RATE_HZ)
    soundfile.write(roots / "other.wav", talk(30, 2), RATE_HZ)
    (roots / "broken.wav").write_bytes(b"nothing")
    stage.run(config(roots=(str(tmp_path / "talk"),)), run_dir, tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    with (tmp_path / "out" / "mined.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert summary["false_accepts"] == len(rows) > 5
    assert summary["hours"] == pytest.approx(90 / 3600)
    assert summary["interval"][0] < summary["false_accepts_per_hour"] < summary["interval"][1]
    assert {row["recording"] for row in rows} == {"talk/deep/long.flac", "talk/deep/other.wav"}
    for row in rows:
        pcm, rate = soundfile.read(tmp_path / "out" / row["file"], dtype="int16")
        assert rate == RATE_HZ and pcm.size >= LENGTH - MARGIN
        assert row["file"].startswith(f"clips/{row['label']}/")
    said = " ".join(capsys.readouterr().err.split())
    assert "false accepts in 0.03 h" in said and "dataset.mined_roots=[" in said
    assert "talk/deep/broken.wav" in said


def test_without_folders_the_training_part_of_the_store_is_mined(
    run_dir: Path, tmp_path: Path, make_store: Callable[..., ClipStore]
) -> None:
    store = make_store(negative_s=(30.0, 40.0), split="training")
    store.folder.rename(run_dir / "prepare")
    stage.run(config(), run_dir, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["hours"] == pytest.approx(70 / 3600)


def test_nothing_to_mine_is_an_error(
    run_dir: Path, tmp_path: Path, make_store: Callable[..., ClipStore]
) -> None:
    make_store(split="testing").folder.rename(run_dir / "prepare")
    with pytest.raises(
        KwspipeError, match=r"the store has no speech without keywords for training.*set mine.roots"
    ):
        stage.run(config(), run_dir, tmp_path / "out")
    with pytest.raises(KwspipeError, match=r"mine.roots.0: '/nowhere', which is not a folder"):
        stage.run(config(roots=("/nowhere",)), run_dir, tmp_path / "out")


def test_clips_are_numbered_by_label(tmp_path: Path) -> None:
    from kwspipe.streaming.mining import Mined

    clips = ClipFolder(tmp_path, RATE_HZ)
    for label in ("one", "two", "one"):
        clips.add(Mined(label, 200, "talk", 1500, np.arange(100, dtype=np.int16)))
    clips.close()
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.wav")) == [
        "clips/one/000001.wav", "clips/one/000003.wav", "clips/two/000002.wav",
    ]  # fmt: skip

"""Mining of hard negatives, and the stage mine."""

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
from kwspipe.streaming.mining import ClipFolder, MinedClip, mine
from support.small_model import small_image
from support.streams import RATE_HZ

LENGTH, MARGIN = 19200, 1600


def speech_like(seconds: float, seed: int) -> Pcm:
    rng = np.random.default_rng(seed)
    swell = np.sin(np.arange(int(seconds * RATE_HZ)) / 9000) ** 2
    return (4000 * swell * rng.standard_normal(swell.size)).astype(np.int16)


def test_each_detection_is_mined_with_its_input(tmp_path: Path) -> None:
    image = small_image(1)
    recordings = [("a", speech_like(40, 1)), ("b", speech_like(3, 2)), ("c", speech_like(100, 3))]
    processed: list[int] = []
    found = list(mine(image, recordings, LENGTH, MARGIN, 2, None, processed.append))
    assert sum(processed) == 143 * RATE_HZ
    # A stream has 120 s: "a" and "b" are in the first stream, "c" is in the second.
    spotter = Spotter(image)
    expected = [
        (d.label, d.score, d.time_ms)
        for d in spotter.feed(np.concatenate([speech_like(40, 1), speech_like(3, 2)]))
    ]
    spotter.reset()
    alone = [(d.label, d.score, d.time_ms) for d in spotter.feed(speech_like(100, 3))]
    assert expected and alone
    offset = {"a": 0, "b": 40000, "c": 0}
    got = [(m.label, m.score, m.time_ms + offset[m.recording]) for m in found]
    assert got == expected + alone
    for mined in found:
        source = dict(recordings)[mined.recording]
        assert 0 < mined.time_ms <= len(source) / 16
        assert len(mined.pcm) + MARGIN >= LENGTH and len(mined.pcm) <= LENGTH + 2 * MARGIN
        if mined.recording == "c" and 3000 < mined.time_ms < 90000:
            # The clip ends at an inference of the averaging window of 200 ms, followed by the margin.
            ends = [mined.time_ms * 16 + MARGIN - lag for lag in range(0, 3400, 16)]
            assert any(np.array_equal(source[end - len(mined.pcm) : end], mined.pcm) for end in ends)


def test_a_lower_threshold_mines_more_clips() -> None:
    image, recordings = small_image(1), [("a", speech_like(60, 1))]
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


def test_recordings_in_folders_are_mined(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roots = tmp_path / "talk" / "deep"
    roots.mkdir(parents=True)
    soundfile.write(roots / "long.flac", speech_like(60, 1), RATE_HZ)
    soundfile.write(roots / "other.wav", speech_like(30, 2), RATE_HZ)
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
    output = " ".join(capsys.readouterr().err.split())
    assert "false accepts in 0.03 h" in output and "dataset.mined_roots=[" in output
    assert "talk/deep/broken.wav" in output


def test_without_folders_the_keyword_free_speech_of_the_training_split_is_mined(
    run_dir: Path, tmp_path: Path, make_store: Callable[..., ClipStore]
) -> None:
    store = make_store(negative_s=(30.0, 40.0), split="training")
    store.folder.rename(run_dir / "prepare")
    stage.run(config(), run_dir, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["hours"] == pytest.approx(70 / 3600)


def test_missing_audio_is_an_error(
    run_dir: Path, tmp_path: Path, make_store: Callable[..., ClipStore]
) -> None:
    make_store(split="testing").folder.rename(run_dir / "prepare")
    with pytest.raises(
        KwspipeError, match=r"the store has no keyword-free speech for training.*set mine.roots"
    ):
        stage.run(config(), run_dir, tmp_path / "out")
    with pytest.raises(KwspipeError, match=r"mine.roots.0: '/nowhere', which is not a folder"):
        stage.run(config(roots=("/nowhere",)), run_dir, tmp_path / "out")


def test_clips_are_stored_by_label(tmp_path: Path) -> None:
    clips = ClipFolder(tmp_path, RATE_HZ)
    for label in ("one", "two", "one"):
        clips.add(MinedClip(label, 200, "talk", 1500, np.arange(100, dtype=np.int16)))
    clips.close()
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.wav")) == [
        "clips/one/000001.wav", "clips/one/000003.wav", "clips/two/000002.wav",
    ]  # fmt: skip

"""Recording session: room noise, alternating words, repeated takes and stored files."""

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hydra import compose, initialize_config_dir
from rich.console import Console

from kwspipe.__main__ import conf_dir
from kwspipe.audio.level_meter import meter
from kwspipe.audio.pcm import read_pcm
from kwspipe.config import RecordConfig
from kwspipe.config.parse import parse
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.sources.folder import FolderSource
from kwspipe.errors import KwspipeError
from kwspipe.recording.display import Display
from kwspipe.recording.files import count_takes, store_take
from kwspipe.recording.session import Report, Session
from support.takes import CONFIG, RATE_HZ, PlayedInput, room, take

PAUSE = room(0.1)
GOOD, SOFT, CLIPPED = take(), take(peak=0.02, noise=0.0001), take(peak=1.5)


def record(
    root: Path,
    takes: list[np.ndarray],
    config: RecordConfig = CONFIG,
    stop_requested: Callable[[], bool] = lambda: False,
    words: tuple[str, ...] = ("computer", "lights"),
) -> tuple[Report, str]:
    """Runs a session with the takes as input and returns its report and the printed text."""
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    recordings = [PAUSE, room(config.noise_s)] if config.noise_s else []
    for samples in takes:
        recordings += [PAUSE, samples]
    with Display(console) as display:
        report = Session(PlayedInput(recordings), config, words, root, display, stop_requested).run()
    return report, console.file.getvalue()  # type: ignore[attr-defined]


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_takes_are_stored_in_the_layout_of_the_folder_source(tmp_path: Path):
    report, printed = record(tmp_path, [GOOD] * 4)
    assert names(tmp_path) == [
        "_background_noise_/ann_room_0.wav",
        "computer/ann_nohash_0.wav", "computer/ann_nohash_1.wav",
        "lights/ann_nohash_0.wav", "lights/ann_nohash_1.wav",
    ]  # fmt: skip
    found = FolderSource(tmp_path).find()
    assert [(r.word, r.speaker) for r in found.words] == [("computer", "ann")] * 2 + [("lights", "ann")] * 2
    assert len(found.noise) == 1 and not found.rejected
    # The words alternate.
    assert [entry["word"] for entry in report.filed] == ["", "computer", "lights", "computer", "lights"]
    assert report.room_db == pytest.approx(20 * np.log10(0.0005), abs=1)
    assert "Room noise: -66 dB" in printed
    assert "stored computer/ann_nohash_0.wav  (peak -6 dB" in printed
    # The word with 0.2 s before and after it.
    pcm = read_pcm(tmp_path / "computer" / "ann_nohash_0.wav", RATE_HZ)
    assert pcm.size / RATE_HZ == pytest.approx(0.8, abs=0.03)
    assert np.array_equal(pcm, GOOD[int(np.argmax(pcm[0] == GOOD)) :][: pcm.size]) or pcm.max() == GOOD.max()


def test_a_rejected_take_is_repeated_with_its_reason(tmp_path: Path):
    config = dataclasses.replace(CONFIG, takes=1)
    report, printed = record(tmp_path, [SOFT, CLIPPED, GOOD, GOOD], config)
    assert [entry["word"] for entry in report.repeated] == ["computer", "computer"]
    assert (
        "too soft" in report.repeated[0]["reason"] and "the recording clips" in report.repeated[1]["reason"]
    )
    assert "repeat computer: too soft (peak -34 dB, at least -30): move closer" in printed
    assert names(tmp_path)[1:] == ["computer/ann_nohash_0.wav", "lights/ann_nohash_0.wav"]
    assert report.given_up == [] and not report.ended_early


def test_after_max_retakes_the_session_continues_with_the_next_word(tmp_path: Path):
    config = dataclasses.replace(CONFIG, takes=1, max_retakes=1)
    report, _ = record(tmp_path, [SOFT, SOFT, GOOD], config)
    assert report.given_up == ["computer"]
    assert names(tmp_path)[1:] == ["lights/ann_nohash_0.wav"]


def test_a_second_session_adds_takes_and_overwrites_no_files(tmp_path: Path):
    config = dataclasses.replace(CONFIG, takes=1)
    record(tmp_path, [GOOD] * 2, config)
    (tmp_path / "computer" / "ann_nohash_7.flac").write_bytes(b"another program")
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    record(tmp_path, [GOOD] * 2, config)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert set(names(tmp_path)) - set(before) == {
        "_background_noise_/ann_room_1.wav", "computer/ann_nohash_8.wav", "lights/ann_nohash_1.wav",
    }  # fmt: skip
    record(tmp_path, [GOOD] * 2, dataclasses.replace(config, speaker="bob"))
    assert (tmp_path / "computer" / "bob_nohash_0.wav").is_file()
    assert count_takes(tmp_path, "computer", "ann") == 3


def test_parallel_sessions_use_different_numbers(tmp_path: Path, monkeypatch):
    store_take(tmp_path, "seven", "ann", GOOD, RATE_HZ)
    # Simulates a parallel session that listed the files before this session stored its take.
    monkeypatch.setattr("kwspipe.recording.files._numbers", lambda *_: [])
    assert store_take(tmp_path, "seven", "ann", SOFT, RATE_HZ).name == "ann_nohash_1.wav"
    assert names(tmp_path) == ["seven/ann_nohash_0.wav", "seven/ann_nohash_1.wav"]


def test_a_stopped_session_keeps_its_takes(tmp_path: Path):
    calls = iter(range(10_000))
    # 22 blocks of noise and pause and 42 blocks of the first take and pause. The session stops in the second take.
    report, _ = record(tmp_path, [GOOD] * 4, stop_requested=lambda: next(calls) > 70)
    assert report.ended_early
    assert names(tmp_path) == ["_background_noise_/ann_room_0.wav", "computer/ann_nohash_0.wav"]


def test_without_noise_only_words_are_recorded(tmp_path: Path):
    report, _ = record(tmp_path, [GOOD] * 4, dataclasses.replace(CONFIG, noise_s=0.0))
    assert names(tmp_path)[0] == "computer/ann_nohash_0.wav" and len(report.filed) == 4


def test_a_microphone_that_ends_is_an_error_and_stored_takes_are_kept(tmp_path: Path):
    with pytest.raises(
        KwspipeError, match=r"a fake microphone, which returns no more samples.*stored takes are kept"
    ):
        record(tmp_path, [GOOD])
    assert "computer/ann_nohash_0.wav" in names(tmp_path)


def test_noise_that_clips_is_an_error(tmp_path: Path):
    loud = np.full(RATE_HZ, 32767, np.int16)
    with (
        pytest.raises(KwspipeError, match=r"room noise that clips.*reduce the gain of the microphone"),
        Display(Console(file=io.StringIO())) as display,
    ):
        Session(PlayedInput([PAUSE, loud]), CONFIG, ("computer",), tmp_path, display).run()
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch):
    (tmp_path / "seven").write_text("a file")
    with pytest.raises(KwspipeError, match="cannot be written"):
        store_take(tmp_path, "seven", "ann", GOOD, RATE_HZ)

    def full(*_args: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(soundfile, "write", full)
    with pytest.raises(KwspipeError, match="No space left on device"):
        store_take(tmp_path, "eight", "ann", GOOD, RATE_HZ)
    assert names(tmp_path) == ["seven"]


def test_takes_are_prepared_without_further_steps(tmp_path: Path):
    for speaker in ("ann", "bob", "cid", "dan"):
        config = dataclasses.replace(CONFIG, speaker=speaker, takes=1, noise_s=4.0)
        record(tmp_path / "mine", [GOOD] * 3, config, words=("computer", "lights", "other"))
    overrides = ["+experiment=custom", "dataset=folder", "dataset.words=[computer,lights]"]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        parsed = parse(compose("config", overrides=[*overrides, f"dataset.root={tmp_path}/mine"]))
    (tmp_path / "store").mkdir()
    summary = prepare(parsed.dataset, parsed.frontend, 1, tmp_path / "store")
    assert sum(summary["counts"]["computer"].values()) == 4
    assert summary["rejected"] == {}


@pytest.mark.parametrize(
    ("peak", "filled", "style"), [(0, 0, ""), (0.1, 27, "green"), (0.5, 36, "yellow"), (1, 40, "red")]
)
def test_the_meter_shows_the_peak(peak: float, filled: int, style: str):
    bar = meter(np.array([0, -round(peak * 32767)], np.int16))
    assert bar.plain.count("█") == filled
    assert style in {span.style for span in bar.spans} - {"dim"} or not filled

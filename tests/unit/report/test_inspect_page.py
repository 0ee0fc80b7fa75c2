"""Inspect page: statistics of the prepared store, and clips as training uses them."""

import base64
import dataclasses
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from kwspipe.augment import Augmenter, clip_keys
from kwspipe.config import PipelineConfig
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.report import formatting, page, store_statistics
from kwspipe.report.inspect_page import compose
from kwspipe.stages import inspect
from support.parsed_page import Page
from support.run_folders import composed_config
from support.small_run import HOSTILE, Run

MakeRun = Callable[..., Run]
AUDIO = re.compile(r"data:audio/flac;base64,(.*)")


def config_of(run_dir: Path, **inspect: Any) -> PipelineConfig:
    overrides = ["+experiment=digits_3", "augment=far_field", f"run_dir={run_dir}"]
    config = composed_config(*overrides)
    return dataclasses.replace(config, inspect=dataclasses.replace(config.inspect, **inspect))


def page_of(run: Run, **inspect: Any) -> Page:
    found = Page(compose(config_of(run.dir, **inspect), ClipStore(run.dir / "prepare")))
    assert found.faults == [] and found.fetched() == [] and found.handlers() == []
    return found


def sounds(found: Page) -> list[np.ndarray]:
    addresses = [attributes["src"] for attributes in found.all("audio")]
    matches = [AUDIO.fullmatch(address or "") for address in addresses]
    return [
        soundfile.read(io.BytesIO(base64.b64decode(m[1])), dtype="int16")[0] for m in matches if m is not None
    ]


def test_contents(make_run: MakeRun) -> None:
    run = make_run()
    run.prepare(clips_per_class=4)
    found = page_of(run, clips_per_class=2, takes=1, noise_clips=3)
    words = found.words.replace(formatting.THIN, " ")
    # Two clips of each of four classes, as recorded and augmented once; one piece of noise and one of speech.
    assert len(sounds(found)) == 2 * 4 * 2 + 1 + 1
    for text in (
        "48 clips of 4 classes", "16 clips of 3 speakers, 2.0 s of noise", "too_short: 1", f"one/{HOSTILE}.wav",
        "RoomSimulator", "min_snr_db −20.0", "_silence_ only", "seed (42)", "as recorded", "epoch 1", "0.62 s",
        "12 zero", "Speech without keywords", "talk.flac", "hum <b>.wav",
    ):  # fmt: skip
        assert text in words, text
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(attributes.get("alt") for attributes in found.all("img"))


def test_clips_are_those_of_training(make_run: MakeRun) -> None:
    run = make_run()
    run.prepare(clips_per_class=1)
    clips = sounds(page_of(run, clips_per_class=1, takes=2, noise_clips=0))
    config, store = config_of(run.dir), ClipStore(run.dir / "prepare")
    length, rate_hz = config.frontend.sample_length, config.frontend.sample_rate_hz
    augmenter = Augmenter(config.augment, store.noise("training"), length, rate_hz, store.labels, config.seed)
    for epoch in (0, 1):
        keys = clip_keys(config.seed, epoch, np.array([0]))
        (expected,) = augmenter.clips([store.clip(0)], [store.word_bounds(0)], keys, ["one"])
        assert np.array_equal(clips[1 + epoch], expected)
    assert not np.array_equal(clips[1], clips[2])


def test_no_clips_shown_and_one_measured(make_run: MakeRun) -> None:
    run = make_run(labels=("one", "two"))
    run.prepare(clips_per_class=2)
    found = page_of(run, clips_per_class=0, takes=0, noise_clips=0, max_measured_clips=1)
    assert sounds(found) == []
    assert "Speakers, durations and levels were measured on 1 evenly distributed clips." in found.words


def test_clips_are_spaced_evenly(make_run: MakeRun) -> None:
    run = make_run()
    run.prepare(clips_per_class=9)
    words = page_of(run, clips_per_class=3, takes=0).words
    shown = sorted({int(number) for number in re.findall(r"one/training_nohash_(\d)", words)})
    assert shown == [1, 4, 7]


def test_counts_and_levels(make_run: MakeRun) -> None:
    run = make_run()
    run.prepare(clips_per_class=2)
    store = ClipStore(run.dir / "prepare")
    counts = store_statistics.counts_by_kind(store)
    assert counts["one", "word"] == {"training": 2, "validation": 2, "testing": 2}
    assert counts["_silence_", "zero"]["testing"] == 2 and len(counts) == 4
    statistics, num_measured = store_statistics.measure(store, 1000)
    assert num_measured == 24
    assert statistics["one"].seconds == [0.625] * 6
    assert statistics["one"].levels_db[0] == pytest.approx(20 * np.log10(9000 / 32768 / np.sqrt(2)), abs=0.1)
    assert statistics["one"].speakers["training"] == {"training0", "training1"}
    assert store_statistics.Percentiles.of(statistics["_silence_"].levels_db) is None


def test_the_stage_depends_on_prepare_and_the_templates_only(make_run: MakeRun) -> None:
    assert inspect.STAGE.needs == ("prepare",)
    assert inspect.STAGE.sources(config_of(Path("run")))["templates"] == page.templates_hash()
    run = make_run()
    run.prepare()
    folder = run.dir / "inspect"
    folder.mkdir()
    inspect.run(config_of(run.dir, takes=0), run.dir, folder)
    assert [path.name for path in folder.iterdir()] == ["index.html"]

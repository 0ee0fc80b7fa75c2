"""Pages in Chromium: layout on a phone and on a desktop, charts, images, audio, colour scheme."""

from pathlib import Path
from typing import Any

import pytest
from hydra import compose as compose_config
from hydra import initialize_config_dir

from kwspipe.__main__ import conf_dir
from kwspipe.config import ReportConfig
from kwspipe.config.parse import parse
from kwspipe.metrics.comparison import compare
from kwspipe.metrics.evaluated_run import EvaluatedRun
from kwspipe.metrics.predictions import Prediction
from kwspipe.report import comparison_page
from kwspipe.report.run_page import refresh
from kwspipe.stages import inspect
from kwspipe.sweep import page
from support import browser
from support.small_run import HOSTILE, STREAMING, Run
from support.sweep_jobs import write_example_jobs

PHONE_WIDTH, TABLET_WIDTH, DESKTOP_WIDTH = 360, 780, 1280
SMALLEST_LETTERS, LARGEST_LETTERS = 9.0, 16.0  # pixels; texts of charts, on a page with letters of 16 pixels
NO_FINDINGS: dict[str, list[Any]] = {
    "console": [], "fetched": [], "too_wide": [], "outside": [], "overlapping": [], "cut_tiles": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> str:
    found = browser.find()
    if found is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = (
        "one",
        "seventeen",
        HOSTILE,
        "a_very_long_keyword_of_many_syllables",
        "five",
        "six",
        "seven",
        "eight",
    )
    run = Run(
        tmp_path_factory.mktemp("runs") / "run", (*words, "nine", "_unknown_", "_silence_"), synthetic=True
    )
    run.dir.mkdir()
    run.write_all()
    of_word = STREAMING["per_word"]["one"]
    run.evaluate(streaming=STREAMING | {"per_word": dict.fromkeys(words, of_word)})
    refresh(run.dir, ReportConfig(max_mistakes=3))
    return run.dir / "report.html"


@pytest.mark.parametrize(
    ("width", "dark"), [(PHONE_WIDTH, True), (TABLET_WIDTH, False), (DESKTOP_WIDTH, False)]
)
def test_report(chromium: str, report: Path, width: int, dark: bool) -> None:
    found = browser.measure(chromium, report, width, dark)
    assert "error" not in found, found
    assert found | NO_FINDINGS == found
    assert found["width"] <= width
    assert SMALLEST_LETTERS <= found["smallest_letters"] <= found["largest_letters"] <= LARGEST_LETTERS
    assert found["images"] == len(found["seconds"]) > 4
    assert all(seconds == pytest.approx(1.2) for seconds in found["seconds"])
    # The script of the page runs under its content security policy.
    assert found["pressed"] == "true" and found["controls_hidden"]
    assert found["chosen"][-2:] == [
        "200 of 255 (78 %): 16 false accepts per hour, 75.3\u202f% of the keywords missed",
        "detector.detection_threshold=200 detector.target_false_accepts_per_hour=null",
    ]
    assert found["background"] == ("rgb(15, 20, 26)" if dark else "rgb(245, 246, 248)")


@pytest.fixture(scope="module")
def inspection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = Run(tmp_path_factory.mktemp("runs") / "run", ("one", HOSTILE, "_unknown_", "_silence_"))
    run.dir.mkdir()
    run.prepare()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = parse(compose_config("config", overrides=["+experiment=digits_3"]))
    folder = run.dir / "inspect"
    folder.mkdir()
    inspect.run(config, run.dir, folder)
    return folder / "index.html"


def test_inspect_page(chromium: str, inspection: Path) -> None:
    found = browser.measure(chromium, inspection, PHONE_WIDTH, dark=True)
    assert "error" not in found, found
    assert found | NO_FINDINGS == found
    assert found["width"] <= PHONE_WIDTH
    assert found["images"] == len(found["seconds"]) == 4 * 3 * 3 + 1 + 1
    assert found["pressed"] == "true" and found["controls_hidden"]


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESKTOP_WIDTH])
def test_sweep_page(chromium: str, tmp_path: Path, width: int) -> None:
    page.write_page("a<b", write_example_jobs(tmp_path / "jobs"), tmp_path / "sweep.html")
    found = browser.measure(chromium, tmp_path / "sweep.html", width, dark=False)
    assert "error" not in found, found
    assert found | NO_FINDINGS == found
    assert found["width"] <= width
    assert found["smallest_letters"] >= SMALLEST_LETTERS


@pytest.mark.parametrize("count", [2, 5])
def test_comparison_page(chromium: str, tmp_path: Path, count: int) -> None:
    clips = {str(n): Prediction("one", "one" if n % 3 else "_unknown_", 0.5) for n in range(40)}
    metrics = {"int8": {"accuracy": 0.5}, "streaming": STREAMING}
    sizes = {"multiply-accumulates": 1743552, "image bytes": 259940}
    names = ["commands_6-matchboxnet-all", HOSTILE, "c", "d", "e"][:count]
    runs = [EvaluatedRun(name, ("one", "_unknown_"), metrics, clips, sizes) for name in names]
    path = tmp_path / "comparison.html"
    path.write_text(comparison_page.compose(compare(runs, False, 0.05)))
    found = browser.measure(chromium, path, PHONE_WIDTH, dark=True)
    assert "error" not in found, found
    assert found | NO_FINDINGS == found
    assert found["width"] <= PHONE_WIDTH

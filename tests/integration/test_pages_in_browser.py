"""The pages in a real browser: nothing breaks, nothing is too wide for a phone, everything plays."""

from pathlib import Path

import pytest
from hydra import compose as compose_config
from hydra import initialize_config_dir

from kwspipe.__main__ import conf_dir
from kwspipe.config import ReportConfig
from kwspipe.config.parse import parse
from kwspipe.report.run_page import refresh
from kwspipe.stages import inspect
from support import browser
from support.small_run import HOSTILE, STREAMING, Run

PHONE_WIDTH = 360
SMALLEST_LETTERS = 9.0  # pixels; of the confusion matrix, the smallest there are


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
        "a_very_long_keyword_nobody_would_ever_say",
        "five",
        "six",
        "seven",
        "eight",
    )
    run = Run(
        tmp_path_factory.mktemp("runs") / "run", (*words, "nine", "_unknown_", "_silence_"), synthetic=True
    )
    run.dir.mkdir()
    run.whole()
    of_word = STREAMING["per_word"]["one"]
    run.evaluate(streaming=STREAMING | {"per_word": dict.fromkeys(words, of_word)})
    refresh(run.dir, ReportConfig(max_mistakes=3))
    return run.dir / "report.html"


@pytest.mark.parametrize("dark", [False, True])
def test_the_report_on_a_phone(chromium: str, report: Path, dark: bool) -> None:
    seen = browser.look(chromium, report, PHONE_WIDTH, dark)
    assert "fault" not in seen, seen
    assert seen["console"] == []
    assert seen["fetched"] == []
    assert seen["width"] <= PHONE_WIDTH
    assert seen["too_wide"] == []
    assert seen["smallest_letters"] >= SMALLEST_LETTERS
    assert seen["images"] == len(seen["seconds"]) > 4
    assert all(seconds == pytest.approx(1.2) for seconds in seen["seconds"])
    assert (
        seen["pressed"] == "true" and seen["controls_hidden"]
    )  # the page's own script runs, despite the policy
    assert seen["background"] == ("rgb(15, 20, 26)" if dark else "rgb(245, 246, 248)")


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


def test_the_inspect_page_on_a_phone(chromium: str, inspection: Path) -> None:
    seen = browser.look(chromium, inspection, PHONE_WIDTH, dark=True)
    assert "fault" not in seen, seen
    assert seen["console"] == seen["fetched"] == seen["too_wide"] == []
    assert seen["width"] <= PHONE_WIDTH
    assert seen["images"] == len(seen["seconds"]) == 4 * 3 * 3 + 1 + 1
    assert seen["pressed"] == "true" and seen["controls_hidden"]

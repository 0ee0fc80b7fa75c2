"""What is shown of streams: the printed table and the plot."""

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kwspipe.metrics import det
from kwspipe.metrics.streaming_table import print_streaming


def condition(snr_db: float | None, rate: float | None) -> dict[str, Any]:
    return {
        "background": "none" if snr_db is None else "noise",
        "snr_db": snr_db,
        "keywords": 40,
        "false_reject_rate": rate,
        "false_reject_interval": (0.1, 0.25) if rate is not None else None,
        "latency_ms": {"median": 411.0, "p90": 600.0} if rate is not None else None,
        "double_detection_rate": 0.05 if rate is not None else None,
    }


def streaming(**values: Any) -> dict[str, Any]:
    return {
        "threshold": 231,
        "thresholds": {"one": 231, "two": 231},
        "false_accepts_per_hour": 2.56,
        "false_accepts_interval": (0.06, 14.26),
        "false_accepts_on": "speech without keywords",
        "hours": 0.39,
        "false_reject_rate": 0.625,
        "per_condition": [condition(None, 0.175), condition(10.0, None)],
        "as_given": {"threshold": 145, "false_accepts_per_hour": 190.4, "false_reject_rate": 0.2},
        "det": [
            {"threshold": 0, "false_accepts_per_hour": 900.0, "false_reject_rate": 0.0},
            {"threshold": 200, "false_accepts_per_hour": 10.0, "false_reject_rate": 0.5},
            {"threshold": 255, "false_accepts_per_hour": 0.0, "false_reject_rate": 1.0},
        ],
        **values,
    }


def printed(found: dict[str, Any]) -> str:
    text = io.StringIO()
    print_streaming(found, Console(file=text, width=80))
    return " ".join(text.getvalue().split())


def test_the_table_says_what_was_found() -> None:
    said = printed(streaming())
    assert "│ clean │ 40 │ 17.5 % │ 10.0 to 25.0 % │ 411 ms │ 5.0 % │" in said
    assert "│ 10 dB over noise │ 40 │ - │ - │ - │ - │" in said
    assert (
        "2.6 false accepts an hour (0.1 to 14.3) on 0.39 h of speech without keywords, at threshold 231. "
        "At 145, as given: 190.4 an hour, 20.0 % missed instead of 62.5 %."
    ) in said


def test_thresholds_of_words_are_shown_as_a_range() -> None:
    said = printed(streaming(thresholds={"one": 231, "two": 180}, as_given=None))
    assert said.endswith("at thresholds 180 to 231.")


def test_no_sound_without_keywords_is_said() -> None:
    said = printed(streaming(false_accepts_per_hour=None, false_accepts_interval=None))
    assert said.endswith("No false accepts were counted: there is no sound without keywords.")


@pytest.mark.parametrize("values", [{}, {"det": []}, {"as_given": None, "false_reject_rate": None}])
def test_the_plot_is_drawn_whatever_there_is(values: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "det.png"
    det.plot(streaming(**values), file)
    png = file.read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) > (700, 500)
    empty = tmp_path / "empty.png"
    det.plot(streaming(det=[]), empty)
    assert (empty.read_bytes() == png) == ("det" in values)

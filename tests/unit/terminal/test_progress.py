"""Progress of long work without a terminal: plain lines at intervals."""

import pytest

from kwspipe.terminal import progress
from kwspipe.terminal.progress import ProgressBars, duration, track


def test_short_work_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(5), "measuring clips", 5)) == [0, 1, 2, 3, 4]
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_long_work_prints_a_line_per_interval(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s[0])
    with ProgressBars() as bars:
        task = bars.add_task("keywords", total=2000)
        for _ in range(5):
            bars.advance(task, 400)
            now_s[0] += 6
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" (")[0] for line in lines] == ["    keywords: 1,200 of 2,000"]
    assert "(60 %)" in lines[0]


@pytest.mark.parametrize(
    ("unit", "total", "text"),
    [
        ("bytes", 4_000_000, "    data.tar: 1.0 MB of 4.0 MB (25 %)"),
        ("bytes", None, "    data.tar: 1.0 MB"),
        ("percent", 4_000_000, "    data.tar: 25 %"),
        ("percent", None, "    data.tar: running"),
    ],
)
def test_units(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    unit: progress.Unit, total: int | None, text: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    with ProgressBars(unit) as bars:
        bars.update(bars.add_task("data.tar", total=total), completed=1_000_000)
    assert capsys.readouterr().err == f"{text}\n"


def test_duration() -> None:
    assert [duration(seconds) for seconds in (0.4, 61, 3723)] == ["0:00:00", "0:01:01", "1:02:03"]

"""Comparison of runs: shares, paired clips, metrics of streams, and text output."""

import io

import pytest
from rich.console import Console

from kwspipe.metrics import comparison_report
from kwspipe.metrics.comparison import Comparison, compare
from kwspipe.metrics.evaluated_run import EvaluatedRun
from kwspipe.metrics.predictions import Prediction


def run_with(name: str, clips: dict[str, tuple[str, str]], **metrics: object) -> EvaluatedRun:
    """Returns a run with the label and the predicted label of each clip."""
    predictions = {clip: Prediction(label, predicted, 0.5) for clip, (label, predicted) in clips.items()}
    return EvaluatedRun(name, ("one", "_unknown_", "_silence_"), metrics, predictions, {"image bytes": 1000})


def values(result: Comparison, figure: str) -> tuple[float | None, ...]:
    return next(row.values for row in result.rows if row.figure == figure)


def test_shares_of_a_small_example() -> None:
    first = run_with("a", {"1": ("one", "one"), "2": ("_unknown_", "_silence_"), "3": ("_silence_", "one")})
    other = run_with(
        "b", {"1": ("one", "_unknown_"), "2": ("_unknown_", "one"), "3": ("_silence_", "_silence_")}
    )
    result = compare([first, other], False, 0.05)
    assert values(result, "keywords recognized") == (1.0, 0.0)
    assert values(result, "_unknown_ rejected") == (1.0, 0.0)
    assert values(result, "_silence_ rejected") == (0.0, 1.0)
    assert values(result, "_unknown_") == (0.0, 0.0)
    assert [(v.share, v.paired.only_first, v.paired.only_second) for v in result.verdicts] == [
        ("all clips correct", 1, 1), ("keywords recognized", 1, 0), ("_unknown_ rejected", 1, 0),
        ("_silence_ rejected", 0, 1),
    ]  # fmt: skip
    assert {v.text for v in result.verdicts} == {"no difference shown"}


def test_clips_with_another_label_are_not_paired() -> None:
    first = run_with("a", {"1": ("one", "one"), "2": ("one", "one")})
    other = run_with("b", {"1": ("_unknown_", "_unknown_"), "2": ("one", "_unknown_")})
    result = compare([first, other], False, 0.05)
    assert result.verdicts[0].paired.clips == 1
    assert (
        "1 clips have another label in b than in a and are excluded from the significance test"
        in result.notes[0]
    )


def test_streaming_metrics_and_missing_metrics() -> None:
    clips = {"1": ("one", "one")}
    streaming = {"false_accepts_per_hour": 0.25, "threshold": 150, "per_word": {}, "done": True}
    first = run_with("a", clips, streaming=streaming, float={"accuracy": 0.5})
    result = compare([first, run_with("b", clips)], False, 0.05)
    assert values(result, "false_accepts_per_hour") == (0.25, None)
    assert values(result, "float") == (0.5, None)
    assert not any(row.figure in ("done", "per_word") for row in result.rows)
    text = io.StringIO()
    comparison_report.print_comparison(result, Console(file=text, width=120))
    assert "0.25" in text.getvalue() and " -" in text.getvalue()


def test_names_of_runs_are_escaped() -> None:
    first = run_with("<b>", {"1": ("one", "one")})
    text = comparison_report.markdown(compare([first, run_with("a|b", {"1": ("one", "one")})], False, 0.05))
    assert "a\\|b" in text


@pytest.mark.parametrize(("count", "width"), [(2, 80), (5, 80), (9, 80), (2, 120)])
def test_tables_are_not_wrapped(count: int, width: int) -> None:
    names = [f"commands_6-matchboxnet-[all]-s{number}" for number in range(count)]
    runs = [run_with(name, {"1": ("one", "one")}, int8={"accuracy": 0.5}) for name in names]
    text = io.StringIO()
    comparison_report.print_comparison(compare(runs, False, 0.05), Console(file=text, width=width))
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    assert max(map(len, lines)) <= width and "…" not in text.getvalue()
    assert [line for line in lines if line.startswith("all clips correct")] != []
    assert len([line for line in lines if line.startswith(" all clips correct")]) == (2 if count == 9 else 1)
    if width == 80:
        assert (
            "A  commands_6-matchboxnet-[all]-s0" in lines and "B compared with A, percentage points" in lines
        )

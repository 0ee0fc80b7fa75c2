"""Results tables in the terminal."""

import io

from rich.console import Console

from kwspipe.metrics import clips, table
from support.scored_clips import LABELS, PREDICTED, TARGETS, scores_for


def printed(metrics, width=100):
    stream = io.StringIO()
    table.print_results(metrics, Console(file=stream, width=width))
    return stream.getvalue()


def test_float_and_int8_are_in_adjacent_columns():
    metrics = {
        "float": clips.measure(TARGETS, scores_for(TARGETS), LABELS),
        "int8": clips.measure(TARGETS, scores_for(PREDICTED), LABELS),
        "data": {"source_used": "folder", "synthetic": False},
    }
    text = printed(metrics)
    (row,) = [line for line in text.splitlines() if line.startswith("│ one ")]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "one",
        "3",
        *["100.0 %"] * 2,
        *["66.7 %"] * 2,
    ]
    (row,) = [line for line in text.splitlines() if line.startswith("│ _silence_ ") and "not" not in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["_silence_", "0", "-", "-", "-", "-"]
    (row,) = [line for line in text.splitlines() if "all clips right" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["all clips right", "100.0 %", "75.0 %"]
    assert "Warning" not in text


def test_rejection_rates_of_hard_negatives_only():
    measured = clips.measure(TARGETS, scores_for(PREDICTED), LABELS)
    measured["rejected"] = {"near_miss": 0.5, "word": 2 / 3}
    metrics = {"float": measured, "int8": measured, "data": {"hard_negatives": {"near_miss": {"testing": 2}}}}
    (row,) = [line for line in printed(metrics).splitlines() if "near miss" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "near miss not called a word",
        "50.0 %",
        "50.0 %",
    ]


def test_synthetic_training_clips_are_reported():
    measured = clips.measure(TARGETS, scores_for(PREDICTED), LABELS)
    data = {
        "source_used": "folder",
        "synthetic": False,
        "synthetic_training_clips": {"one": 20, "_unknown_": 40},
    }
    text = printed({"float": measured, "int8": measured, "data": data})
    assert "60 training clips are synthetic speech. The test clips are recordings." in text
    assert "Warning" not in text


def test_synthetic_speech_gives_a_warning():
    measured = clips.measure(TARGETS, scores_for(TARGETS), LABELS)
    metrics = {"float": measured, "int8": measured, "data": {"source_used": "synthetic", "synthetic": True}}
    assert "Warning: all clips are synthetic speech (source synthetic), in training and in" in printed(
        metrics, 300
    )
    assert "Warning" not in printed({"float": measured, "int8": measured}, 300)

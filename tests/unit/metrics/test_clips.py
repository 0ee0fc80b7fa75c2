"""Figures by clip, mistakes, plots and the table of results."""

import csv
import io
import json
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from kwspipe.errors import KwspipeError
from kwspipe.metrics import clips, mistakes, plots, table

LABELS = ["one", "two", "_unknown_", "_silence_"]
# One clip of "one" taken for "two", one of "_unknown_" for "one"; of "_silence_" there are none.
TARGETS = [0, 0, 0, 1, 1, 2, 2, 2]
PREDICTED = [0, 0, 1, 1, 1, 2, 0, 2]


def scores_for(predicted, num_classes=4, height=0.7):
    scores = np.full((len(predicted), num_classes), (1 - height) / (num_classes - 1))
    scores[np.arange(len(predicted)), predicted] = height
    return scores


def test_measure_counts_by_hand():
    figures = clips.measure(TARGETS, scores_for(PREDICTED), LABELS)
    assert figures["clips"] == 8
    assert figures["accuracy"] == 6 / 8
    assert figures["words_accuracy"] == 4 / 5
    assert figures["unknown_rejected"] == 2 / 3
    assert figures["silence_rejected"] is None
    assert figures["confusion"] == [[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    one = figures["per_class"]["one"]
    assert (one["recall"], one["precision"], one["clips"]) == (2 / 3, 2 / 3, 3)
    # 2 of 3 hits against 4 of 5 not called: pairs ranked right, ties half: (2*4 + 2*0.5 + 1*4*0.5) / 15.
    assert one["auc"] == pytest.approx((2 * 4 + 2 * 0.5 + 4 * 0.5) / 15)


def test_a_class_with_no_clips_gives_none_and_valid_json():
    figures = clips.measure(TARGETS, scores_for(PREDICTED), LABELS)
    assert figures["per_class"]["_silence_"] == {"recall": None, "precision": None, "auc": None, "clips": 0}
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_rejection_is_counted_by_kind_and_leaves_keywords_out():
    kinds = ["word"] * 6 + ["partial", "partial"]
    assert clips.rejected(kinds, TARGETS, scores_for(PREDICTED), LABELS) == {"partial": 0.5, "word": 1.0}
    silent = scores_for([2, 0])  # silence taken for an unknown word is rejected, taken for "one" it is not
    assert clips.rejected(["click", "colour"], [3, 3], silent, LABELS) == {"click": 1.0, "colour": 0.0}


def test_one_class_alone_has_no_auc():
    figures = clips.measure([1, 1], scores_for([1, 0]), LABELS)
    assert figures["per_class"]["two"] == {"recall": 0.5, "precision": 1.0, "auc": None, "clips": 2}
    assert figures["unknown_rejected"] is None


def test_labels_without_unknown_and_silence():
    figures = clips.measure([0, 1], scores_for([0, 1], 2), ["yes", "no"])
    assert (figures["accuracy"], figures["words_accuracy"], figures["unknown_rejected"]) == (1.0, 1.0, None)


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_measure_agrees_with_counting(data):
    num_classes = data.draw(st.integers(2, 5))
    labels = [f"w{index}" for index in range(num_classes - 1)] + ["_unknown_"]
    targets = np.array(data.draw(st.lists(st.integers(0, num_classes - 1), min_size=1, max_size=30)))
    rows = st.lists(st.integers(0, 9), min_size=num_classes, max_size=num_classes)
    scores = np.array(data.draw(st.lists(rows, min_size=len(targets), max_size=len(targets))))
    figures = clips.measure(targets, scores, labels)
    json.dumps(figures, allow_nan=False)
    predicted = [max(range(num_classes), key=lambda index, row=row: (row[index], -index)) for row in scores]
    assert figures["accuracy"] == pytest.approx(
        np.mean([a == b for a, b in zip(targets, predicted, strict=True)])
    )
    for index, label in enumerate(labels):
        figure = figures["per_class"][label]
        calls = predicted.count(index)
        hits = sum(a == b == index for a, b in zip(targets, predicted, strict=True))
        assert figure["precision"] == (pytest.approx(hits / calls) if calls else None)
        assert figure["recall"] == (pytest.approx(hits / figure["clips"]) if figure["clips"] else None)
        own, others = scores[targets == index, index], scores[targets != index, index]
        if len(own) and len(others):
            above = np.mean([(a > b) + 0.5 * (a == b) for a in own for b in others])
            assert figure["auc"] == pytest.approx(above)


@pytest.mark.parametrize(
    ("targets", "scores", "text"),
    [
        ([], np.zeros((0, 4)), "targets of shape (0,) and scores of shape (0, 4) for 4 labels"),
        ([0], np.zeros((1, 3)), "Allowed: (clips,) targets and (clips, 4) scores of at least one clip"),
        ([4], np.zeros((1, 4)), "targets from 4 to 4. Allowed: 0 to 3"),
        ([0, 1], np.full((2, 4), np.nan), "2 of 2 clips have scores that are no numbers"),
    ],
)
def test_measure_refuses_what_does_not_fit(targets, scores, text):
    with pytest.raises(KwspipeError) as caught:
        clips.measure(targets, scores, LABELS)
    assert text in str(caught.value)


def test_mistakes_come_most_confident_first(tmp_path):
    scores = scores_for(PREDICTED)
    scores[6] = [0.9, 0.05, 0.03, 0.02]
    paths = [f"{index}.wav" for index in range(8)]
    assert mistakes.write(tmp_path / "mistakes.csv", paths, range(40, 48), TARGETS, scores, LABELS, 10) == 2
    with (tmp_path / "mistakes.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert rows == [
        {
            "rank": "1",
            "path": "6.wav",
            "label": "_unknown_",
            "predicted": "one",
            "score": "0.9000",
            "clip": "46",
        },
        {"rank": "2", "path": "2.wav", "label": "one", "predicted": "two", "score": "0.7000", "clip": "42"},
    ]


def test_mistakes_are_limited_and_may_be_none(tmp_path):
    file = tmp_path / "mistakes.csv"
    assert mistakes.write(file, ["a"] * 8, range(8), TARGETS, scores_for(PREDICTED), LABELS, 1) == 2
    assert len(file.read_text().splitlines()) == 2
    assert mistakes.write(file, ["a"] * 8, range(8), TARGETS, scores_for(TARGETS), LABELS, 5) == 0
    assert file.read_text() == "rank,path,label,predicted,score,clip\n"


def png_size(file):
    header = file.read_bytes()[:24]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", header[16:24])


def coloured_share(file):
    from matplotlib.image import imread

    pixels = imread(file)[..., :3]
    return float((pixels.max(axis=2) - pixels.min(axis=2) > 0.2).mean())


def test_the_confusion_matrix_grows_with_its_classes(tmp_path):
    widths = []
    for num_classes in (3, 35):
        labels = [f"word{index}" for index in range(num_classes)]
        plots.confusion(np.eye(num_classes, dtype=int) * 40, labels, tmp_path / "c.png")
        widths.append(png_size(tmp_path / "c.png")[0])
    assert 300 < widths[0] < widths[1] < 3500


def test_the_confusion_matrix_shows_mistakes(tmp_path):
    plots.confusion(np.diag([50, 50, 0]), ["a", "_b_", "c"], tmp_path / "right.png")
    plots.confusion([[50, 0, 0], [50, 0, 0], [0, 0, 0]], ["a", "_b_", "c"], tmp_path / "wrong.png")
    from matplotlib.image import imread

    def orange(file):
        pixels = imread(file)
        return float((pixels[..., 0] - pixels[..., 2] > 0.3).mean())

    assert orange(tmp_path / "right.png") == 0
    assert orange(tmp_path / "wrong.png") > 0.02


@pytest.mark.parametrize("draw", [plots.roc, plots.precision_recall])
def test_curves_by_class(tmp_path, draw):
    draw(TARGETS, scores_for(PREDICTED), LABELS, tmp_path / "curves.png")
    assert png_size(tmp_path / "curves.png")[0] > 800
    assert coloured_share(tmp_path / "curves.png") > 0.003
    # No class can be told from another: an empty frame, no crash.
    draw([1, 1], scores_for([1, 0]), LABELS, tmp_path / "empty.png")
    assert coloured_share(tmp_path / "empty.png") < 0.001


HISTORY = "epoch,learning_rate,loss,accuracy,val_loss,val_accuracy\n1,0.0005,1.2,0.5,1.1,0.6\n"


@pytest.mark.parametrize("text", [HISTORY, HISTORY + "2,0.0004,0.9,0.7,0.8,0.7\n3,0.0003,0.8,0.7,0.9,0.8\n"])
def test_training_curves(tmp_path, text):
    (tmp_path / "history.csv").write_text(text)
    plots.training_curves(tmp_path / "history.csv", "val_accuracy", tmp_path / "training.png")
    assert coloured_share(tmp_path / "training.png") > 0.0005


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read: No such file"),
        ("", "has no epochs"),
        (HISTORY.splitlines()[0], "has no epochs"),
        (HISTORY + "2,0.1", "is damaged: TypeError"),
        (HISTORY.replace("val_loss", "loss2"), "is damaged: no column val_loss"),
        (HISTORY + "2,a,b,c,d,e", "is damaged: ValueError"),
    ],
)
def test_a_damaged_history_is_refused(tmp_path, text, problem):
    if text is not None:
        (tmp_path / "history.csv").write_text(text)
    with pytest.raises(KwspipeError) as caught:
        plots.training_curves(tmp_path / "history.csv", "val_accuracy", tmp_path / "training.png")
    assert problem in str(caught.value)
    assert "Allowed: a row an epoch with epoch, loss" in str(caught.value)
    assert not (tmp_path / "training.png").exists()


def test_plots_are_the_same_every_time_and_leave_pyplot_alone(tmp_path):
    loaded = "matplotlib.pyplot" in sys.modules
    for name in ("a.png", "b.png"):
        plots.confusion([[3, 1], [0, 2]], ["a", "b"], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def printed(metrics, width=100):
    stream = io.StringIO()
    table.print_results(metrics, Console(file=stream, width=width))
    return stream.getvalue()


def test_the_table_has_both_kinds_side_by_side():
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


def test_the_table_has_hard_negatives_and_no_other_kinds():
    measured = clips.measure(TARGETS, scores_for(PREDICTED), LABELS)
    measured["rejected"] = {"near_miss": 0.5, "word": 2 / 3}
    metrics = {"float": measured, "int8": measured, "data": {"hard_negatives": {"near_miss": {"testing": 2}}}}
    (row,) = [line for line in printed(metrics).splitlines() if "near miss" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "near miss not called a word",
        "50.0 %",
        "50.0 %",
    ]


def test_the_table_tells_of_synthetic_clips_in_training():
    measured = clips.measure(TARGETS, scores_for(PREDICTED), LABELS)
    data = {
        "source_used": "folder",
        "synthetic": False,
        "synthetic_training_clips": {"one": 20, "_unknown_": 40},
    }
    text = printed({"float": measured, "int8": measured, "data": data})
    assert "60 clips of training are synthetic speech; the figures are of recordings." in text
    assert "Warning" not in text


def test_the_table_warns_of_synthetic_speech():
    measured = clips.measure(TARGETS, scores_for(TARGETS), LABELS)
    metrics = {"float": measured, "int8": measured, "data": {"source_used": "synthetic", "synthetic": True}}
    assert "Warning: all clips are synthetic speech (source synthetic), in training and in" in printed(
        metrics, 300
    )
    assert "Warning" not in printed({"float": measured, "int8": measured}, 300)

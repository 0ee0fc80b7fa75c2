"""Plots: confusion matrix, ROC, precision-recall and training curves."""

import struct
import sys

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.metrics import plots
from support.scored_clips import LABELS, PREDICTED, TARGETS, scores_for


def png_size(file):
    header = file.read_bytes()[:24]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", header[16:24])


def coloured_share(file):
    from matplotlib.image import imread

    pixels = imread(file)[..., :3]
    return float((pixels.max(axis=2) - pixels.min(axis=2) > 0.2).mean())


def test_confusion_matrix_grows_with_the_number_of_classes(tmp_path):
    widths = []
    for num_classes in (3, 35):
        labels = [f"word{index}" for index in range(num_classes)]
        plots.confusion(np.eye(num_classes, dtype=int) * 40, labels, tmp_path / "c.png")
        widths.append(png_size(tmp_path / "c.png")[0])
    assert 300 < widths[0] < widths[1] < 3500


def test_confusion_matrix_shows_mistakes_in_orange(tmp_path):
    plots.confusion(np.diag([50, 50, 0]), ["a", "_b_", "c"], tmp_path / "correct.png")
    plots.confusion([[50, 0, 0], [50, 0, 0], [0, 0, 0]], ["a", "_b_", "c"], tmp_path / "wrong.png")
    from matplotlib.image import imread

    def orange(file):
        pixels = imread(file)
        return float((pixels[..., 0] - pixels[..., 2] > 0.3).mean())

    assert orange(tmp_path / "correct.png") == 0
    assert orange(tmp_path / "wrong.png") > 0.02


@pytest.mark.parametrize("draw", [plots.roc, plots.precision_recall])
def test_curves_of_each_class(tmp_path, draw):
    draw(TARGETS, scores_for(PREDICTED), LABELS, tmp_path / "curves.png")
    assert png_size(tmp_path / "curves.png")[0] > 800
    assert coloured_share(tmp_path / "curves.png") > 0.003
    # With clips of one class only, there is no curve. The frame is empty.
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
def test_damaged_history_is_rejected(tmp_path, text, problem):
    if text is not None:
        (tmp_path / "history.csv").write_text(text)
    with pytest.raises(KwspipeError) as caught:
        plots.training_curves(tmp_path / "history.csv", "val_accuracy", tmp_path / "training.png")
    assert problem in str(caught.value)
    assert "Allowed: one row per epoch with epoch, loss" in str(caught.value)
    assert not (tmp_path / "training.png").exists()


def test_plots_are_reproducible_and_do_not_import_pyplot(tmp_path):
    loaded = "matplotlib.pyplot" in sys.modules
    for name in ("a.png", "b.png"):
        plots.confusion([[3, 1], [0, 2]], ["a", "b"], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert ("matplotlib.pyplot" in sys.modules) == loaded

"""Plot of the confusion matrix."""

import sys

import numpy as np

from kwspipe.metrics.confusion import confusion
from support.png_pixels import png_size


def test_confusion_matrix_grows_with_the_number_of_classes(tmp_path):
    widths = []
    for num_classes in (3, 35):
        labels = [f"word{index}" for index in range(num_classes)]
        confusion(np.eye(num_classes, dtype=int) * 40, labels, tmp_path / "c.png")
        widths.append(png_size(tmp_path / "c.png")[0])
    assert 300 < widths[0] < widths[1] < 3500


def test_confusion_matrix_shows_mistakes_in_orange(tmp_path):
    confusion(np.diag([50, 50, 0]), ["a", "_b_", "c"], tmp_path / "correct.png")
    confusion([[50, 0, 0], [50, 0, 0], [0, 0, 0]], ["a", "_b_", "c"], tmp_path / "wrong.png")
    from matplotlib.image import imread

    def orange(file):
        pixels = imread(file)
        return float((pixels[..., 0] - pixels[..., 2] > 0.3).mean())

    assert orange(tmp_path / "correct.png") == 0
    assert orange(tmp_path / "wrong.png") > 0.02


def test_plots_are_reproducible_and_do_not_import_pyplot(tmp_path):
    loaded = "matplotlib.pyplot" in sys.modules
    for name in ("a.png", "b.png"):
        confusion([[3, 1], [0, 2]], ["a", "b"], tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert ("matplotlib.pyplot" in sys.modules) == loaded

"""Plots: ROC and precision-recall curves."""

import numpy as np
import pytest

from kwspipe.metrics import plots
from support.png_pixels import coloured_share, png_size
from support.scored_clips import LABELS, PREDICTED, TARGETS, scores_for


@pytest.mark.parametrize("draw", [plots.roc, plots.precision_recall])
def test_curves_of_each_class(tmp_path, draw):
    draw(TARGETS, scores_for(PREDICTED), LABELS, tmp_path / "curves.png")
    assert png_size(tmp_path / "curves.png")[0] > 800
    assert coloured_share(tmp_path / "curves.png") > 0.003
    many = [f"word{index}" for index in range(12)]
    draw(np.arange(12), np.eye(12), many, tmp_path / "many.png")
    assert coloured_share(tmp_path / "many.png") > 0.003
    # With clips of one class only, there is no curve. The frame is empty.
    draw([1, 1], scores_for([1, 0]), LABELS, tmp_path / "empty.png")
    assert coloured_share(tmp_path / "empty.png") < 0.001

"""Weights of the loss by label."""

import numpy as np
import pytest

from kwspipe.training.targets import class_weights

NUM_LABELS = 5
TARGETS = np.repeat([0, 1, 3, 4], [60, 20, 100, 20])


def test_none_gives_each_label_the_weight_one() -> None:
    assert class_weights(TARGETS, NUM_LABELS, "none").tolist() == [1, 1, 1, 1, 1]


def test_balanced_labels_have_equal_total_weights_and_a_label_without_clips_has_none() -> None:
    weights = class_weights(TARGETS, NUM_LABELS, "balanced")
    totals = weights * np.bincount(TARGETS, minlength=5)
    assert totals == pytest.approx([40, 40, 0, 40, 40])

"""How much the clips of a class weigh in training."""

import numpy as np
import pytest

from kwspipe.training.targets import class_weights

NUM_LABELS = 5
TARGETS = np.repeat([0, 1, 3, 4], [60, 20, 100, 20])


def test_none_leaves_every_clip_as_it_is() -> None:
    assert class_weights(TARGETS, NUM_LABELS, "none").tolist() == [1, 1, 1, 1, 1]


def test_balanced_classes_weigh_the_same_together_and_one_without_clips_nothing() -> None:
    weights = class_weights(TARGETS, NUM_LABELS, "balanced")
    together = weights * np.bincount(TARGETS, minlength=5)
    assert together == pytest.approx([40, 40, 0, 40, 40])

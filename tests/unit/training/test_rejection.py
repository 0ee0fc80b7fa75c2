"""Accuracy on keywords at a given share of rejected other words."""

import numpy as np
import pytest

from kwspipe.training.rejection import words_at_rejection

LABELS = ("one", "two", "_unknown_", "_silence_")


def scores_of(keyword_scores: list[float], keyword: list[int]) -> np.ndarray:
    """Returns scores whose rest is given to ``_unknown_``."""
    scores = np.zeros((len(keyword), 4))
    scores[np.arange(len(keyword)), keyword] = keyword_scores
    scores[:, 2] = 1 - np.array(keyword_scores)
    return scores


def test_share_of_keywords_above_the_bias() -> None:
    others = [number / 40 for number in range(20)]  # the bias rejects 19 of 20: the score 18 / 40
    words, keyword = [0.9, 0.44, 0.46, 0.9], [0, 0, 1, 0]
    targets = np.array([2] * 20 + [0, 0, 1, 1])  # the last word is classified as another keyword
    scores = scores_of(others + words, [0] * 20 + keyword)
    assert words_at_rejection(targets, scores, LABELS, 0.95) == pytest.approx(2 / 4)
    assert words_at_rejection(targets, scores, LABELS, 0.9) == pytest.approx(3 / 4)


def test_too_few_other_words_give_no_figure() -> None:
    targets, scores = np.array([2] * 19 + [0]), scores_of([0.1] * 19 + [0.9], [0] * 20)
    assert words_at_rejection(targets, scores, LABELS, 0.95) is None
    assert words_at_rejection(targets, scores, LABELS, 0.9) == 1.0
    assert words_at_rejection(np.array([2] * 20), scores, LABELS, 0.9) is None
    assert words_at_rejection(np.array([0]), scores[:1, :2], ("one", "two"), 0.9) is None

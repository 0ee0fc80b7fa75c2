"""Per-clip metrics: accuracy, recall, precision, AUC and rejection rates."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.errors import KwspipeError
from kwspipe.metrics import clips
from support.scored_clips import LABELS, PREDICTED, TARGETS, scores_for


def test_metrics_of_a_small_example():
    figures = clips.measure(TARGETS, scores_for(PREDICTED), LABELS)
    assert figures["clips"] == 8
    assert figures["accuracy"] == 6 / 8
    assert figures["words_accuracy"] == 4 / 5
    assert figures["unknown_rejected"] == 2 / 3
    assert figures["silence_rejected"] is None
    assert figures["confusion"] == [[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]
    one = figures["per_class"]["one"]
    assert (one["recall"], one["precision"], one["clips"]) == (2 / 3, 2 / 3, 3)
    # 15 pairs of a clip of "one" and another clip. 2 * 4 pairs are in the correct order, 2 * 1 + 1 * 4 are ties (half).
    assert one["auc"] == pytest.approx((2 * 4 + 2 * 0.5 + 4 * 0.5) / 15)


def test_metrics_of_a_class_without_clips_are_none_and_valid_json():
    figures = clips.measure(TARGETS, scores_for(PREDICTED), LABELS)
    assert figures["per_class"]["_silence_"] == {"recall": None, "precision": None, "auc": None, "clips": 0}
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_rejection_rates_per_kind_exclude_keywords():
    kinds = ["word"] * 6 + ["partial", "partial"]
    assert clips.rejection_rates(kinds, TARGETS, scores_for(PREDICTED), LABELS) == {
        "partial": 0.5,
        "word": 1.0,
    }
    silent = scores_for([2, 0])  # silence is rejected if it is classified as "_unknown_", but not as "one"
    assert clips.rejection_rates(["click", "colour"], [3, 3], silent, LABELS) == {"click": 1.0, "colour": 0.0}


def test_a_single_class_has_no_auc():
    figures = clips.measure([1, 1], scores_for([1, 0]), LABELS)
    assert figures["per_class"]["two"] == {"recall": 0.5, "precision": 1.0, "auc": None, "clips": 2}
    assert figures["unknown_rejected"] is None


def test_labels_without_unknown_and_silence():
    figures = clips.measure([0, 1], scores_for([0, 1], 2), ["yes", "no"])
    assert (figures["accuracy"], figures["words_accuracy"], figures["unknown_rejected"]) == (1.0, 1.0, None)


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_metrics_equal_counts(data):
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
        predictions = predicted.count(index)
        hits = sum(a == b == index for a, b in zip(targets, predicted, strict=True))
        assert figure["precision"] == (pytest.approx(hits / predictions) if predictions else None)
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
        ([0, 1], np.full((2, 4), np.nan), "scores of 2 of 2 clips that are not finite"),
    ],
)
def test_invalid_targets_and_scores_are_rejected(targets, scores, text):
    with pytest.raises(KwspipeError) as caught:
        clips.measure(targets, scores, LABELS)
    assert text in str(caught.value)

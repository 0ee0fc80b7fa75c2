"""Warnings about the test data."""

import dataclasses
from typing import Any

from kwspipe.pipeline.summary.warnings import few_clips_warning, synthetic_warning
from support.default_settings import DATASET


def metrics_of(counts: dict[str, int], share: float = 1.0, synthetic: bool = False) -> dict[str, Any]:
    int8 = {
        "per_class": {label: {"clips": count} for label, count in counts.items()},
        "words_accuracy": share,
        "unknown_rejected": share,
    }
    return {"int8": int8, "data": {"synthetic": synthetic}}


def test_synthetic_speech() -> None:
    assert "do not predict the accuracy on human speech" in str(synthetic_warning({"synthetic": True}))
    mixed = {"synthetic": False, "synthetic_training_clips": {"one": 20, "_unknown_": 40}}
    assert (
        synthetic_warning(mixed) == "60 training clips are synthetic speech. The test clips are recordings."
    )
    assert synthetic_warning({"synthetic": False}) is None and synthetic_warning({}) is None


def test_two_clips_per_word() -> None:
    settings = dataclasses.replace(DATASET, max_clips_per_word=24, min_evaluation_clips=12)
    metrics = metrics_of({"yes": 2, "no": 2, "_unknown_": 12, "_silence_": 12}, synthetic=True)
    assert few_clips_warning(metrics, settings) == (
        "few test clips: yes 2, no 2, _unknown_ 12. Intervals of ±10 points require about 16 of keywords and "
        "16 of _unknown_. Raise dataset.max_clips_per_word (24), dataset.synthetic.clips_per_word (300), "
        "dataset.min_evaluation_clips (12)"
    )


def test_few_recordings_of_one_word() -> None:
    metrics = metrics_of({"yes": 30, "no": 4, "_unknown_": 100})
    assert few_clips_warning(metrics, DATASET) == (
        "few test clips: no 4. Add recordings of more speakers, or raise dataset.testing_fraction (0.1)"
    )


def test_the_required_number_depends_on_the_share() -> None:
    warning = few_clips_warning(metrics_of({"yes": 30, "no": 30, "_unknown_": 60}, 0.6), DATASET)
    assert "Intervals of ±10 points require about 89 of keywords and 89 of _unknown_" in str(warning)


def test_enough_clips() -> None:
    assert few_clips_warning(metrics_of({"yes": 10, "no": 10, "_unknown_": 30}), DATASET) is None

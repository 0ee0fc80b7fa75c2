"""Targets of a training step."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from kwspipe.config import TrainConfig
from kwspipe.training.targets import DistillationTargets, make_train_step, smoothed_labels
from support.default_settings import train_settings

TUTORIAL = train_settings("tutorial")
TARGETS = np.random.default_rng(0).integers(0, 3, 32)
FEATURES = np.arange(32, dtype=np.float32).reshape(-1, 1, 1, 1)
WEIGHTS = np.array([1, 2, 3], np.float32)
POSTERIORS = np.random.default_rng(2).dirichlet(np.ones(3), 32).astype(np.float32)


def test_smoothing_distributes_its_share_over_all_classes():
    np.testing.assert_allclose(smoothed_labels(np.array([1]), 4, 0.2), [[0.05, 0.85, 0.05, 0.05]])
    np.testing.assert_array_equal(smoothed_labels(TARGETS, 3, 0.0), np.eye(3)[TARGETS])


def test_without_mixup_nothing_is_drawn_or_changed():
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, TUTORIAL, None)  # type: ignore[arg-type]
    assert step.features is FEATURES
    (posteriors,), (weights,) = step.outputs, step.weights
    np.testing.assert_array_equal(posteriors, np.eye(3)[TARGETS])
    np.testing.assert_array_equal(weights, WEIGHTS[TARGETS])


def test_mixup_mixes_features_and_posteriors_by_the_same_share():
    config = replace(TUTORIAL, mixup_alpha=1.0)
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, config, np.random.default_rng(1))
    features, (posteriors,), (weights,) = step.features, step.outputs, step.weights
    np.testing.assert_allclose(posteriors.sum(axis=1), 1, rtol=1e-6)
    own = posteriors[np.arange(32), TARGETS]
    assert (own >= 0.5).all()
    assert (own < 1).sum() > 10
    np.testing.assert_allclose(weights, posteriors @ WEIGHTS, rtol=1e-6)
    # The feature of a clip is its number: clip n mixed with partner p by the share s is s * n + (1 - s) * p.
    mixed = np.flatnonzero(own < 1)
    partners = (features.ravel()[mixed] - own[mixed] * mixed) / (1 - own[mixed])
    np.testing.assert_allclose(partners, partners.round(), atol=1e-3)
    assert (TARGETS[partners.round().astype(int)] != TARGETS[mixed]).all()


def test_the_targets_of_the_second_output_are_mixed_by_the_same_share():
    values, weights = np.arange(64, dtype=np.float32).reshape(32, 2), (TARGETS > 0).astype(np.float32)
    teacher = DistillationTargets(values, weights, None, np.zeros(32, np.float32))
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, TUTORIAL, None, teacher)  # type: ignore[arg-type]
    assert step.outputs[1] is values and step.weights[1] is weights
    config = replace(TUTORIAL, mixup_alpha=1.0)
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, config, np.random.default_rng(1), teacher)
    np.testing.assert_allclose(step.outputs[1][:, 0], 2 * step.features.ravel(), rtol=1e-5)
    np.testing.assert_allclose(step.weights[1], 1 - step.outputs[0][:, 0], rtol=1e-5)


def teacher_targets(posteriors: npt.NDArray[np.float32] | None, share: float) -> DistillationTargets:
    """Targets for all clips except those of class 0."""
    weights = (TARGETS > 0).astype(np.float32)
    return DistillationTargets(
        np.zeros((32, 2), np.float32), weights, posteriors, weights * np.float32(share)
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_posteriors_of_the_teacher_replace_a_share_of_the_labels(smoothing: float):
    config, labels = replace(TUTORIAL, label_smoothing=smoothing), smoothed_labels(TARGETS, 3, smoothing)
    before = POSTERIORS.copy()
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, config, None, teacher_targets(POSTERIORS, 0.25))  # type: ignore[arg-type]
    without = TARGETS == 0
    np.testing.assert_array_equal(step.outputs[0][without], labels[without])
    np.testing.assert_allclose(
        step.outputs[0][~without], (0.75 * labels + 0.25 * POSTERIORS)[~without], rtol=1e-5
    )
    assert step.outputs[0].dtype == np.float32
    np.testing.assert_array_equal(step.weights[0], WEIGHTS[TARGETS])  # the weight is that of the label
    np.testing.assert_array_equal(POSTERIORS, before)


def test_without_posteriors_of_the_teacher_the_targets_are_the_labels():
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, TUTORIAL, None, teacher_targets(None, 0.25))  # type: ignore[arg-type]
    np.testing.assert_array_equal(step.outputs[0], np.eye(3)[TARGETS])


def test_mixup_mixes_posteriors_of_the_teacher_by_the_share_of_the_features():
    teacher = teacher_targets(POSTERIORS, 0.25)
    unmixed = make_train_step(FEATURES, TARGETS, WEIGHTS, TUTORIAL, None, teacher).outputs[0]  # type: ignore[arg-type]
    features = unmixed.reshape(32, 3, 1, 1)  # equal to the targets, so that both mix to the same values
    config = replace(TUTORIAL, mixup_alpha=1.0)
    step = make_train_step(features, TARGETS, WEIGHTS, config, np.random.default_rng(1), teacher)
    np.testing.assert_allclose(step.outputs[0], step.features.reshape(32, 3), rtol=1e-5)
    assert (np.abs(step.outputs[0] - unmixed).max(axis=1) > 1e-3).sum() > 10


def test_the_same_seed_gives_the_same_mixture():
    config = replace(TUTORIAL, mixup_alpha=1.0)
    twice = [
        make_train_step(FEATURES, TARGETS, WEIGHTS, config, np.random.default_rng(5)).outputs[0]
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*twice)


def test_a_smoothing_of_one_is_an_error():
    with pytest.raises(ValueError, match="label_smoothing"):
        TrainConfig(**{**TUTORIAL.__dict__, "label_smoothing": 1.0})

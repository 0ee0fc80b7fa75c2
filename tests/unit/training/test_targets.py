"""What a training step is taught."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from kwspipe.config import TrainConfig
from kwspipe.training.targets import DistillationTargets, make_train_step, smoothed
from support.default_settings import train_settings

TUTORIAL = train_settings("tutorial")
TARGETS = np.random.default_rng(0).integers(0, 3, 32)
FEATURES = np.arange(32, dtype=np.float32).reshape(-1, 1, 1, 1)
WEIGHTS = np.array([1, 2, 3], np.float32)
SAID = np.random.default_rng(2).dirichlet(np.ones(3), 32).astype(np.float32)


def test_smoothing_takes_from_the_label_and_gives_to_all_alike():
    np.testing.assert_allclose(smoothed(np.array([1]), 4, 0.2), [[0.05, 0.85, 0.05, 0.05]])
    np.testing.assert_array_equal(smoothed(TARGETS, 3, 0.0), np.eye(3)[TARGETS])


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
    # The features count the clips: a clip mixed with partner p by share s is s * own + (1 - s) * p.
    mixed = np.flatnonzero(own < 1)
    partners = (features.ravel()[mixed] - own[mixed] * mixed) / (1 - own[mixed])
    np.testing.assert_allclose(partners, partners.round(), atol=1e-3)
    assert (TARGETS[partners.round().astype(int)] != TARGETS[mixed]).all()


def test_what_the_teacher_says_is_a_second_output_and_mixed_by_the_same_share():
    says, heard = np.arange(64, dtype=np.float32).reshape(32, 2), (TARGETS > 0).astype(np.float32)
    taught = DistillationTargets(says, heard, None, np.zeros(32, np.float32))
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, TUTORIAL, None, taught)  # type: ignore[arg-type]
    assert step.outputs[1] is says and step.weights[1] is heard
    config = replace(TUTORIAL, mixup_alpha=1.0)
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, config, np.random.default_rng(1), taught)
    np.testing.assert_allclose(step.outputs[1][:, 0], 2 * step.features.ravel(), rtol=1e-5)
    np.testing.assert_allclose(step.weights[1], 1 - step.outputs[0][:, 0], rtol=1e-5)


def what_is_said(posteriors: npt.NDArray[np.float32] | None, share: float) -> DistillationTargets:
    """Of all clips but those of class 0."""
    heard = (TARGETS > 0).astype(np.float32)
    return DistillationTargets(np.zeros((32, 2), np.float32), heard, posteriors, heard * np.float32(share))


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_posteriors_of_the_teacher_take_their_share_from_the_labels(smoothing: float):
    config, labels = replace(TUTORIAL, label_smoothing=smoothing), smoothed(TARGETS, 3, smoothing)
    before = SAID.copy()
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, config, None, what_is_said(SAID, 0.25))  # type: ignore[arg-type]
    unheard = TARGETS == 0
    np.testing.assert_array_equal(step.outputs[0][unheard], labels[unheard])
    np.testing.assert_allclose(step.outputs[0][~unheard], (0.75 * labels + 0.25 * SAID)[~unheard], rtol=1e-5)
    assert step.outputs[0].dtype == np.float32
    np.testing.assert_array_equal(
        step.weights[0], WEIGHTS[TARGETS]
    )  # by the label, whatever else it could be
    np.testing.assert_array_equal(SAID, before)


def test_without_posteriors_of_the_teacher_the_labels_have_no_less():
    step = make_train_step(FEATURES, TARGETS, WEIGHTS, TUTORIAL, None, what_is_said(None, 0.25))  # type: ignore[arg-type]
    np.testing.assert_array_equal(step.outputs[0], np.eye(3)[TARGETS])


def test_mixup_mixes_posteriors_of_the_teacher_by_the_share_of_the_features():
    taught = what_is_said(SAID, 0.25)
    unmixed = make_train_step(FEATURES, TARGETS, WEIGHTS, TUTORIAL, None, taught).outputs[0]  # type: ignore[arg-type]
    features = unmixed.reshape(32, 3, 1, 1)  # so that both are to be mixed to the same
    config = replace(TUTORIAL, mixup_alpha=1.0)
    step = make_train_step(features, TARGETS, WEIGHTS, config, np.random.default_rng(1), taught)
    np.testing.assert_allclose(step.outputs[0], step.features.reshape(32, 3), rtol=1e-5)
    assert (np.abs(step.outputs[0] - unmixed).max(axis=1) > 1e-3).sum() > 10


def test_the_same_draws_mix_alike():
    config = replace(TUTORIAL, mixup_alpha=1.0)
    twice = [
        make_train_step(FEATURES, TARGETS, WEIGHTS, config, np.random.default_rng(5)).outputs[0]
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*twice)


def test_smoothing_of_everything_is_refused():
    with pytest.raises(ValueError, match="label_smoothing"):
        TrainConfig(**{**TUTORIAL.__dict__, "label_smoothing": 1.0})

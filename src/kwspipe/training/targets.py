"""Targets of a training step: smoothed labels, targets of the teacher, mixup."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.config import TrainConfig

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """Inputs and targets of one training step.

    Attributes:
        features: (clips, frames, channels, 1).
        outputs: targets of each output: posteriors (clips, classes) and, with a teacher, values (clips, dimensions).
        weights: weights of the loss of each output, (clips,).
    """

    features: Array
    outputs: tuple[Array, ...]
    weights: tuple[Array, ...]


@dataclass(frozen=True)
class DistillationTargets:
    """Targets from the speech embedding for the clips of a batch.

    Attributes:
        values: (clips, dimensions) targets of the second output.
        weights: (clips,) 1 for clips with an embedding, otherwise 0.
        posteriors: (clips, classes), or None.
        posterior_shares: (clips,) share of ``posteriors`` in the target of the first output; the label has the rest.
    """

    values: Array
    weights: Array
    posteriors: Array | None
    posterior_shares: Array


def class_weights(targets: npt.NDArray[np.int64], num_labels: int, kind: str) -> Array:
    """Returns the weight of the loss of a clip by its label, (labels,).

    ``balanced`` is the rule of scikit-learn, clips / (labels * clips of the label). The clips of each label then have
    the same total weight, and a label without clips has weight 0. With ``none`` each weight is 1.

    Args:
        targets: (clips,) index of the label.
        num_labels: number of labels.
        kind: ``balanced`` or ``none``.
    """
    if kind == "none":
        return np.ones(num_labels, np.float32)
    counts = np.bincount(targets, minlength=num_labels)
    weights = np.where(counts > 0, counts.sum() / (num_labels * np.maximum(counts, 1)), 0)
    return weights.astype(np.float32)


def smoothed_labels(targets: npt.NDArray[np.int64], num_classes: int, smoothing: float) -> Array:
    """Returns target posteriors (clips, classes), of which a share ``smoothing`` is distributed over all classes.

    Label smoothing: Szegedy et al. 2016, arXiv:1512.00567.
    """
    one_hot = np.eye(num_classes, dtype=np.float32)[targets]
    return one_hot * np.float32(1 - smoothing) + np.float32(smoothing / num_classes)


def make_train_step(
    features: Array,
    targets: npt.NDArray[np.int64],
    weights: Array,
    config: TrainConfig,
    rng: np.random.Generator,
    teacher: DistillationTargets | None = None,
) -> Step:
    """Returns inputs and targets of one training step.

    If ``mixup_alpha`` is above 0, features, targets and weights of each clip are mixed with those of another clip of
    the batch, by a share from Beta(alpha, alpha) (Zhang et al. 2018, arXiv:1710.09412). The larger share is that of
    the clip itself.

    Args:
        features: (clips, frames, channels, 1).
        targets: (clips,) index of the training class.
        weights: (classes,) weight of the loss.
        config: label_smoothing and mixup_alpha.
        rng: generator of partners and shares; not used without mixup.
        teacher: targets from the speech embedding, or None.
    """
    outputs = [smoothed_labels(targets, len(weights), config.label_smoothing)]
    clip_weights = [weights[targets]]
    if teacher is not None:
        if teacher.posteriors is not None:
            outputs[0] += teacher.posterior_shares[:, None] * (teacher.posteriors - outputs[0])
        outputs.append(teacher.values)
        clip_weights.append(teacher.weights)
    if config.mixup_alpha == 0:
        return Step(features, tuple(outputs), tuple(clip_weights))
    partner = rng.permutation(len(targets))
    share = rng.beta(config.mixup_alpha, config.mixup_alpha, len(targets)).astype(np.float32)
    own = np.maximum(share, 1 - share)

    def mix(values: Array) -> Array:
        column = own.reshape(-1, *[1] * (values.ndim - 1))
        return column * values + (1 - column) * values[partner]

    return Step(mix(features), tuple(map(mix, outputs)), tuple(map(mix, clip_weights)))

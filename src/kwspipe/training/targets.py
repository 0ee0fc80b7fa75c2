"""What the network is taught for a batch: smoothed labels, the teacher's values, pairs of clips mixed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.config import TrainConfig

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """What one step is trained on.

    Attributes:
        features: (clips, frames, channels, 1).
        outputs: to teach, posteriors (clips, classes) and, where there is a teacher, its values (clips, dimensions).
        weights: (clips,) for each output.
    """

    features: Array
    outputs: tuple[Array, ...]
    weights: tuple[Array, ...]


@dataclass(frozen=True)
class DistillationTargets:
    """What the speech embedding says of a batch's clips.

    Attributes:
        values: (clips, dimensions), for the second output.
        heard: (clips,) 1 where it says anything.
        posteriors: (clips, classes), or None.
        shares: (clips,) that they have in what is taught; the labels have the rest.
    """

    values: Array
    heard: Array
    posteriors: Array | None
    shares: Array


def class_weights(targets: npt.NDArray[np.int64], num_labels: int, kind: str) -> Array:
    """Returns the weight of the loss of a clip by its label, (labels,).

    ``balanced`` is the rule of scikit-learn, clips / (labels * clips of the label). The clips of each label then have
    the same total weight, and a label without clips has weight 0. With ``none`` each weight is 1.
    """
    if kind == "none":
        return np.ones(num_labels, np.float32)
    counts = np.bincount(targets, minlength=num_labels)
    weights = np.where(counts > 0, counts.sum() / (num_labels * np.maximum(counts, 1)), 0)
    return weights.astype(np.float32)


def smoothed(targets: npt.NDArray[np.int64], num_classes: int, smoothing: float) -> Array:
    """Returns posteriors to teach, (clips, classes): a share of ``smoothing`` goes to all classes alike.

    Label smoothing is by Szegedy et al. 2016, arXiv:1512.00567.
    """
    one_hot = np.eye(num_classes, dtype=np.float32)[targets]
    return one_hot * np.float32(1 - smoothing) + np.float32(smoothing / num_classes)


def make_train_step(
    features: Array,
    targets: npt.NDArray[np.int64],
    weights: Array,
    config: TrainConfig,
    rng: np.random.Generator,
    taught: DistillationTargets | None = None,
) -> Step:
    """Returns what one step is trained on.

    With ``mixup_alpha`` above 0 each clip is mixed with another of the batch, features, outputs and weights
    alike, by a share drawn from Beta(alpha, alpha) (Zhang et al. 2018, arXiv:1710.09412); the larger share stays
    its own.

    Args:
        features: (clips, frames, channels, 1).
        targets: (clips,) index of the label.
        weights: (classes,).
        config: label_smoothing and mixup_alpha.
        rng: draws partners and shares; not used without mixup.
        taught: what the speech embedding says, if it is a teacher.
    """
    outputs = [smoothed(targets, len(weights), config.label_smoothing)]
    clip_weights = [weights[targets]]
    if taught is not None:
        if taught.posteriors is not None:
            outputs[0] += taught.shares[:, None] * (taught.posteriors - outputs[0])
        outputs.append(taught.values)
        clip_weights.append(taught.heard)
    if config.mixup_alpha == 0:
        return Step(features, tuple(outputs), tuple(clip_weights))
    partner = rng.permutation(len(targets))
    share = rng.beta(config.mixup_alpha, config.mixup_alpha, len(targets)).astype(np.float32)
    own = np.maximum(share, 1 - share)

    def mix(values: Array) -> Array:
        column = own.reshape(-1, *[1] * (values.ndim - 1))
        return column * values + (1 - column) * values[partner]

    return Step(mix(features), tuple(map(mix, outputs)), tuple(map(mix, clip_weights)))

"""Distillation from Google's speech embedding, in addition to the labels.

A second output, which exists during training only, predicts the embedding from the pooled maps (Hinton et al. 2015,
arXiv:1503.02531, for embeddings instead of posteriors). In addition, a linear layer on the embedding, fitted to the
labels, gives posteriors. For an unclear clip, several classes have a considerable posterior. The embedding is computed
from the clip without augmentation and with the word in the middle.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.config import PipelineConfig
from kwspipe.dataset.clip_kinds import SEPARATOR
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.labels import SILENCE
from kwspipe.training import embedding_teacher
from kwspipe.training.targets import DistillationTargets

Array = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
OUTPUT = "teacher"  # name of the layer of the second output
FOLDS = 5
# Inverse regularization of the linear layer: the best of 0.0003, 0.001 and 0.003 on validation (23 words, 6,942 clips).
REGULARIZATION = 0.003


@dataclass(frozen=True)
class EmbeddingTargets:
    """Targets from the speech embedding for the clips of a store.

    Attributes:
        values: (clips of the store, dimensions); zeros for clips without an embedding.
        weights: (clips of the store,) 1 for speech of the training split, otherwise 0.
        weight: weight of the error of the second output in the loss.
        posteriors: (clips of the store, classes) from the linear layer, or None.
        posteriors_weight: share of the posteriors in the target of the first output.
    """

    values: Array
    weights: Array
    weight: float
    posteriors: Array | None = None
    posteriors_weight: float = 0.0

    def of_clips(self, numbers: Indices) -> DistillationTargets:
        """Returns the targets of clips, given by their numbers in the store, (clips,)."""
        posteriors = None if self.posteriors is None else self.posteriors[numbers]
        weights = self.weights[numbers]
        shares = weights * np.float32(self.posteriors_weight)
        return DistillationTargets(self.values[numbers], weights, posteriors, shares)


def embedding_targets(
    config: PipelineConfig, prepared: Path, classes: Indices, num_classes: int
) -> EmbeddingTargets | None:
    """Returns the targets from the speech embedding, or None if ``distill`` is ``none``.

    Args:
        config: distill and train.workers.
        prepared: folder of the stage prepare.
        classes: (clips of the store,) training class of each clip.
        num_classes: number of training classes.

    Raises:
        KwspipeError: as ``embedding_teacher.embeddings``.
    """
    distill = config.distill
    if distill.name == "none":
        return None
    store = ClipStore(prepared)
    numbers = store.select("training")
    if SILENCE in store.labels:  # the embedding is trained on speech
        numbers = numbers[store.targets[numbers] != store.labels.index(SILENCE)]
    embeddings = embedding_teacher.embeddings(prepared, numbers, distill, config.train.workers)
    components = principal_components(embeddings, distill.dimensions)
    values = np.zeros((len(store.targets), components.shape[1]), np.float32)
    weights = np.zeros(len(values), np.float32)
    values[numbers], weights[numbers] = components, 1
    if not distill.posteriors_weight:
        return EmbeddingTargets(values, weights, distill.weight)
    posteriors = np.zeros((len(values), num_classes), np.float32)
    # A clip that is composed of several speakers counts as a clip of the first (``dataset/hard_negatives``).
    speakers = [store.rows[number].speaker.split(SEPARATOR)[0] for number in map(int, numbers)]
    posteriors[numbers] = out_of_fold_posteriors(embeddings, classes[numbers], speakers, num_classes)
    return EmbeddingTargets(values, weights, distill.weight, posteriors, distill.posteriors_weight)


def out_of_fold_posteriors(
    embeddings: npt.NDArray[Any], targets: Indices, speakers: list[str], num_classes: int
) -> Array:
    """Returns posteriors (clips, classes) from linear layers on the embeddings of other speakers.

    The linear layer for a clip is fitted without the clips of its speaker, in five folds. Otherwise it would return the
    label. A clip for which no layer can be fitted gets its label.

    Args:
        embeddings: (clips, values).
        targets: (clips,) index of the class.
        speakers: (clips,) names of the speakers.
        num_classes: number of classes.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    posteriors = np.eye(num_classes, dtype=np.float32)[targets]
    folds = min(FOLDS, len(set(speakers)))
    for fitted, predicted in GroupKFold(folds).split(embeddings, targets, speakers) if folds > 1 else ():
        if len(np.unique(targets[fitted])) < 2:
            continue
        layer = make_pipeline(StandardScaler(), LogisticRegression(C=REGULARIZATION, max_iter=200))
        layer.fit(embeddings[fitted].astype(np.float32), targets[fitted])
        posteriors[predicted] = 0
        columns = np.ix_(predicted, layer.classes_)
        posteriors[columns] = layer.predict_proba(embeddings[predicted].astype(np.float32))
    return posteriors


def principal_components(embeddings: npt.NDArray[Any], dimensions: int) -> Array:
    """Returns the principal components of the embeddings, sorted by decreasing variance.

    Each component is divided by the square root of its standard deviation. Without the division, the first component
    would dominate the error. With a division by the standard deviation, the last components, which are noise, would
    count as much as the first. The variance of all components together is 1.

    Args:
        embeddings: (clips, values).
        dimensions: number of components.

    Returns:
        (clips, dimensions), or fewer columns if the clips span fewer dimensions.
    """
    values = embeddings.astype(np.float32)
    values -= values.mean(axis=0)
    _, deviations, axes = np.linalg.svd(values, full_matrices=False)
    count = min(dimensions, int(np.count_nonzero(deviations > 1e-6 * float(deviations[0]))))
    projected = values @ axes[:count].T / np.sqrt(deviations[:count])
    scaled: Array = projected / projected.std()
    return scaled


def with_embedding_output(model: Any, dimensions: int) -> Any:
    """Returns a Keras model that shares all layers and has a second output, (clips, dimensions)."""
    import keras

    from kwspipe.models.layer_names import POOLED

    pooled = model.get_layer(POOLED).output
    return keras.Model(
        model.input, [model.output, keras.layers.Dense(dimensions, dtype="float32", name=OUTPUT)(pooled)]
    )

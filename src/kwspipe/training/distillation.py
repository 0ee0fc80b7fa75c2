"""What Google's speech embedding teaches beside the labels.

A second output, which only training has, predicts the teacher's values from the pooled maps (Hinton et al. 2015,
arXiv:1503.02531, for embeddings in place of posteriors). And a linear layer on these values, fitted to the labels, says
what else a clip could be: of an unclear one, its label alone is more than anyone can hear. The teacher hears a clip
clean, in the middle and at its own speed, whatever augmentation does to what the network sees.
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
OUTPUT = "teacher"
FOLDS = 5
# Of the linear layer, inverse: of 0.0003, 0.001 and 0.003 the best on validation (23 words, 6,942 clips).
REGULARIZATION = 0.003


@dataclass(frozen=True)
class EmbeddingTargets:
    """What the teacher says.

    Attributes:
        targets: (clips of the store, dimensions); zeros where it was not asked.
        weights: (clips of the store,) 1 for speech of the training split, else 0.
        weight: of its error against the loss of the labels.
        posteriors: (clips of the store, classes) by the linear layer; None where they are not taught.
        posteriors_weight: share that they have in what is taught.
    """

    targets: Array
    weights: Array
    weight: float
    posteriors: Array | None = None
    posteriors_weight: float = 0.0

    def of(self, numbers: Indices) -> DistillationTargets:
        """Returns what it says of some clips."""
        said = None if self.posteriors is None else self.posteriors[numbers]
        weights = self.weights[numbers]
        return DistillationTargets(
            self.targets[numbers], weights, said, weights * np.float32(self.posteriors_weight)
        )


def embedding_targets(
    config: PipelineConfig, prepared: Path, taught: Indices, num_classes: int
) -> EmbeddingTargets | None:
    """Asks the speech embedding, which is there (``embedding_teacher.check``); None if it is no teacher.

    Args:
        config: distill, train.workers.
        prepared: the folder of the stage prepare.
        taught: (clips of the store,) class that each clip is taught as.
        num_classes: of them.
    """
    distill = config.distill
    if distill.name == "none":
        return None
    store = ClipStore(prepared)
    numbers = store.select("training")
    if SILENCE in store.labels:  # of which it has nothing to say
        numbers = numbers[store.targets[numbers] != store.labels.index(SILENCE)]
    heard = embedding_teacher.embeddings(prepared, numbers, distill, config.train.workers)
    said = components(heard, distill.dimensions)
    targets = np.zeros((len(store.targets), said.shape[1]), np.float32)
    weights = np.zeros(len(targets), np.float32)
    targets[numbers], weights[numbers] = said, 1
    if not distill.posteriors_weight:
        return EmbeddingTargets(targets, weights, distill.weight)
    likely = np.zeros((len(targets), num_classes), np.float32)
    # Of a clip made of several speakers (``dataset/negatives.py``), the first.
    speakers = [store.rows[number].speaker.split(SEPARATOR)[0] for number in map(int, numbers)]
    likely[numbers] = posteriors(heard, taught[numbers], speakers, num_classes)
    return EmbeddingTargets(targets, weights, distill.weight, likely, distill.posteriors_weight)


def posteriors(values: npt.NDArray[Any], targets: Indices, speakers: list[str], num_classes: int) -> Array:
    """Returns what a linear layer on the teacher's values says of each clip, (clips, classes).

    It is fitted to the labels of other speakers than the clip's, in five rounds: of its own it would say the label.

    Args:
        values: (clips, values).
        targets: (clips,) class.
        speakers: of the clips.
        num_classes: columns of the result.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    said = np.eye(num_classes, dtype=np.float32)[targets]  # of a single speaker there is nothing else to say
    folds = min(FOLDS, len(set(speakers)))
    for fitted, asked in GroupKFold(folds).split(values, targets, speakers) if folds > 1 else ():
        if len(np.unique(targets[fitted])) < 2:
            continue
        layer = make_pipeline(StandardScaler(), LogisticRegression(C=REGULARIZATION, max_iter=200))
        layer.fit(values[fitted].astype(np.float32), targets[fitted])
        said[asked] = 0
        said[np.ix_(asked, layer.classes_)] = layer.predict_proba(values[asked].astype(np.float32))
    return said


def components(embeddings: npt.NDArray[Any], dimensions: int) -> Array:
    """Returns the principal components of the teacher's values, those that vary most first.

    Each is divided by the square root of its standard deviation: the first would else be all that counts, and if each
    were divided by its whole deviation, the last, which are noise, would count as much. All together have a variance
    of 1.

    Args:
        embeddings: (clips, values).
        dimensions: how many.

    Returns:
        (clips, dimensions), fewer where there are not as many clips.
    """
    values = embeddings.astype(np.float32)
    values -= values.mean(axis=0)
    _, deviations, axes = np.linalg.svd(values, full_matrices=False)
    kept = min(dimensions, int(np.count_nonzero(deviations > 1e-6 * float(deviations[0]))))
    projected = values @ axes[:kept].T / np.sqrt(deviations[:kept])
    scaled: Array = projected / projected.std()
    return scaled


def with_teacher(model: Any, dimensions: int) -> Any:
    """Returns a model that shares all layers and has the second output, (clips, dimensions)."""
    import keras

    from kwspipe.models.layer_names import POOLED

    pooled = model.get_layer(POOLED).output
    return keras.Model(
        model.input, [model.output, keras.layers.Dense(dimensions, dtype="float32", name=OUTPUT)(pooled)]
    )

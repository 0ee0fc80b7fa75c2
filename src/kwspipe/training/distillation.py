"""Distillation: beside the labels, the network learns to say of a clip what the teacher says of it.

A second output, which only training has, predicts the teacher's values from the pooled maps (Hinton et al. 2015,
arXiv:1503.02531, for embeddings in place of posteriors). The teacher hears a clip clean, in the middle and at its own
speed, whatever augmentation does to what the network sees.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.config import PipelineConfig
from kwspipe.dataset.store import ClipStore
from kwspipe.metrics.clips import SILENCE
from kwspipe.training import teacher

Array = npt.NDArray[np.float32]
OUTPUT = "teacher"


@dataclass(frozen=True)
class Lesson:
    """What the teacher says.

    Attributes:
        targets: (clips of the store, dimensions); zeros where it was not asked.
        weights: (clips of the store,) 1 for speech of the training split, else 0.
        weight: of its error against the loss of the labels.
    """

    targets: Array
    weights: Array
    weight: float


def lesson(config: PipelineConfig, prepared: Path) -> Lesson | None:
    """Asks the speech embedding, which is there (``teacher.check``); None if it is no teacher."""
    distill = config.distill
    if distill.name != "speech_embedding":
        return None
    store = ClipStore(prepared)
    numbers = store.select("training")
    # Of silence it has nothing to say.
    numbers = numbers[store.targets[numbers] != store.labels.index(SILENCE)]
    said = components(
        teacher.embeddings(prepared, numbers, distill, config.train.workers), distill.dimensions
    )
    targets = np.zeros((len(store.targets), said.shape[1]), np.float32)
    weights = np.zeros(len(targets), np.float32)
    targets[numbers], weights[numbers] = said, 1
    return Lesson(targets, weights, distill.weight)


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
    kept = min(dimensions, int(np.count_nonzero(deviations > 1e-6 * deviations[0])))
    projected = values @ axes[:kept].T / np.sqrt(deviations[:kept])
    scaled: Array = projected / projected.std()
    return scaled


def with_teacher(model: Any, dimensions: int) -> Any:
    """Returns a model that shares all layers and has the second output, (clips, dimensions)."""
    import keras

    from kwspipe.models.ends import POOLED

    pooled = model.get_layer(POOLED).output
    return keras.Model(
        model.input, [model.output, keras.layers.Dense(dimensions, dtype="float32", name=OUTPUT)(pooled)]
    )

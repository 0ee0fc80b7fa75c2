"""Networks as teachers: what they say of a batch is part of what the network is taught (Hinton et al. 2015,
arXiv:1503.02531).

They were trained by kwspipe on the same words, and may be as large as one likes: nothing of them is deployed. They see
each clip as the network sees it, changed and mixed anew in every epoch (Beyer et al. 2022, arXiv:2106.05237): of a clip
in loud noise they say how sure one can be, where its label is always sure.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import TypeAdapter, ValidationError

from kwspipe.config import DistillConfig, FrontendConfig, ModelConfig, PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.exchange import run_archive
from kwspipe.labels import UNKNOWN, ClassTable, is_keyword
from kwspipe.training.targets import Step
from kwspipe.transfer.checkpoint import RUN_CHECKPOINT, read_arrays
from kwspipe.transfer.class_table_file import CLASSES, read_classes
from kwspipe.transfer.frontend_check import FRONTEND_FILE, changed_settings
from kwspipe.transfer.source import BUNDLED

Array = npt.NDArray[np.float32]
_CLASSES = f"train/{CLASSES}"
BUNDLED_TEACHER = "bundled"  # in distill.runs


@dataclass(frozen=True)
class Teacher:
    """A trained network.

    Attributes:
        where: the run or archive it is from.
        weights: its checkpoint's bytes.
        classes: what its outputs are.
        model: how it is built.
        frontend: what it was trained to see.
    """

    where: str
    weights: bytes
    classes: ClassTable
    model: ModelConfig
    frontend: Mapping[str, Any]


def check(config: PipelineConfig) -> dict[str, str]:
    """Returns the sha256 of each teacher's weights, for the manifest.

    Raises:
        KwspipeError: there is no such run, or it has no trained network, or one that sees other features.
    """
    return {
        f"teacher {number}": hashlib.sha256(teacher.weights).hexdigest()
        for number, teacher in enumerate(_teachers(config.distill, config.frontend, config.run_dir))
    }


def built(
    config: PipelineConfig, input_shape: tuple[int, ...], classes: ClassTable
) -> "TeacherNetworks | None":
    """Returns the teachers that the configuration names, ready for a network of some classes; None if it names none.

    Raises:
        KwspipeError: as ``check``; or one is no teacher of this network (``shares_of``).
    """
    if config.distill.name != "networks":
        return None
    teachers = _teachers(config.distill, config.frontend, config.run_dir)
    return TeacherNetworks(teachers, config.distill.weight, input_shape, classes.names)


class TeacherNetworks:
    """Teachers, built and ready. Imports TensorFlow.

    Args:
        teachers: at least one.
        weight: share that what they say has in what is taught.
        input_shape: (frames, channels).
        names: classes of the network that is taught.

    Raises:
        KwspipeError: a teacher is none of this network (``shares_of``).
    """

    def __init__(
        self, teachers: Sequence[Teacher], weight: float, input_shape: tuple[int, ...], names: Sequence[str]
    ) -> None:
        import tensorflow as tf

        self.weight = weight
        shares = [shares_of(teacher, names) for teacher in teachers]
        self.known = [share.any(axis=0) for share in shares]
        networks = [_network(teacher, input_shape) for teacher in teachers]

        @tf.function(reduce_retracing=True)
        def said(features: Any) -> list[Any]:
            heard = zip(networks, shares, strict=True)
            return [network(features, training=False) @ share for network, share in heard]

        self._said = said

    def teach(self, step: Step) -> Step:
        """Returns the step with what the teachers say of its features, in part, in place of the labels.

        Of a clip whose class a teacher does not know it says nothing; of one mixed with such a clip, by its share.
        """
        labels = step.outputs[0]
        changes = [
            labels[:, known].sum(axis=1, keepdims=True) * (posteriors.numpy() - labels)
            for posteriors, known in zip(self._said(step.features), self.known, strict=True)
        ]
        taught = labels + np.float32(self.weight) * np.mean(changes, axis=0)
        return replace(step, outputs=(taught, *step.outputs[1:]))


def shares_of(teacher: Teacher, names: Sequence[str]) -> Array:
    """Returns which output of a teacher is which class of a network, (its classes, classes), 0 or 1.

    What it tells apart and the network does not is another word.

    Args:
        teacher: see above.
        names: of the network's classes.

    Raises:
        KwspipeError: it knows none of the words, or more than the network has classes for.
    """
    known, where = teacher.classes.names, f"distill.runs: {teacher.where}"
    if all(not is_keyword(name) or name not in known for name in names):
        shown = ", ".join(name for name in known if is_keyword(name))
        remedy = "train one on these words, or set distill=none"
        raise KwspipeError(
            where, f"it knows only {shown}", f"a network that knows some of {', '.join(names)}", remedy
        )
    if UNKNOWN not in names and (others := [name for name in known if name not in names]):
        remedy = f"give the network {UNKNOWN} (dataset.unknown_class_percentage), or take another teacher"
        allowed = f"a network that tells apart {', '.join(names)}"
        raise KwspipeError(where, f"it tells apart {', '.join(others)} too", allowed, remedy)
    places = [names.index(name if name in names else UNKNOWN) for name in known]
    shares: Array = np.eye(len(names), dtype=np.float32)[places]
    return shares


def _teachers(distill: DistillConfig, frontend: FrontendConfig, run_dir: str) -> list[Teacher]:
    if distill.name != "networks":
        return []
    beside = Path(run_dir).expanduser().resolve().parent
    teachers = [
        _bundled() if run == BUNDLED_TEACHER else _read(run_archive.find_run(run, beside, "distill.runs"))
        for run in distill.runs
    ]
    for teacher in teachers:
        if other := changed_settings(teacher.frontend, frontend):
            name, (seen, here) = next(iter(other.items()))
            raise KwspipeError(
                f"distill.runs: {teacher.where}",
                f"a network trained with frontend.{name}={seen}, here it is {here}",
                "networks that see the features of this one",
                "train it again with these features, or take its own here",
            )
    return teachers


def _read(path: Path) -> Teacher:
    files = run_archive.files_of(path)
    if not {RUN_CHECKPOINT, _CLASSES} <= files.keys():
        raise KwspipeError(
            f"distill.runs: {path}",
            "it has no trained network",
            "a run of kwspipe that was trained and quantized, or its archive",
            "run it, or correct distill.runs",
        )
    try:
        config = yaml.safe_load(files[run_archive.CONFIG])
        model: ModelConfig = TypeAdapter(ModelConfig).validate_json(json.dumps(config["model"]))
        classes = ClassTable.from_json(files[_CLASSES])
        frontend = TypeAdapter(FrontendConfig).validate_json(json.dumps(config["frontend"]))
        return Teacher(str(path), files[RUN_CHECKPOINT], classes, model, vars(frontend))
    except (yaml.YAMLError, KeyError, TypeError, ValueError, ValidationError):
        raise KwspipeError(
            f"distill.runs: {path}",
            "its configuration or classes.json cannot be read",
            "a run of this release of kwspipe",
            "train it again",
        ) from None


def _bundled() -> Teacher:
    """Returns the one that comes with kwspipe: of the classes and features of the bundled checkpoints."""
    folder = BUNDLED / "teacher"
    return Teacher(
        BUNDLED_TEACHER,
        (folder / "model.weights.h5").read_bytes(),
        read_classes(BUNDLED),
        TypeAdapter(ModelConfig).validate_json((folder / "model.json").read_bytes()),
        json.loads((BUNDLED / FRONTEND_FILE).read_bytes()),
    )


def _network(teacher: Teacher, input_shape: tuple[int, ...]) -> Any:
    """Returns its Keras model, from (clips, frames, channels, 1) to posteriors (clips, its classes)."""
    from kwspipe import models

    model = models.build(teacher.model, input_shape, len(teacher.classes.names))
    arrays = read_arrays(teacher.weights, Path(teacher.where))
    try:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(arrays[layer.name])
    except (KeyError, ValueError) as error:
        raise KwspipeError(
            f"distill.runs: {teacher.where}",
            f"its weights are not those of its configuration: {error}",
            "a run of this release of kwspipe",
            "train it again",
        ) from None
    model.trainable = False
    return model

"""Stage ``evaluate``: metrics of the float and int8 model on the test split, plots and a list of mistakes."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.config import PipelineConfig
from kwspipe.core.detector import pack_settings
from kwspipe.core.model_runner import CoreModel
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.metrics import calibration, clips, det_plot, mistakes, noise_accuracy, plots, predictions
from kwspipe.metrics.confusion import confusion
from kwspipe.metrics.training_plot import training_curves
from kwspipe.runs.artifacts import read_manifest, write_json
from kwspipe.stages import Stage
from kwspipe.streaming import evaluation as streaming
from kwspipe.streaming.composition import compose
from kwspipe.terminal.lines import print_line
from kwspipe.tflite import reference
from kwspipe.training.features import plain_features

THREADS = 2

Features = npt.NDArray[np.int8]


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes metrics.json, predictions.csv, scores.npz, mistakes.csv and the plots in ``folder``."""
    store = ClipStore(run_dir / "prepare")
    numbers = store.select("testing")
    if not len(numbers):
        raise KwspipeError(
            "dataset",
            "no clips for testing",
            "at least one clip of a speaker of the test split",
            "add recordings of other speakers, or raise dataset.testing_fraction",
        )
    quantized = run_dir / "quantize"
    labels = tuple((quantized / "labels.txt").read_text().splitlines())
    features = plain_features(store, config.frontend, numbers)
    targets = targets_of(store, store.targets[numbers], labels)
    models = _Models.read(quantized)
    scores, parity = _scores(models, features)
    made = [store.rows[number].kind for number in numbers]
    rejected = {kind: clips.rejection_rates(made, targets, scores[kind], labels) for kind in scores}
    plain = np.isin(numbers, store.select_plain("testing"))  # accuracy excludes hard negatives
    numbers, targets = numbers[plain], targets[plain]
    scores = {kind: posteriors[plain] for kind, posteriors in scores.items()}
    metrics: dict[str, Any] = {
        kind: clips.measure(targets, scores[kind], labels) | {"rejected": rejected[kind]} for kind in scores
    }
    metrics["parity"] = parity
    metrics["data"] = store.summary
    for kind in scores:
        metrics[kind]["calibration"] = calibration.measure(targets, scores[kind])
    networks, ratios_db = _networks(models), config.evaluate.snr_db
    metrics["in_noise"] = noise_accuracy.measure(
        store, config.frontend, numbers, targets, labels, networks, ratios_db, config.seed
    )
    metrics["streaming"] = _streaming(config, store, quantized, labels)
    write_json(folder / "metrics.json", metrics)
    np.savez(folder / "scores.npz", clips=numbers, targets=targets, **scores)
    paths = [store.path(number) for number in numbers]
    predictions.write(folder / "predictions.csv", paths, targets, scores["int8"], labels)
    limit = config.evaluate.max_mistakes
    mistakes.write(folder / "mistakes.csv", paths, numbers, targets, scores["int8"], labels, limit)
    _draw(metrics, targets, scores["int8"], labels, run_dir, folder)


@dataclass(frozen=True)
class _Models:
    """The models in the folder of quantize. An external model may have no float model."""

    float: bytes | None
    int8: bytes
    core: CoreModel

    @classmethod
    def read(cls, quantized: Path) -> "_Models":
        path = quantized / "float.tflite"
        return cls(
            path.read_bytes() if path.is_file() else None,
            (quantized / "model.tflite").read_bytes(),
            CoreModel((quantized / "model.kws").read_bytes()),
        )

    def device(self, features: Features) -> npt.NDArray[np.int8]:
        """Returns the outputs of the C core, (clips, classes) int8."""
        return self.core.run(features, threads=THREADS)


def _networks(models: _Models) -> dict[str, noise_accuracy.Network]:
    """Returns the float model, and the int8 model run by the C core, as functions of features."""
    networks: dict[str, noise_accuracy.Network] = {}
    if models.float is not None:
        networks["float"] = partial(reference.run, models.float, what="testing in noise")
    networks["int8"] = lambda features: reference.posteriors(models.int8, models.device(features))
    return networks


def _scores(models: _Models, features: Features) -> tuple[dict[str, npt.NDArray[np.float32]], dict[str, int]]:
    """Returns the posteriors of each model, and the number of clips with equal int8 and device outputs."""
    outputs = {
        "int8": reference.raw(models.int8, features, "testing int8"),
        "device": models.device(features),
    }
    scores = {kind: reference.posteriors(models.int8, raw) for kind, raw in outputs.items()}
    if models.float is not None:
        scores = {"float": reference.run(models.float, features, "testing float"), **scores}
    equal = np.all(outputs["int8"] == outputs["device"], axis=1)
    return scores, {"clips": len(equal), "equal": int(equal.sum())}


def _draw(
    metrics: dict[str, Any],
    targets: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    labels: tuple[str, ...],
    run_dir: Path,
    folder: Path,
) -> None:
    """Writes the plots of the int8 model, and that of the training if there was one."""
    confusion(np.array(metrics["int8"]["confusion"]), labels, folder / "confusion.png")
    plots.roc(targets, scores, labels, folder / "roc.png")
    plots.precision_recall(targets, scores, labels, folder / "precision_recall.png")
    det_plot.plot(metrics["streaming"], folder / "det.png")
    trained = read_manifest(run_dir / "train")
    if trained:
        monitor = trained["config"]["train"]["monitor"]
        training_curves(run_dir / "train" / "history.csv", monitor, folder / "training.png")


def targets_of(
    store: ClipStore, targets: npt.NDArray[np.int64], labels: tuple[str, ...]
) -> npt.NDArray[np.int64]:
    """Returns the targets of the prepared clips as indices of the model's outputs.

    Raises:
        KwspipeError: the clips have a label that the model does not have.
    """
    missing = [label for label in store.labels if label not in labels]
    if missing:
        raise KwspipeError(
            "dataset.words",
            f"clips of {', '.join(missing)}, for which the model has no class",
            f"clips of {', '.join(labels)}",
            "run prepare again with the words of the model, or quantize again with the words of the data",
        )
    return np.array([labels.index(label) for label in store.labels])[targets]


def _streaming(
    config: PipelineConfig, store: ClipStore, quantized: Path, labels: tuple[str, ...]
) -> dict[str, Any]:
    """Returns the metrics of the model image on streams of the test split.

    If thresholds were chosen, the metrics at the configured thresholds are included.
    """
    image = (quantized / "model.kws").read_bytes()
    chosen = json.loads((quantized / "summary.json").read_text()).get("thresholds")
    given = pack_settings(config.detector, labels) if chosen else None
    streams = compose(store, config.stream, "testing", config.seed)
    rate = store.summary["sample_rate_hz"]
    measured = streaming.evaluate(image, streams, config.stream, rate, config.seed, given)
    # The duration is not a property of the model, and would make each metrics.json differ.
    seconds, factor = measured.pop("seconds"), measured.pop("realtime_factor")
    hours = measured["audio_hours"]
    print_line(f"streams: {hours:.2f} h of audio in {seconds:.0f} s, {factor:.0f} times real time")
    return measured | {"chosen": chosen}


STAGE = Stage(
    name="evaluate",
    reads=("seed", "frontend", "evaluate", "detector", "stream"),
    needs=("prepare", "quantize"),
    uses=("train",),
    run=run,
)

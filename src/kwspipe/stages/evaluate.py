"""evaluate: what the model is worth on the test split, float and int8, with pictures and mistakes."""

from pathlib import Path
from typing import Any

import numpy as np

from kwspipe.artifacts import write_json
from kwspipe.config import PipelineConfig
from kwspipe.dataset.store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.metrics import clips, mistakes, plots
from kwspipe.stages import Stage
from kwspipe.tflite import reference
from kwspipe.tflite.runner import CoreModel
from kwspipe.training.data import split_features

THREADS = 2


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Leaves metrics.json, mistakes.csv and the plots in ``folder``."""
    store = ClipStore(run_dir / "prepare")
    features, targets = split_features(store, config.frontend, "testing")
    if not len(targets):
        raise KwspipeError(
            "dataset",
            "no clips for testing",
            "at least one clip of a speaker kept for testing",
            "add recordings of other speakers, or raise dataset.testing_percentage",
        )
    quantized = run_dir / "quantize"
    int8_model = (quantized / "model.tflite").read_bytes()
    outputs = {
        "int8": reference.raw(int8_model, features, "testing int8"),
        "device": CoreModel((quantized / "model.kws").read_bytes()).run(features, threads=THREADS),
    }
    float_scores = reference.run((quantized / "float.tflite").read_bytes(), features, "testing float")
    scores = {"float": float_scores} | {
        kind: reference.posteriors(int8_model, raw) for kind, raw in outputs.items()
    }
    metrics: dict[str, Any] = {kind: clips.measure(targets, scores[kind], store.labels) for kind in scores}
    equal = np.all(outputs["int8"] == outputs["device"], axis=1)
    metrics["parity"] = {"clips": len(equal), "equal": int(equal.sum())}
    metrics["data"] = store.summary
    write_json(folder / "metrics.json", metrics)
    paths = [store.path(number) for number in store.select_plain("testing")]
    mistakes.write(
        folder / "mistakes.csv", paths, targets, scores["int8"], store.labels, config.evaluate.max_mistakes
    )
    plots.confusion(np.array(metrics["int8"]["confusion"]), store.labels, folder / "confusion.png")
    plots.roc(targets, scores["int8"], store.labels, folder / "roc.png")
    plots.precision_recall(targets, scores["int8"], store.labels, folder / "precision_recall.png")
    plots.training_curves(run_dir / "train" / "history.csv", folder / "training.png")


STAGE = Stage(
    name="evaluate",
    reads=("frontend", "evaluate"),
    needs=("prepare", "train", "quantize"),
    run=run,
)

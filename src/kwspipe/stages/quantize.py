"""quantize: the trained network as int8 .tflite, with everything a device has to know embedded."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console

from kwspipe import __version__
from kwspipe.artifacts import write_json
from kwspipe.config import PipelineConfig
from kwspipe.dataset.store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.stages import Stage
from kwspipe.tflite import runtime_memory
from kwspipe.tflite.metadata import model_parameters, write_parameters
from kwspipe.training.data import plain_features, split_features
from kwspipe.training.loop import WEIGHTS


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Leaves model.tflite, float.tflite, labels.txt and summary.json in ``folder``."""
    from kwspipe.models import mobilenet_v2
    from kwspipe.tflite import conversion, reference

    store = ClipStore(run_dir / "prepare")
    features, targets = split_features(store, config.frontend, "validation")
    model = mobilenet_v2.build(config.model, features.shape[1:], len(store.labels))
    model.load_weights(run_dir / "train" / WEIGHTS)
    console = Console(stderr=True, highlight=False)
    console.print("    converting to float and to int8")
    float_model = conversion.to_float(model)
    int8_model = conversion.to_int8(model, _representative(config, store))
    right = {
        kind: reference.run(content, features, "validation").argmax(axis=1) == targets
        for kind, content in (("float", float_model), ("int8", int8_model))
    }
    check_loss(right["float"], right["int8"], config.quantize.max_accuracy_drop)
    accuracies = {kind: float(np.mean(hits)) for kind, hits in right.items()}
    (folder / "model.tflite").write_bytes(
        _with_parameters(int8_model, config, store.labels, run_dir / "train")
    )
    (folder / "float.tflite").write_bytes(float_model)
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in store.labels))
    write_json(folder / "summary.json", {"validation_accuracy": accuracies})
    console.print(f"    validation accuracy: float {accuracies['float']:.1%}, int8 {accuracies['int8']:.1%}")


def _with_parameters(
    int8_model: bytes, config: PipelineConfig, labels: tuple[str, ...], trained: Path
) -> bytes:
    """Embeds what a device has to know; the date is the training's, so that a repeated stage gives the same file."""
    parameters = model_parameters(
        int8_model,
        name=config.name,
        description=f"keyword spotter for {', '.join(config.dataset.words)}, by kwspipe {__version__}",
        version=1,
        labels=labels,
        frontend=config.frontend,
        detector=config.detector,
        runtime_memory_size=runtime_memory.estimate(int8_model),
        date=datetime.fromtimestamp((trained / WEIGHTS).stat().st_mtime, UTC),
    )
    return write_parameters(int8_model, parameters)


def _representative(config: PipelineConfig, store: ClipStore) -> npt.NDArray[np.int8]:
    """Features of training clips, spread evenly over the split, which is sorted by label."""
    numbers = store.select("training")
    count = min(config.quantize.representative_clips, len(numbers))
    chosen = numbers[np.linspace(0, len(numbers) - 1, count).round().astype(int)]
    return plain_features(store, config.frontend, chosen)


def check_loss(
    float_right: npt.NDArray[np.bool_], int8_right: npt.NDArray[np.bool_], max_drop: float
) -> None:
    """Fails where int8 loses more accuracy against float than allowed.

    The loss has to exceed the limit by its standard error, the root of the clips on which the two disagree over all
    clips (the deviation of a paired difference): on fifty clips a loss of 4 % is a matter of two clips.

    Args:
        float_right: (clips,) whether float is right on each.
        int8_right: (clips,) whether int8 is.
        max_drop: loss allowed, as a share of the clips.
    """
    drop = float(np.mean(float_right) - np.mean(int8_right))
    standard_error = float(np.sqrt(np.count_nonzero(float_right != int8_right)) / len(float_right))
    if drop - standard_error > max_drop:
        raise KwspipeError(
            "quantize.max_accuracy_drop",
            f"int8 loses {drop:.3f} +- {standard_error:.3f} on validation "
            f"(float {np.mean(float_right):.3f}, int8 {np.mean(int8_right):.3f})",
            f"a loss of at most {max_drop:.3f}",
            "train longer, take more quantize.representative_clips, or accept the loss by raising the limit",
        )


STAGE = Stage(
    name="quantize",
    reads=("name", "dataset", "frontend", "model", "quantize", "detector"),
    needs=("prepare", "train"),
    run=run,
)

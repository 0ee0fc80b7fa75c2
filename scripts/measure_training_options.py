"""Measures training options with the specified schedule: label smoothing, weight averaging, auxiliary word classes.

    python scripts/measure_training_options.py --root path/to/speech --noise path/to/noise --negatives path/to/talk

Each variant is a run ``runs/options/<experiment>-<model>-<variant>-s<seed>``: all three options, or one of them off.
The same command resumes an interrupted measurement, because a complete run is not repeated. The table
shows mean and standard deviation over the seeds on the test split, int8.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from kwspipe.training.rejection import words_at_rejection

VARIANTS = {
    "all": ["train.label_smoothing=0.1"],
    "nosmooth": [],
    "noema": ["train.label_smoothing=0.1", "train.ema_decay=0"],
    "noaux": ["train.label_smoothing=0.1", "train.num_auxiliary_word_classes=0"],
    "emaonly": ["train.num_auxiliary_word_classes=0"],
    "none": ["train.ema_decay=0", "train.num_auxiliary_word_classes=0"],
}
SCHEDULE = [
    "train=finetune",
    "schedule=exponential",
    "schedule.initial_learning_rate=0.0005",
    "schedule.decay=0.95",
    "train.epochs=10",
]
# The streams are short, because the figures are those of clips.
SHORT = [
    "quantize.count_instructions=false",
    "detector.target_false_accepts_per_hour=null",
    "stream.words_minutes=0.5",
    "stream.max_words_minutes=0.5",
    "stream.max_minutes=1",
    "stream.bootstrap_rounds=10",
    "evaluate.snr_db=[10.0]",
    "train.tensorboard=false",
]
COLUMNS = ("words", "other words rejected", "at 90 %", "at 95 %", "words at 10 dB")


def figures(run_dir: Path) -> list[float]:
    """Returns the figures of ``COLUMNS`` of an evaluated run."""
    metrics = json.loads((run_dir / "evaluate" / "metrics.json").read_text())
    labels = list(metrics["int8"]["per_class"])
    with np.load(run_dir / "evaluate" / "scores.npz") as archive:
        targets, scores = archive["targets"], archive["int8"]
    return [
        metrics["int8"]["words_accuracy"],
        metrics["int8"]["unknown_rejected"],
        words_at_rejection(targets, scores, labels, 0.90),
        words_at_rejection(targets, scores, labels, 0.95),
        metrics["in_noise"][0]["int8"]["words_accuracy"],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measures options of train=finetune with the specified schedule."
    )
    parser.add_argument("--experiments", nargs="+", default=["commands_6", "digits_9"])
    parser.add_argument("--models", nargs="+", default=["matchboxnet"])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument(
        "--root", type=Path, help="folder of recordings; without it the table of complete runs"
    )
    parser.add_argument("--noise", type=Path)
    parser.add_argument("--negatives", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs/options"))
    arguments = parser.parse_args()
    table = Table(*("experiment", "model", "variant", "seeds", *COLUMNS))
    for experiment in arguments.experiments:
        for model in arguments.models:
            for variant in arguments.variants:
                names = [f"{experiment}-{model}-{variant}-s{seed}" for seed in arguments.seeds]
                if arguments.root:
                    for seed, name in zip(arguments.seeds, names, strict=True):
                        run(arguments, experiment, model, variant, seed, arguments.runs / name)
                done = [
                    path
                    for name in names
                    if (path := arguments.runs / name / "evaluate/metrics.json").is_file()
                ]
                if done:
                    all_figures = 100 * np.array([figures(path.parents[1]) for path in done], np.float64)
                    cells = [
                        f"{mean:.1f} ± {std:.1f}" for mean, std in zip(*spread(all_figures), strict=True)
                    ]
                    table.add_row(experiment, model, variant, str(len(done)), *cells)
    Console(width=140).print(table)


def spread(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns mean and sample standard deviation over the rows."""
    return values.mean(axis=0), values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])


def run(
    arguments: argparse.Namespace, experiment: str, model: str, variant: str, seed: int, run_dir: Path
) -> None:
    """Trains and evaluates one variant, unless its run is complete."""
    if (run_dir / "evaluate" / "metrics.json").is_file():
        return
    folders = {"noise_roots": arguments.noise, "negative_roots": arguments.negatives}
    overrides = [
        f"+experiment={experiment}", f"model={model}", f"seed={seed}", f"name={run_dir.name}", f"run_dir={run_dir}",
        "dataset=folder", f"dataset.root={arguments.root}",
        *(f"dataset.{key}=[{folder}]" for key, folder in folders.items() if folder),
        *SCHEDULE, *SHORT, "stages=[prepare,train,quantize,evaluate]", *VARIANTS[variant],
    ]  # fmt: skip
    subprocess.run([sys.executable, "-m", "kwspipe", *overrides], check=True)


if __name__ == "__main__":
    main()

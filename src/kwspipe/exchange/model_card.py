"""The model card: what a model is, what it was made from, what it is worth and where it fails, in Markdown."""

import csv
import json
from collections.abc import Mapping
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.exchange import licences
from kwspipe.labels import is_keyword, keywords_of
from kwspipe.runs.noise_figures import words_over_noise

TOTALS = (
    ("accuracy", "all clips right"),
    ("words_accuracy", "words right"),
    ("unknown_rejected", "`_unknown_` not called a word"),
    ("silence_rejected", "`_silence_` not called a word"),
)


def render(files: Mapping[str, bytes]) -> str:
    """Returns the card of a model.

    Args:
        files: of its run, by the names they have in an archive.
    """
    config = yaml.safe_load(files["config.yaml"])
    labels = files["quantize/labels.txt"].decode().splitlines()
    prepared = _json(files, "prepare/summary.json")
    metrics = _json(files, "evaluate/metrics.json")
    name = config["name"]
    environment = Environment(  # Markdown: nothing is escaped
        loader=PackageLoader("kwspipe.exchange"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    rows = list(csv.DictReader(files["quantize/profile.csv"].decode().splitlines()))
    return environment.get_template("model_card.md.j2").render(
        name=name,
        archive=f"{name}.kwspipe.zip",
        synthetic=prepared["synthetic"] if prepared else None,
        synthetic_training=sum(prepared.get("synthetic_training_clips", {}).values()),
        words=keywords_of(labels),
        labels=labels,
        macs=f"{sum(int(row['multiply_accumulates']) for row in rows):,}",
        adopted=_json(files, "quantize/summary.json").get("adopted"),
        input=_input(config["frontend"]),
        sizes=_sizes(files, rows),
        figures=_figures(metrics, prepared) if metrics else {"clips": 0, "streaming": []},
        trained="train/history.csv" in files,
        data=_data(prepared, trained="train/history.csv" in files),
        training=_training(files, config),
    )


def _json(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    return json.loads(files[name]) if name in files else {}


def _input(settings: Mapping[str, Any]) -> str:
    front_end = FrontEnd(FrontendConfig(**settings))
    length_ms, rate_hz = settings["sample_length_ms"], settings["sample_rate_hz"]
    return (
        f"{length_ms} ms of audio at {rate_hz} Hz, as {front_end.num_frames} frames "
        f"of {front_end.num_channels} log-mel channels"
    )


def _sizes(files: Mapping[str, bytes], rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    sizes = [
        (".tflite", f"{len(files['quantize/model.tflite']):,} bytes"),
        ("model image", f"{len(files['quantize/model.kws']):,} bytes"),
    ]
    if rows and all(row["instructions"] for row in rows):
        sizes.append(
            (
                "one inference",
                f"{sum(int(row['instructions']) for row in rows):,} instructions (emulated Cortex-M33)",
            )
        )
    for member in sorted(name for name in files if name.startswith("deploy/")):
        deployed = _json(files, member)
        sizes.append((f"memory on {deployed['board']}", f"{deployed['memory_bytes']:,} bytes"))
    return sizes


def _figures(metrics: Mapping[str, Any], prepared: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in ("float", "int8", "device") if kind in metrics]
    int8 = metrics["int8"]
    parity = metrics.get("parity")
    return {
        "clips": int8["clips"],
        "speakers": prepared.get("speakers", {}).get("testing"),
        "kinds": kinds,
        "totals": [
            *((what, [percent(metrics[kind].get(key)) for kind in kinds]) for key, what in TOTALS),
            *(
                (f"words right at {snr_db:g} dB over noise", [percent(share) for share in shares])
                for snr_db, shares in words_over_noise(metrics, kinds)
            ),
        ],
        "classes": [
            (
                f"`{label}`" if not is_keyword(label) else label,
                row["clips"],
                percent(row["recall"]),
                percent(row["precision"]),
            )
            for label, row in int8["per_class"].items()
        ],
        "parity": parity
        and f"The device's code equals the reference kernels on {parity['equal']} of {parity['clips']} clips.",
        "streaming": _streaming(metrics.get("streaming")),
    }


def _streaming(streaming: Mapping[str, Any] | None) -> list[str]:
    """The plain numbers of the streaming evaluation, whichever there are."""
    if not streaming:
        return []
    numbers = {key: value for key, value in streaming.items() if isinstance(value, int | float)}
    return [f"{key.replace('_', ' ')}: {value:.4g}" for key, value in numbers.items()]


def _data(prepared: Mapping[str, Any], trained: bool) -> list[str]:
    if not prepared:
        return ["not recorded"]
    source = prepared["source_used"]
    lines = [f"source: {source}", f"licence: {licences.source_licence(source)}"]
    if not trained:
        lines.append("what the model was trained on is not recorded; it was tested on clips of this source")
    for split in ("training", "validation", "testing") if trained else ("testing",):
        counts = {label: row[split] for label, row in prepared["counts"].items()}
        listed = ", ".join(f"{label} {count}" for label, count in counts.items())
        speakers = prepared["speakers"][split]
        lines.append(f"{split}: {sum(counts.values()):,} clips of {speakers:,} speakers ({listed})")
    return [*lines, "no speaker is in two splits"] if trained else lines


def _training(files: Mapping[str, bytes], config: Mapping[str, Any]) -> list[str]:
    if "train/history.csv" not in files:
        return ["not by this run; see where the model comes from"]
    epochs = len(files["train/history.csv"].decode().splitlines()) - 1
    checkpoint = _json(files, "train/transfer.json").get("checkpoint")
    lines = [
        f"started from {licences.describe_checkpoint(checkpoint) if checkpoint else 'random weights'}",
        f"{epochs} epochs of batches of {config['train']['batch_size']}, seed {config['seed']}; "
        f"kept: the best by {config['train']['monitor']}",
        "augmentation: " + (", ".join(step["name"] for step in config["augment"]["transforms"]) or "none"),
    ]
    return lines


def percent(share: float | None) -> str:
    """A share as text."""
    return "-" if share is None else f"{100 * share:.1f} %"

"""Model card in Markdown: description, accuracy, data, training and limits of a model."""

import csv
import json
import re
from collections.abc import Mapping
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.exchange import licences
from kwspipe.labels import SILENCE, UNKNOWN, is_keyword, keywords_of
from kwspipe.runs.metrics_content import FORMS, total_rows
from kwspipe.terminal.numbers import percent

RESERVED_LABEL = re.compile(rf"{UNKNOWN}|{SILENCE}")


def render(files: Mapping[str, bytes]) -> str:
    """Returns the model card of a run.

    Args:
        files: content of the files of the run, by their names in an archive.
    """
    config = yaml.safe_load(files["config.yaml"])
    labels = files["quantize/labels.txt"].decode().splitlines()
    prepared = _json(files, "prepare/summary.json")
    metrics = _json(files, "evaluate/metrics.json")
    profile = list(csv.DictReader(files["quantize/profile.csv"].decode().splitlines()))
    trained = "train/history.csv" in files
    return _template().render(
        name=config["name"],
        archive=f"{config['name']}.kwspipe.zip",
        synthetic=prepared["synthetic"] if prepared else None,
        synthetic_training=sum(prepared.get("synthetic_training_clips", {}).values()),
        words=keywords_of(labels),
        labels=labels,
        macs=f"{sum(int(row['multiply_accumulates']) for row in profile):,}",
        adopted=_json(files, "quantize/summary.json").get("adopted"),
        input=_input(config["frontend"]),
        sizes=_sizes(files, profile),
        figures=_figures(metrics, prepared) if metrics else {"clips": 0, "streaming": []},
        trained=trained,
        data=_data(prepared, trained),
        training=_training(files, config)
        if trained
        else ["not in this run; the origin of the model is given above"],
    )


def _template() -> Any:
    environment = Environment(  # no escaping, because the output is Markdown
        loader=PackageLoader("kwspipe.exchange"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("model_card.md.j2")


def _json(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """Returns the content of a JSON file; an empty mapping if it does not exist."""
    return json.loads(files[name]) if name in files else {}


def _input(settings: Mapping[str, Any]) -> str:
    front_end = FrontEnd(FrontendConfig(**settings))
    length_ms, rate_hz = settings["sample_length_ms"], settings["sample_rate_hz"]
    return (
        f"{length_ms} ms of audio at {rate_hz} Hz, as {front_end.num_frames} frames "
        f"of {front_end.num_channels} log-mel channels"
    )


def _sizes(files: Mapping[str, bytes], profile: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Returns the table of file sizes, instructions and memory: (name, value with unit)."""
    sizes = [
        (".tflite", f"{len(files['quantize/model.tflite']):,} bytes"),
        ("model image", f"{len(files['quantize/model.kws']):,} bytes"),
    ]
    if profile and all(row["instructions"] for row in profile):
        instructions = sum(int(row["instructions"]) for row in profile)
        sizes.append(("one inference", f"{instructions:,} instructions (emulated Cortex-M33)"))
    for member in sorted(name for name in files if name.startswith("deploy/")):
        deployed = _json(files, member)
        sizes.append((f"memory on {deployed['board']}", f"{deployed['memory_bytes']:,} bytes"))
    return sizes


def _figures(metrics: Mapping[str, Any], prepared: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values of the section on accuracy, formatted as text."""
    kinds = [kind for kind in FORMS if kind in metrics]
    parity = metrics.get("parity")
    totals = [
        (RESERVED_LABEL.sub(r"`\g<0>`", title), [percent(share) for share in shares])
        for title, shares in total_rows(metrics, kinds)
    ]
    return {
        "clips": metrics["int8"]["clips"],
        "speakers": prepared.get("speakers", {}).get("testing"),
        "kinds": kinds,
        "totals": totals,
        "classes": _classes(metrics["int8"]["per_class"]),
        "parity": parity
        and f"The outputs of the device code equal those of the reference kernels on {parity['equal']} of "
        f"{parity['clips']} clips.",
        "streaming": _streaming(metrics.get("streaming")),
    }


def _classes(per_class: Mapping[str, Any]) -> list[tuple[str, int, str, str]]:
    """Returns the table of classes: (label, clips, recall, precision)."""
    return [
        (
            label if is_keyword(label) else f"`{label}`",
            row["clips"],
            percent(row["recall"]),
            percent(row["precision"]),
        )
        for label, row in per_class.items()
    ]


def _streaming(streaming: Mapping[str, Any] | None) -> list[str]:
    """Returns one line per number of the streaming evaluation."""
    if not streaming:
        return []
    numbers = {key: value for key, value in streaming.items() if isinstance(value, int | float)}
    return [f"{key.replace('_', ' ')}: {value:.4g}" for key, value in numbers.items()]


def _data(prepared: Mapping[str, Any], trained: bool) -> list[str]:
    """Returns the lines on source, licence, splits and speakers."""
    if not prepared:
        return ["not recorded"]
    source = prepared["source_used"]
    lines = [f"source: {source}", f"licence: {licences.source_licence(source)}"]
    if not trained:
        lines.append("the training data of the model is not recorded; the test clips are from this source")
    for split in ("training", "validation", "testing") if trained else ("testing",):
        counts = {label: row[split] for label, row in prepared["counts"].items()}
        listed = ", ".join(f"{label} {count}" for label, count in counts.items())
        speakers = prepared["speakers"][split]
        lines.append(f"{split}: {sum(counts.values()):,} clips of {speakers:,} speakers ({listed})")
    return [*lines, "no speaker is in two splits"] if trained else lines


def _training(files: Mapping[str, bytes], config: Mapping[str, Any]) -> list[str]:
    """Returns the lines on the start, the length and the augmentation of the training."""
    epochs = len(files["train/history.csv"].decode().splitlines()) - 1
    checkpoint = _json(files, "train/transfer.json").get("checkpoint")
    return [
        f"started from {licences.describe_checkpoint(checkpoint) if checkpoint else 'random weights'}",
        f"{epochs} epochs with batches of {config['train']['batch_size']}, seed {config['seed']}; "
        f"weights of the best epoch by {config['train']['monitor']}",
        "augmentation: " + (", ".join(step["name"] for step in config["augment"]["transforms"]) or "none"),
    ]

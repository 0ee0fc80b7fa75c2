"""report.html: one page about a run, composed of the outputs of its stages."""

from pathlib import Path
from typing import Any

from kwspipe import __version__
from kwspipe.config import FrontendConfig, ReportConfig
from kwspipe.files.hashing import text_hash
from kwspipe.metrics.few_clips import few_clips
from kwspipe.metrics.share_interval import GOOD, POOR
from kwspipe.metrics.training_plot import MONITORS
from kwspipe.report import (
    accuracy,
    device,
    formatting,
    hard_negatives,
    mistakes,
    page,
    provenance,
    stream_section,
)
from kwspipe.report.charts import curves
from kwspipe.report.charts.matrix import confusion
from kwspipe.report.run_contents import RunContents, digest, read
from kwspipe.runs.artifacts import code_hash

REPORT = "report.html"
DIGEST = '<meta name="kwspipe-digest" content="{}">'
HEAD_BYTES = 1000  # the digest is within this number of bytes from the start of the page


def refresh(run_dir: Path, settings: ReportConfig) -> bool:
    """Writes ``report.html`` of an evaluated run if the page is missing or older than the contents of the run.

    Deletes the page if the evaluated model has been replaced and not evaluated since.

    Args:
        run_dir: the run directory.
        settings: extent of the page.

    Returns:
        Whether the page was written.

    Raises:
        KwspipeError: a file of the run is damaged.
    """
    run = read(run_dir)
    path = run_dir / REPORT
    if run.metrics is None:
        path.unlink(missing_ok=True)
        return False
    content = _content_digest(run_dir, settings)
    if _has_digest(path, content):
        return False
    page.write(path, compose(run, settings, content))
    return True


def is_current(run_dir: Path, settings: ReportConfig) -> bool:
    """Returns whether ``report.html`` shows the contents of the run, or is absent if the run has no evaluation.

    Raises:
        KwspipeError: a file of the run is damaged.
    """
    path = run_dir / REPORT
    if not path.exists():
        return read(run_dir).metrics is None
    # The digest covers the manifests. A page with the present digest was written from the present evaluation.
    return _has_digest(path, _content_digest(run_dir, settings))


def _content_digest(run_dir: Path, settings: ReportConfig) -> str:
    return text_hash("\n".join([digest(run_dir), repr(settings), code_hash(), page.templates_hash()]))


def _has_digest(path: Path, content: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return DIGEST.format(content).encode() in file.read(HEAD_BYTES)


def compose(run: RunContents, settings: ReportConfig, content: str = "") -> str:
    """Returns the page.

    Args:
        run: contents of an evaluated run.
        settings: extent of the page.
        content: digest of the contents, which ``refresh`` compares.
    """
    assert run.metrics is not None
    return page.render(
        "run.html.j2",
        digest=content,
        version=__version__,
        name=run.config.get("name") or run.run_dir.name,
        labels=run.labels,
        summary=run.summary,
        counts=hard_negatives.clip_counts(run.summary) if run.summary else None,
        transfer=run.transfer,
        imported_from=run.imported_from,
        **_evaluation(run, run.metrics),
        boards=[_board(name, board) for name, board in run.boards.items()],
        profile=device.profile(run),
        mistakes=_mistakes(run, settings),
        stages=provenance.stages(run),
        origins=provenance.origins(run),
        packages=provenance.packages(),
        configuration=provenance.configuration(run),
        outdated=run.outdated,
    )


def _evaluation(run: RunContents, metrics: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of the template that depend on evaluate."""
    forms, totals = accuracy.totals(run)
    return {
        "num_tested": metrics["int8"]["clips"],
        "data": metrics.get("data", {}),
        "tiles": accuracy.tiles(run),
        "per_class": accuracy.per_class(run),
        "poor": POOR,
        "good": GOOD,
        "few_clips": few_clips(metrics)[1],
        "forms": forms,
        "totals": totals,
        "confusion": confusion(metrics["int8"]["confusion"], run.labels),
        "confusions": accuracy.confusions(run),
        "charts": {"roc": _roc(run), "reliability": _reliability(metrics), "training": _training(run)},
        "agreement": accuracy.agreement(run),
        "parity": metrics.get("parity"),
        "streams": stream_section.section(metrics["streaming"]) if metrics.get("streaming") else None,
        "hard_negatives": hard_negatives.rejection(run),
    }


def _board(name: str, board: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "memory": device.memory(board),
        "measurements": device.measurements(board),
        "parity": board.get("parity"),
    }


def _roc(run: RunContents) -> dict[str, Any] | None:
    if run.scores is None:
        return None
    targets = run.scores["targets"]
    found = curves.roc_curves(targets, run.scores["int8"], run.labels)
    if not found:
        return None
    legend = [(curves.colour(rank), label, area) for rank, (label, _, _, area) in enumerate(found)]
    return {"svg": curves.roc(found, len(targets)), "legend": legend}


def _reliability(metrics: dict[str, Any]) -> dict[str, Any] | None:
    calibration = {
        form: metrics[form]["calibration"]
        for form in ("float", "int8")
        if metrics.get(form, {}).get("calibration")
    }
    if "int8" not in calibration:
        return None
    return {
        "svg": curves.reliability(calibration["int8"]["bins"]),
        "error": {form: values["expected_calibration_error"] for form, values in calibration.items()},
    }


def _training(run: RunContents) -> dict[str, Any] | None:
    """Returns the charts of the training history. Epochs are counted from 1."""
    if run.history is None:
        return None
    rows, selected, monitor = run.history.rows, run.history.selected, run.history.monitor
    value = rows[selected][monitor]
    epochs = [int(row["epoch"]) + 1 for row in rows]
    columns = {"training": "accuracy", "validation": "val_accuracy", "balanced": "val_balanced_accuracy"}
    shares = {style: [row[name] for row in rows] for style, name in columns.items() if name in rows[0]}
    losses = {
        style: [row[name] for row in rows]
        for style, name in (("training", "loss"), ("validation", "val_loss"))
    }
    return {
        "accuracy": curves.training(epochs, shares, selected, "accuracy (%)", percent=True),
        "loss": curves.training(epochs, losses, selected, "loss", percent=False),
        "balanced": "balanced" in shares,
        "selected": epochs[selected],
        "monitor": MONITORS.get(monitor, monitor),
        "value": f"{value:.3f}" if monitor == "val_loss" else formatting.percent(value),
    }


def _mistakes(run: RunContents, settings: ReportConfig) -> list[mistakes.Group]:
    frontend = run.manifests["evaluate"]["config"]["frontend"]
    return mistakes.groups(run, FrontendConfig(**frontend), settings.max_mistakes)

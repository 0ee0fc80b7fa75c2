"""report.html: a run on one page, from whatever its stages have left."""

from pathlib import Path
from typing import Any

from kwspipe import __version__
from kwspipe.config import FrontendConfig, ReportConfig
from kwspipe.files.hashing import text_hash
from kwspipe.report import device, mistakes, page, provenance, results, streams
from kwspipe.report.charts import curves
from kwspipe.report.charts.matrix import confusion
from kwspipe.report.facts import RunFacts, digest, read
from kwspipe.runs.artifacts import code_hash

REPORT = "report.html"
DIGEST = '<meta name="kwspipe-digest" content="{}">'
# The digest stands within so many bytes from the start of the page.
HEAD_BYTES = 1000


def refresh(run_dir: Path, settings: ReportConfig) -> bool:
    """Writes ``report.html`` where a run has been evaluated and the page is missing or older than what it shows.

    Where what was evaluated has been replaced since, there is nothing to tell, and the page goes.

    Args:
        run_dir: of the run.
        settings: how much the page shows.

    Returns:
        Whether it was written.

    Raises:
        KwspipeError: a file of the run is damaged.
    """
    facts = read(run_dir)
    path = run_dir / REPORT
    if facts.metrics is None:
        path.unlink(missing_ok=True)  # the page shows a model that no longer exists
        return False
    content = _content_digest(run_dir, settings)
    if _has_digest(path, content):
        return False
    page.write(path, compose(facts, settings, content))
    return True


def is_current(run_dir: Path, settings: ReportConfig) -> bool:
    """Returns whether ``report.html`` shows the run as it is; without an evaluation, whether there is no page.

    Raises:
        KwspipeError: a file of the run is damaged.
    """
    path = run_dir / REPORT
    if read(run_dir).metrics is None:
        return not path.exists()
    return _has_digest(path, _content_digest(run_dir, settings))


def _content_digest(run_dir: Path, settings: ReportConfig) -> str:
    return text_hash("\n".join([digest(run_dir), repr(settings), code_hash(), page.templates_hash()]))


def _has_digest(path: Path, content: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return DIGEST.format(content).encode() in file.read(HEAD_BYTES)


def compose(facts: RunFacts, settings: ReportConfig, content: str = "") -> str:
    """Returns the page.

    Args:
        facts: of an evaluated run.
        settings: how much the page shows.
        content: digest of what it shows, to be found again by ``refresh``.
    """
    assert facts.metrics is not None
    return page.render(
        "run.html.j2",
        digest=content,
        version=__version__,
        name=facts.config.get("name") or facts.run_dir.name,
        labels=facts.labels,
        summary=facts.summary,
        transfer=facts.transfer,
        adopted=facts.adopted,
        epochs=len(facts.history[0]) if facts.history else None,
        **_measured(facts, facts.metrics),
        boards=[_board(name, board) for name, board in facts.boards.items()],
        profile=device.profile(facts),
        mistakes=_mistakes(facts, settings),
        stages=provenance.stages(facts),
        origins=provenance.origins(facts),
        packages=provenance.packages(),
        configuration=provenance.configuration(facts),
        outdated=facts.outdated,
    )


def _measured(facts: RunFacts, metrics: dict[str, Any]) -> dict[str, Any]:
    """What evaluate measured, by the template's names."""
    kinds, totals = results.totals(facts)
    return {
        "num_tested": metrics["int8"]["clips"],
        "data": metrics.get("data", {}),
        "tiles": results.tiles(facts),
        "per_class": results.per_class(facts),
        "kinds": kinds,
        "totals": totals,
        "confusion": confusion(metrics["int8"]["confusion"], facts.labels),
        "confusions": results.confusions(facts),
        "charts": _charts(facts),
        "agreement": results.agreement(facts),
        "parity": metrics.get("parity"),
        "streams": streams.section(metrics["streaming"]) if metrics.get("streaming") else None,
        "hard_negatives": results.hard_negatives(facts),
    }


def _board(name: str, board: dict[str, Any]) -> dict[str, Any]:
    """What deploy measured on a board."""
    return {
        "name": name,
        "memory": device.memory(board),
        "facts": device.board_facts(board),
        "parity": board.get("parity"),
    }


def _charts(facts: RunFacts) -> dict[str, Any]:
    """The charts of what was measured, by name, with what their texts need."""
    charts: dict[str, Any] = {"roc": None, "reliability": None, "training": None}
    metrics = facts.metrics or {}
    if facts.scores is not None:
        found = curves.roc_curves(facts.scores["targets"], facts.scores["int8"], facts.labels)
        if found:
            keys = [(curves.colour(place), label, area) for place, (label, _, _, area) in enumerate(found)]
            charts["roc"] = {"svg": curves.roc(found, len(facts.scores["targets"])), "keys": keys}
    calibration = metrics.get("int8", {}).get("calibration")
    if calibration:
        charts["reliability"] = {
            "svg": curves.reliability(calibration["bins"]),
            "error": {
                kind: metrics[kind]["calibration"]["expected_calibration_error"]
                for kind in ("float", "int8")
                if "calibration" in metrics.get(kind, {})
            },
        }
    return charts | _training(facts)


def _training(facts: RunFacts) -> dict[str, Any]:
    if facts.history is None:
        return {}
    rows, kept = facts.history
    epochs = [row["epoch"] for row in rows]
    columns = {"training": "accuracy", "validation": "val_accuracy", "balanced": "val_balanced_accuracy"}
    shares = {style: [row[name] for row in rows] for style, name in columns.items() if name in rows[0]}
    losses = {
        style: [row[name] for row in rows]
        for style, name in (("training", "loss"), ("validation", "val_loss"))
    }
    monitor = facts.manifests["train"]["config"]["train"]["monitor"]
    return {
        "training": {
            "accuracy": curves.training(epochs, shares, kept, "accuracy (%)", percent=True),
            "loss": curves.training(epochs, losses, kept, "loss", percent=False),
            "balanced": "balanced" in shares,
            "kept": epochs[kept],
            "monitor": monitor,
            "value": rows[kept][monitor],
        }
    }


def _mistakes(facts: RunFacts, settings: ReportConfig) -> list[mistakes.Group]:
    frontend = facts.manifests["evaluate"]["config"]["frontend"]
    return mistakes.groups(facts, FrontendConfig(**frontend), settings.max_mistakes)

"""Report of a transfer: loaded and skipped layers, in transfer.json and in the log."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from kwspipe.terminal.lines import INDENT, print_line


@dataclass(frozen=True)
class TransferReport:
    """The layers that were loaded from a checkpoint, and the reasons why others were skipped.

    Attributes:
        checkpoint: file name of the checkpoint; None for training from scratch.
        loaded: names of the layers whose weights were set.
        skipped: reason by layer name, for layers of the model that keep their initial weights.
        unused: names of the checkpoint's layers that the model does not have.
        frozen: names of the layers that are not trained.
        words: classes whose outputs were copied, if the checkpoint has other classes or another order.
        other_features: front-end settings that differ between checkpoint and configuration, as (value of the
            checkpoint, value of the configuration) by name.
    """

    checkpoint: str | None
    loaded: tuple[str, ...]
    skipped: dict[str, str]
    unused: tuple[str, ...]
    frozen: tuple[str, ...]
    words: tuple[str, ...] = ()
    other_features: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def as_mapping(self) -> dict[str, Any]:
        """Returns the content of transfer.json."""
        return asdict(self)


def print_report(report: TransferReport) -> None:
    """Prints the report on standard error: counts, then a line per skipped layer with its name and reason."""
    if report.checkpoint is None:
        print_line("from scratch: no weights were loaded")
        return
    total = len(report.loaded) + len(report.skipped)
    counts = f"{len(report.loaded)} of {total} layers loaded, {len(report.skipped)} skipped"
    print_line(f"from {report.checkpoint}: {counts}")
    details = [(f"{name} skipped: {reason}", "") for name, reason in report.skipped.items()]
    for name, (trained, configured) in report.other_features.items():
        details.append(
            (f"the checkpoint was trained with frontend.{name}={trained}, not {configured}", "yellow")
        )
    if set(report.other_features) - {"sample_length_ms"}:  # features of longer clips are the same per frame
        advice = (
            "with other features, the checkpoint helps little: use its front-end settings, or transfer=none"
        )
        details.append((advice, "yellow"))
    if report.words:
        details.append((f"outputs copied for the classes: {' '.join(report.words)}", ""))
    if report.frozen:
        details.append((f"frozen: {json.dumps(report.frozen)}", ""))
    for text, style in details:
        print_line(text, style, INDENT + 2)

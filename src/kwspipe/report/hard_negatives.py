"""Hard negatives in the report: numbers of clips and rejected shares by kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kwspipe.dataset.clip_kinds import HARD, HARD_SILENCE, HARD_UNKNOWN
from kwspipe.dataset.recordings import SPLITS
from kwspipe.labels import SILENCE, UNKNOWN
from kwspipe.metrics.share_interval import wilson_interval
from kwspipe.report.run_contents import RunContents
from kwspipe.runs.metrics_content import FORMS

DESCRIPTIONS = {
    "partial": "beginning of a keyword",
    "ending": "end of a keyword",
    "several": "several other words",
    "babble": "several speakers at the same time",
    "near_miss": "words similar to a keyword",
    "speech": "speech without keywords",
    "mined": "false accepts of an earlier model",
    "colour": "white, pink or other coloured noise",
    "click": "clicks",
    "level": "noise at another level",
}
LABELS = dict.fromkeys(HARD_UNKNOWN, UNKNOWN) | dict.fromkeys(HARD_SILENCE, SILENCE)
Counts = Mapping[str, int]  # number of clips by split


@dataclass(frozen=True)
class RejectedKind:
    """Rejection of one kind of hard negatives.

    Attributes:
        name: name of the kind, with spaces.
        description: content of the clips.
        clips: number of test clips; None for runs of releases that did not record it.
        shares: share of the clips not classified as a keyword, per measured form of the model.
        bounds: 95 % interval of the share of int8.
    """

    name: str
    description: str
    clips: int | None
    shares: list[float | None]
    bounds: tuple[float, float] | None


def rejection(run: RunContents) -> tuple[list[str], list[RejectedKind]]:
    """Returns the measured forms of the model, and the rejection of each kind of hard negatives."""
    assert run.metrics is not None
    metrics = run.metrics
    forms = [form for form in FORMS if "rejected" in metrics.get(form, {})]
    counts = (run.summary or metrics.get("data", {})).get("hard_negatives", {})
    rows = []
    for kind in sorted({kind for form in forms for kind in metrics[form]["rejected"]} & HARD):
        clips = counts.get(kind, {}).get("testing")
        share = metrics.get("int8", {}).get("rejected", {}).get(kind)
        shares = [metrics[form]["rejected"].get(kind) for form in forms]
        bounds = wilson_interval(share, clips or 0)
        rows.append(RejectedKind(kind.replace("_", " "), DESCRIPTIONS[kind], clips, shares, bounds))
    return forms, rows


def clip_counts(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the numbers of clips for the data section.

    Args:
        summary: summary.json of prepare. Its counts of ``_unknown_`` and ``_silence_`` include hard negatives.

    Returns:
        ``classes``: label and counts without hard negatives. ``hard``: class, kind, description and counts of the hard
        negatives. ``totals``: counts of all clips.
    """
    hard = {
        kind: counts for kind, counts in summary.get("hard_negatives", {}).items() if any(counts.values())
    }
    included = {
        label: {split: sum(c[split] for kind, c in hard.items() if LABELS[kind] == label) for split in SPLITS}
        for label in (UNKNOWN, SILENCE)
    }
    classes = [
        (label, {split: counts[split] - included.get(label, {}).get(split, 0) for split in SPLITS})
        for label, counts in summary["counts"].items()
    ]
    return {
        "classes": classes,
        "hard": [
            (LABELS[kind], kind.replace("_", " "), DESCRIPTIONS[kind], hard[kind])
            for kind in LABELS
            if kind in hard
        ],
        "totals": {split: sum(counts[split] for counts in summary["counts"].values()) for split in SPLITS},
    }

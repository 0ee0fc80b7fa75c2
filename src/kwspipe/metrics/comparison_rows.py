"""Rows of a comparison of runs: shares by clip, accuracy by form, metrics of streams, and sizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kwspipe.labels import SILENCE, UNKNOWN, is_keyword
from kwspipe.metrics.evaluated_run import EvaluatedRun
from kwspipe.metrics.predictions import Prediction
from kwspipe.metrics.share_interval import wilson_interval
from kwspipe.runs.metrics_content import FORMS, TOTALS

Interval = tuple[float, float]
# Metric of the streams that has an interval, and the key of the interval in metrics.json.
STREAM_INTERVALS = {
    "false_accepts_per_hour": "false_accepts_interval",
    "false_reject_rate": "false_reject_interval",
}


@dataclass(frozen=True)
class ClipShare:
    """A share of clips.

    Attributes:
        name: title in the tables.
        counts: returns whether clips of a label are counted.
        succeeds: returns whether the prediction of a clip is a success.
    """

    name: str
    counts: Callable[[str], bool]
    succeeds: Callable[[Prediction], bool]


def _rejects(prediction: Prediction) -> bool:
    return not is_keyword(prediction.predicted)


SHARES = (
    ClipShare(TOTALS["accuracy"], lambda _: True, lambda prediction: prediction.correct),
    ClipShare(TOTALS["words_accuracy"], is_keyword, lambda prediction: prediction.correct),
    ClipShare(TOTALS["unknown_rejected"], UNKNOWN.__eq__, _rejects),
    ClipShare(TOTALS["silence_rejected"], SILENCE.__eq__, _rejects),
)


@dataclass(frozen=True)
class Row:
    """A metric of all runs.

    Attributes:
        section: section of the table.
        figure: name of the metric.
        values: (runs,) None for a run without this metric.
        is_share: whether the values are shares from 0 to 1, which tables show in percent.
        intervals: (runs,) 95 % interval of each value, None if it has none. Empty if no value has one.
    """

    section: str
    figure: str
    values: tuple[float | None, ...]
    is_share: bool = False
    intervals: tuple[Interval | None, ...] = ()


def rows(runs: Sequence[EvaluatedRun], clips: Sequence[str], same_clips: bool) -> list[Row]:
    """Returns the rows of the table.

    Args:
        runs: the runs.
        clips: the common clips, by which the shares are computed.
        same_clips: whether all runs were evaluated on these clips only.
    """
    return [*_clip_rows(runs, clips), *_form_rows(runs, same_clips), *_other_rows(runs)]


def _clip_rows(runs: Sequence[EvaluatedRun], clips: Sequence[str]) -> list[Row]:
    """Returns shares and recalls of the int8 models on the compared clips."""
    labels = dict.fromkeys(label for run in runs for label in run.labels)
    recalls = [ClipShare(label, label.__eq__, lambda prediction: prediction.correct) for label in labels]
    return [
        _share_row(section, share.name, [_share(run, clips, share) for run in runs])
        for section, shares in (("share of, int8", SHARES), ("recall, int8", recalls))
        for share in shares
    ]


def _share_row(section: str, figure: str, shares: Sequence[tuple[float | None, int]]) -> Row:
    """Returns the row of shares, each with the number of clips."""
    intervals = tuple(wilson_interval(share, clips) for share, clips in shares)
    return Row(section, figure, tuple(share for share, _ in shares), is_share=True, intervals=intervals)


def _share(run: EvaluatedRun, clips: Sequence[str], share: ClipShare) -> tuple[float | None, int]:
    predictions = [run.predictions[clip] for clip in clips]
    successes = [share.succeeds(one) for one in predictions if share.counts(one.label)]
    return (sum(successes) / len(successes) if successes else None), len(successes)


def _form_rows(runs: Sequence[EvaluatedRun], same_clips: bool) -> list[Row]:
    section = "accuracy" if same_clips else "accuracy, each on its own clips"
    forms = [form for form in FORMS if any(form in run.metrics for run in runs)]
    return [
        _share_row(
            section,
            form,
            [(run.metrics.get(form, {}).get("accuracy"), len(run.predictions)) for run in runs],
        )
        for form in forms
    ]


def _other_rows(runs: Sequence[EvaluatedRun]) -> list[Row]:
    streaming = [run.streaming for run in runs]
    found = []
    for section, tables in (("streams", streaming), ("device", [run.sizes for run in runs])):
        for figure in dict.fromkeys(name for table in tables for name in table):
            intervals = _stream_intervals(runs, figure) if figure in STREAM_INTERVALS else ()
            values = tuple(table.get(figure) for table in tables)
            found.append(Row(section, figure, values, intervals=intervals))
    return found


def _stream_intervals(runs: Sequence[EvaluatedRun], figure: str) -> tuple[Interval | None, ...]:
    bounds = [(run.metrics.get("streaming") or {}).get(STREAM_INTERVALS[figure]) for run in runs]
    return tuple((pair[0], pair[1]) if pair else None for pair in bounds)

"""Comparison of runs: metrics on the same clips, in streams and on the device, with significance tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kwspipe.errors import KwspipeError
from kwspipe.labels import SILENCE, UNKNOWN, is_keyword
from kwspipe.metrics import significance
from kwspipe.metrics.evaluated_run import EvaluatedRun
from kwspipe.metrics.predictions import Prediction
from kwspipe.metrics.significance import Paired
from kwspipe.runs.metrics_content import FORMS, TOTALS


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
    """

    section: str
    figure: str
    values: tuple[float | None, ...]
    is_share: bool = False


@dataclass(frozen=True)
class Verdict:
    """The significance test of one share between a run and the first run.

    Attributes:
        run: name of the run.
        share: name of the share.
        paired: number of clips by outcome.
        interval: 95 % interval of the difference.
        p_value: p-value of the exact McNemar test, corrected for the number of tests.
        significant: whether the p-value is below the significance level.
    """

    run: str
    share: str
    paired: Paired
    interval: tuple[float, float]
    p_value: float
    significant: bool

    @property
    def text(self) -> str:
        """The result of the test, as the tables show it."""
        if not self.significant:
            return "no difference shown"
        return "better" if self.paired.difference > 0 else "worse"


@dataclass(frozen=True)
class Comparison:
    """The tables of a comparison.

    Attributes:
        runs: names of the runs.
        rows: metrics, grouped by section.
        verdicts: significance tests of all runs but the first.
        notes: limits of the comparison, such as excluded clips.
    """

    runs: tuple[str, ...]
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = field(default=())


def compare(runs: Sequence[EvaluatedRun], common_only: bool, alpha: float) -> Comparison:
    """Compares runs with the first one.

    Args:
        runs: two or more runs.
        common_only: if the runs have different clips, compares them on their common clips.
        alpha: significance level.

    Raises:
        KwspipeError: the runs have different clips and ``common_only`` is False, or they have no common clip.
    """
    clips, notes = _shared_clips(runs, common_only)
    same_clips = not notes
    verdicts = _verdicts(runs, clips, alpha)
    notes += [
        f"{len(clips) - verdict.paired.clips} clips have another label in {verdict.run} than in {runs[0].name} "
        "and are excluded from the significance test"
        for verdict in verdicts
        if verdict.share == SHARES[0].name and verdict.paired.clips < len(clips)
    ]
    rows = [*_clip_rows(runs, clips), *_form_rows(runs, same_clips), *_other_rows(runs)]
    return Comparison(tuple(run.name for run in runs), tuple(rows), verdicts, tuple(notes))


def _shared_clips(runs: Sequence[EvaluatedRun], common_only: bool) -> tuple[list[str], list[str]]:
    sets = [set(run.predictions) for run in runs]
    common = set.intersection(*sets)
    if all(clips == common for clips in sets):
        return sorted(common), []
    counts = ", ".join(f"{run.name} {len(run.predictions)}" for run in runs)
    if not common or not common_only:
        raise KwspipeError(
            "compare.runs",
            f"runs evaluated on different clips ({counts}; {len(common)} in common)",
            "the same clips" if not common else "the same clips, or compare.clips=common",
            "evaluate the runs on the same data"
            + (
                f", or compare them on the {len(common)} common clips: compare.clips=common" if common else ""
            ),
        )
    return sorted(common), [f"compared on the {len(common)} common clips (of {counts})"]


def _verdicts(runs: Sequence[EvaluatedRun], clips: Sequence[str], alpha: float) -> tuple[Verdict, ...]:
    pairs = [
        (run.name, share.name, pair)
        for run in runs[1:]
        for share in SHARES
        if (pair := _pair(runs[0], run, clips, share)).clips
    ]
    p_values = significance.holm([significance.mcnemar(pair) for *_, pair in pairs])
    return tuple(
        Verdict(run, share, pair, significance.difference_interval(pair), p_value, p_value < alpha)
        for (run, share, pair), p_value in zip(pairs, p_values, strict=True)
    )


def _pair(first: EvaluatedRun, second: EvaluatedRun, clips: Sequence[str], share: ClipShare) -> Paired:
    pairs = [(first.predictions[clip], second.predictions[clip]) for clip in clips]
    counted = [(one, other) for one, other in pairs if one.label == other.label and share.counts(one.label)]
    outcomes = [(share.succeeds(one), share.succeeds(other)) for one, other in counted]
    return Paired(len(outcomes), outcomes.count((True, False)), outcomes.count((False, True)))


def _clip_rows(runs: Sequence[EvaluatedRun], clips: Sequence[str]) -> list[Row]:
    """Returns shares and recalls of the int8 models on the compared clips."""
    labels = dict.fromkeys(label for run in runs for label in run.labels)
    recalls = [ClipShare(label, label.__eq__, lambda prediction: prediction.correct) for label in labels]
    return [
        Row(section, share.name, tuple(_share(run, clips, share) for run in runs), is_share=True)
        for section, shares in (("share of, int8", SHARES), ("recall, int8", recalls))
        for share in shares
    ]


def _share(run: EvaluatedRun, clips: Sequence[str], share: ClipShare) -> float | None:
    predictions = [run.predictions[clip] for clip in clips]
    successes = [share.succeeds(one) for one in predictions if share.counts(one.label)]
    return sum(successes) / len(successes) if successes else None


def _form_rows(runs: Sequence[EvaluatedRun], same_clips: bool) -> list[Row]:
    section = "accuracy" if same_clips else "accuracy, each on its own clips"
    forms = [form for form in FORMS if any(form in run.metrics for run in runs)]
    return [
        Row(section, form, tuple(run.metrics.get(form, {}).get("accuracy") for run in runs), is_share=True)
        for form in forms
    ]


def _other_rows(runs: Sequence[EvaluatedRun]) -> list[Row]:
    streaming = [run.streaming for run in runs]
    rows = []
    for section, tables in (("streams", streaming), ("device", [run.sizes for run in runs])):
        for figure in dict.fromkeys(name for table in tables for name in table):
            rows.append(Row(section, figure, tuple(table.get(figure) for table in tables)))
    return rows

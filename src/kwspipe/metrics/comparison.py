"""Comparison of runs: metrics on the same clips, in streams and on the device, with significance tests."""

from collections.abc import Sequence
from dataclasses import dataclass

from kwspipe.errors import KwspipeError
from kwspipe.metrics import comparison_rows, significance
from kwspipe.metrics.comparison_rows import SHARES, ClipShare, Row
from kwspipe.metrics.evaluated_run import EvaluatedRun
from kwspipe.metrics.significance import Paired


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
        num_clips: number of compared clips.
        alpha: significance level of the tests.
    """

    runs: tuple[str, ...]
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    num_clips: int
    alpha: float


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
    rows = tuple(comparison_rows.rows(runs, clips, same_clips))
    names = tuple(run.name for run in runs)
    return Comparison(names, rows, verdicts, tuple(notes), len(clips), alpha)


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

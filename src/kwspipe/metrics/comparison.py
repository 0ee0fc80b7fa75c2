"""Runs side by side: on the same clips, in streams, on the device; and whether a difference is more than chance."""

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
class Share:
    """What is counted: of the clips whose label fits ``of``, those that are ``good``."""

    name: str
    of: Callable[[str], bool]
    good: Callable[[Prediction], bool]


def _no_word(prediction: Prediction) -> bool:
    return not is_keyword(prediction.predicted)


SHARES = (
    Share(TOTALS["accuracy"], lambda _: True, lambda one: one.right),
    Share(TOTALS["words_accuracy"], is_keyword, lambda one: one.right),
    Share(TOTALS["unknown_rejected"], UNKNOWN.__eq__, _no_word),
    Share(TOTALS["silence_rejected"], SILENCE.__eq__, _no_word),
)


@dataclass(frozen=True)
class Row:
    """A figure of each run: a number, or None where a run does not have it; ``share`` marks shares of 1."""

    section: str
    figure: str
    values: tuple[float | None, ...]
    share: bool = False


@dataclass(frozen=True)
class Verdict:
    """One run held against the first; ``chance`` is corrected for the number of verdicts."""

    run: str
    what: str
    paired: Paired
    interval: tuple[float, float]
    chance: float
    significant: bool

    @property
    def text(self) -> str:
        """The verdict in a word or three."""
        if not self.significant:
            return "no difference shown"
        return "better" if self.paired.difference > 0 else "worse"


@dataclass(frozen=True)
class Comparison:
    """All of it.

    Attributes:
        notes: what a reader has to know, such as clips left out.
    """

    runs: tuple[str, ...]
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = field(default=())


def compare(runs: Sequence[EvaluatedRun], common_only: bool, alpha: float) -> Comparison:
    """Holds runs against the first of them.

    Args:
        runs: two or more.
        common_only: compare on the clips all runs have, where they differ; else that is an error.
        alpha: a difference less likely than this by chance counts.

    Raises:
        KwspipeError: different clips, or none in common.
    """
    clips, notes = _shared_clips(runs, common_only)
    same_test = not notes
    verdicts = _verdicts(runs, clips, alpha)
    notes += [
        f"{len(clips) - verdict.paired.clips} clips have another label in {verdict.run} than in {runs[0].name}: "
        "they are not in the test of significance"
        for verdict in verdicts
        if verdict.what == SHARES[0].name and verdict.paired.clips < len(clips)
    ]
    rows = [*_clip_rows(runs, clips), *_kind_rows(runs, same_test), *_other_rows(runs)]
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
            f"runs judged on different clips ({counts}; {len(common)} in common)",
            "the same clips" if not common else "the same clips, or compare.clips=common",
            "evaluate them on the same data"
            + (f", or compare on the {len(common)} clips they share: compare.clips=common" if common else ""),
        )
    return sorted(common), [f"compared on the {len(common)} clips all runs share (of {counts})"]


def _verdicts(runs: Sequence[EvaluatedRun], clips: Sequence[str], alpha: float) -> tuple[Verdict, ...]:
    pairs = [
        (run.name, share.name, pair)
        for run in runs[1:]
        for share in SHARES
        if (pair := _pair(runs[0], run, clips, share)).clips
    ]
    chances = significance.holm([significance.mcnemar(pair) for *_, pair in pairs])
    return tuple(
        Verdict(run, what, pair, significance.difference_interval(pair), chance, chance < alpha)
        for (run, what, pair), chance in zip(pairs, chances, strict=True)
    )


def _pair(first: EvaluatedRun, second: EvaluatedRun, clips: Sequence[str], share: Share) -> Paired:
    both = [(first.predictions[clip], second.predictions[clip]) for clip in clips]
    alike = [pair for pair in both if pair[0].label == pair[1].label and share.of(pair[0].label)]
    good = [(share.good(one), share.good(other)) for one, other in alike]
    return Paired(len(good), good.count((True, False)), good.count((False, True)))


def _clip_rows(runs: Sequence[EvaluatedRun], clips: Sequence[str]) -> list[Row]:
    """int8, on the compared clips."""
    labels = dict.fromkeys(label for run in runs for label in run.labels)
    recalls = [Share(label, label.__eq__, lambda one: one.right) for label in labels]
    return [
        Row(section, share.name, tuple(_share(run, clips, share) for run in runs), share=True)
        for section, shares in (("share of, int8", SHARES), ("recall, int8", recalls))
        for share in shares
    ]


def _share(run: EvaluatedRun, clips: Sequence[str], share: Share) -> float | None:
    good = [share.good(one) for clip in clips if share.of((one := run.predictions[clip]).label)]
    return sum(good) / len(good) if good else None


def _kind_rows(runs: Sequence[EvaluatedRun], same_test: bool) -> list[Row]:
    section = "accuracy" if same_test else "accuracy, each on its own clips"
    kinds = [kind for kind in FORMS if any(kind in run.metrics for run in runs)]
    return [
        Row(section, kind, tuple(run.metrics.get(kind, {}).get("accuracy") for run in runs), share=True)
        for kind in kinds
    ]


def _other_rows(runs: Sequence[EvaluatedRun]) -> list[Row]:
    streaming = [run.streaming for run in runs]
    rows = []
    for section, tables in (("streams", streaming), ("device", [run.sizes for run in runs])):
        for figure in dict.fromkeys(name for table in tables for name in table):
            rows.append(Row(section, figure, tuple(table.get(figure) for table in tables)))
    return rows

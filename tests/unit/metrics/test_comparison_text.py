"""Text of a comparison of runs: titles, units, intervals and results in words."""

from kwspipe.metrics import comparison_text as text
from kwspipe.metrics.comparison import Comparison, Verdict
from kwspipe.metrics.comparison_rows import Row
from kwspipe.metrics.significance import Paired

ROWS = (
    Row("share of, int8", "all clips correct", (0.5, None), True, ((0.35, 0.65), None)),
    Row("streams", "false_accepts_per_hour", (0.25, 19.4), intervals=((0.0, 2.1), (8.0, 400.0))),
    Row("streams", "threshold", (145, 200)),
    Row("streams", "of a later release", (1.23456, 7)),
    Row("device", "image bytes", (259940, 1000)),
    Row("device", "multiply-accumulates", (1743552, 11564)),
)


def verdict(share: str, difference: int, significant: bool, p_value: float = 0.5) -> Verdict:
    paired = Paired(100, max(-difference, 0), max(difference, 0))
    return Verdict(
        "b", share, paired, (difference / 100 - 0.05, difference / 100 + 0.05), p_value, significant
    )


def test_rows_have_titles_units_and_intervals() -> None:
    comparison = Comparison(("a", "b"), ROWS, (), (), 40, 0.05)
    found = {row.title: row.cells for _, rows in text.sections(comparison) for row in rows}
    assert found == {
        "all clips correct": ("50.0 % (35–65)", "-"),
        "false accepts per hour": ("0.25 (0.00–2.10)", "19 (8.00–400)"),
        "threshold (% of 255)": ("57 %", "78 %"),
        "of a later release": ("1.235", "7"),
        "model image": ("259.9 kB", "1.0 kB"),
        "multiply-accumulates": ("1.74 M", "11,564"),
    }
    assert [title for title, _ in text.sections(comparison)] == [
        "Test clips, int8 model",
        "Streams",
        "Device",
    ]


def test_differences_have_a_sign_and_an_interval() -> None:
    worse = verdict("words", -3, True, 0.0004)
    assert (text.difference(worse), text.difference_range(worse)) == ("−3.0", "−8.0 to +2.0")
    assert text.p_value(worse) == "<0.001" and text.p_value(verdict("words", 0, False)) == "0.500"
    assert text.difference(verdict("words", 0, False)) == "0.0"


def test_results_in_words() -> None:
    verdicts = [verdict("clips", 4, True), verdict("words", -3, True), verdict("silence", 1, False)]
    assert text.conclusion("a", "b", verdicts) == (
        "b is better in clips (+4.0 points) and worse in words (−3.0 points) than a. "
        "No difference is shown in silence."
    )
    assert text.conclusion("a", "b", verdicts[2:]) == "No difference between b and a is shown by these clips."
    explanation = " ".join(text.explanation(Comparison(("a", "b"), (), tuple(verdicts), (), 40, 0.01)))
    assert "corrected for 3 tests" in explanation and "if p is below 0.01" in explanation


def test_letters() -> None:
    assert text.letters(3) == ("A", "B", "C")
    assert text.letters(27)[-1] == "27"

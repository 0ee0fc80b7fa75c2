"""List of misclassified clips: order, limit and the file mistakes.csv."""

import csv

from kwspipe.metrics import mistakes
from support.scored_clips import LABELS, PREDICTED, TARGETS, scores_for


def test_mistakes_are_sorted_by_descending_score(tmp_path):
    scores = scores_for(PREDICTED)
    scores[6] = [0.9, 0.05, 0.03, 0.02]
    paths = [f"{index}.wav" for index in range(8)]
    assert mistakes.write(tmp_path / "mistakes.csv", paths, range(40, 48), TARGETS, scores, LABELS, 10) == 2
    with (tmp_path / "mistakes.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert rows == [
        {
            "rank": "1",
            "path": "6.wav",
            "label": "_unknown_",
            "predicted": "one",
            "score": "0.9000",
            "clip": "46",
        },
        {"rank": "2", "path": "2.wav", "label": "one", "predicted": "two", "score": "0.7000", "clip": "42"},
    ]


def test_number_of_mistakes_is_limited_and_may_be_zero(tmp_path):
    file = tmp_path / "mistakes.csv"
    assert mistakes.write(file, ["a"] * 8, range(8), TARGETS, scores_for(PREDICTED), LABELS, 1) == 2
    assert len(file.read_text().splitlines()) == 2
    assert mistakes.write(file, ["a"] * 8, range(8), TARGETS, scores_for(TARGETS), LABELS, 5) == 0
    assert file.read_text() == "rank,path,label,predicted,score,clip\n"

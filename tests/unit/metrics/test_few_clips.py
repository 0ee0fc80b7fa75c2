"""Rule for few test clips. The tests of pipeline/summary/warnings.py contain further cases."""

from kwspipe.metrics.few_clips import few_clips


def test_only_keywords_and_unknown_words_are_counted() -> None:
    counts = {"yes": 4, "no": 60, "_unknown_": 60, "_silence_": 1}
    int8 = {"per_class": {label: {"clips": clips} for label, clips in counts.items()}}
    metrics = {"int8": int8 | {"words_accuracy": 0.95, "unknown_rejected": 0.95}}
    assert few_clips(metrics) == ({"yes": 4}, "few test clips: yes 4")
    int8["per_class"]["yes"]["clips"] = 5
    assert few_clips(metrics) == ({}, "")

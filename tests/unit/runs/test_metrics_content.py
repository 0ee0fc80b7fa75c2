"""Content of metrics.json."""

from kwspipe.runs.metrics_content import total_rows


def test_total_rows_are_the_totals_and_the_accuracy_in_noise() -> None:
    float_totals = {"accuracy": 0.9, "words_accuracy": 0.8, "unknown_rejected": 0.7, "silence_rejected": None}
    metrics = {
        "float": float_totals,
        "int8": float_totals | {"words_accuracy": 0.75},
        "in_noise": [{"snr_db": 10.0, "int8": {"words_accuracy": 0.6}}],
    }
    assert total_rows(metrics, ("float", "int8")) == [
        ("all clips correct", [0.9, 0.9]),
        ("keywords recognized", [0.8, 0.75]),
        ("_unknown_ rejected", [0.7, 0.7]),
        ("_silence_ rejected", [None, None]),
        ("keywords recognized at 10 dB over noise", [None, 0.6]),
    ]

"""Figures of the summary."""

from typing import Any

import numpy as np
import pytest

from kwspipe.metrics import clips
from kwspipe.pipeline.summary.figures import (
    Figure,
    clip_figures,
    model_text,
    per_hour,
    share_figure,
    stream_figures,
    thresholds_text,
)
from support.scored_clips import LABELS, PREDICTED, TARGETS, scores_for
from support.small_model import small_image
from support.streaming_metrics import streaming_metrics


def metrics_of(float_predicted: list[int], int8_predicted: list[int]) -> dict[str, Any]:
    return {
        "float": clips.measure(TARGETS, scores_for(float_predicted), LABELS),
        "int8": clips.measure(TARGETS, scores_for(int8_predicted), LABELS),
    }


def test_each_share_of_clips_has_an_interval_and_a_number_of_clips() -> None:
    assert clip_figures(metrics_of(PREDICTED, PREDICTED), None) == [
        Figure("keywords recognized", "80.0 %", "38 to 96 %", "of 5 clips"),
        Figure("  lowest: one", "66.7 %", "21 to 94 %", "of 3 clips"),
        Figure("_unknown_ rejected", "66.7 %", "21 to 94 %", "of 3 clips"),
    ]  # there are no clips of _silence_


def test_the_float_model_is_shown_where_it_differs() -> None:
    first = clip_figures(metrics_of(TARGETS, PREDICTED), None)[0]
    assert first.note == "of 5, float 100.0 %"


def test_the_lowest_ratio_in_noise_and_the_keywords_at_an_equal_rejection() -> None:
    targets = np.array([0] * 10 + [2] * 20)
    scores = scores_for([0] * 10 + [2] * 20)
    metrics: dict[str, Any] = {"int8": clips.measure(targets, scores, LABELS)}
    metrics["in_noise"] = [
        {"snr_db": snr_db, "int8": {"words_accuracy": share}} for snr_db, share in ((20.0, 0.9), (10.0, 0.8))
    ]
    figures = clip_figures(metrics, {"targets": targets, "int8": scores})
    assert [(figure.name, figure.value) for figure in figures[:3]] == [
        ("keywords recognized", "100.0 %"),
        ("  10 dB over noise", "80.0 %"),
        ("  at 95 % _unknown_ rejected", "100.0 %"),
    ]


@pytest.mark.parametrize(
    ("share", "number", "style"), [(0.5, 100, "red"), (1.0, 100, "green"), (1.0, 10, ""), (0.5, 4, "")]
)
def test_a_figure_has_a_colour_only_if_its_interval_supports_it(
    share: float, number: int, style: str
) -> None:
    assert share_figure("share", share, number).style == style


def test_figures_of_streams() -> None:
    streaming = streaming_metrics(
        keywords=40, false_reject_interval=(0.5, 0.75), latency_ms={"median": 411.0, "p90": 600.0}
    )
    assert stream_figures(streaming) == [
        Figure("false accepts per hour", "2.6", "0.1 to 14.3", "1 in 0.39 h"),
        Figure("keywords missed", "62.5 %", "50 to 75 %", "of 40 spoken"),
        Figure("latency", "411 ms", "", "90 %: 600 ms"),
    ]
    assert stream_figures(streaming_metrics(false_accepts_per_hour=None, false_reject_rate=None)) == []


def test_thresholds_are_percent_and_the_value_of_the_setting() -> None:
    assert thresholds_text(streaming_metrics()) == "threshold 91 % (detector.detection_threshold=231)"
    assert (
        thresholds_text(streaming_metrics(thresholds={"one": 231, "two": 180}))
        == "thresholds 180 of 255 (71 %) to 231 of 255 (91 %)"
    )


def test_rates() -> None:
    assert [per_hour(rate) for rate in (0.0, 0.54, 19.42, 146.7)] == ["0.0", "0.5", "19.4", "147"]


def test_size_and_cost_of_the_model() -> None:
    image = small_image(7)
    without_board = model_text(None, image, 3_000)
    assert without_board.startswith(f"{len(image):,} bytes of flash, ")
    assert without_board.endswith(" bytes of RAM, 3,000 instructions per inference")
    board = {"slot_bytes": 2 * len(image), "max_memory_bytes": 10**9, "cycles_per_inference": 5_000}
    text = model_text(board, image, 3_000)
    assert f"{len(image):,} bytes of flash (50 % of a model slot)" in text
    assert text.endswith("(0 % of the model memory), 5,000 cycles per inference")

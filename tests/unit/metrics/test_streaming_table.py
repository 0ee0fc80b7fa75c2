"""Terminal table of the streaming metrics."""

import io
from typing import Any

from rich.console import Console

from kwspipe.metrics.streaming_table import print_streaming
from support.streaming_metrics import streaming_metrics


def printed(streaming: dict[str, Any]) -> str:
    """Returns the printed text with single spaces in place of line breaks and padding."""
    stream = io.StringIO()
    print_streaming(streaming, Console(file=stream, width=80))
    return " ".join(stream.getvalue().split())


def test_table_and_false_accepts() -> None:
    text = printed(streaming_metrics())
    assert "│ clean │ 40 │ 17.5 % │ 10.0 to 25.0 % │ 411 ms │ 5.0 % │" in text
    assert "│ 10 dB over noise │ 40 │ - │ - │ - │ - │" in text
    assert (
        "2.6 false accepts per hour (0.1 to 14.3) on 0.39 h of speech without keywords, at threshold 231. "
        "At the configured threshold 145: 190.4 per hour, 20.0 % missed instead of 62.5 %."
    ) in text


def test_different_thresholds_are_shown_as_a_range() -> None:
    text = printed(streaming_metrics(thresholds={"one": 231, "two": 180}, as_given=None))
    assert text.endswith("at thresholds 180 to 231.")


def test_streams_without_keyword_free_audio() -> None:
    text = printed(streaming_metrics(false_accepts_per_hour=None, false_accepts_interval=None))
    assert text.endswith("False accepts were not counted: there is no audio without keywords.")

"""Tests of the text of a threshold."""

from kwspipe.config.threshold_text import threshold_text


def test_a_threshold_is_shown_as_set_and_as_percent() -> None:
    assert threshold_text(145) == "145 of 255 (57 %)"
    assert threshold_text(255) == "255 of 255 (100 %)"

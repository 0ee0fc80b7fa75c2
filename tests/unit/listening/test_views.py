"""Displays of a detection session on a terminal and in a file."""

import io
import re

import numpy as np
from rich.console import Console

from kwspipe.core.spotter import Inference
from kwspipe.listening.session import DetectionRecord
from kwspipe.listening.views import LiveView, PlainView

LABELS = ("one", "three", "_silence_")
DETECTION = DetectionRecord("a[1].wav", 12.345, "one", 187, "one/a_nohash_0.wav")


def test_one_line_per_detection() -> None:
    text = io.StringIO()
    with PlainView(Console(file=text, width=120)) as view:
        view.begin_source("a[1].wav")
        view.show_level(np.zeros(800, np.int16))
        view.show_detection(DETECTION)
        view.show_message("skipped: b[2].wav")
    assert text.getvalue().splitlines() == [
        "       12.35 s  one  score 187 of 255 (73 %)  a[1].wav  -> one/a_nohash_0.wav",
        "    skipped: b[2].wav",
    ]


def test_bars_of_level_and_scores() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    view = LiveView(console, LABELS, (145, 200, 145))
    view.begin_source("microphone")
    view.show_level(np.full(800, 16384, np.int16))
    view.show_scores(Inference(2500, np.array([127, -128, 0], np.int8), None))
    with console.capture() as captured:
        console.print(view.render())
    shown = captured.get()
    plain = Console(file=io.StringIO(), width=100)
    with plain.capture() as captured:
        plain.print(view.render())
    lines = captured.get().splitlines()
    assert lines[0] == "    microphone  2.5 s    Ctrl-C ends it"
    assert lines[1].strip().endswith("-6 dB")
    assert lines[2] == "    one       " + "█" * 40 + " 100 %"
    assert lines[3] == "    three     " + "░" * 40 + "   0 %"
    assert lines[4] == "    _silence_ " + "█" * 20 + "░" * 20 + "  50 %"
    assert "\x1b[7" in shown  # marks of the thresholds


def test_detections_are_printed_above_the_bars() -> None:
    text = io.StringIO()
    with LiveView(Console(file=text, width=100, force_terminal=True), LABELS, (145, 145, 145)) as view:
        view.begin_source("microphone")
        view.show_detection(DETECTION)
    assert "score 187 of 255 (73 %)" in re.sub(r"\x1b\[[0-9;]*m", "", text.getvalue())
    assert text.getvalue().count("\x1b[?25h") == 1  # the cursor is restored

"""What a listener sees, on a terminal and in a file."""

import io

import numpy as np
from rich.console import Console

from kwspipe.core.spotter import Inference
from kwspipe.listening.session import HeardDetection
from kwspipe.listening.views import LiveView, PlainView

LABELS = ("one", "three", "_silence_")
HEARD = HeardDetection("a[1].wav", 12.345, "one", 187, "one/a_nohash_0.wav")


def test_lines() -> None:
    text = io.StringIO()
    with PlainView(Console(file=text, width=120)) as view:
        view.begin("a[1].wav")
        view.level(np.zeros(800, np.int16))
        view.heard(HEARD)
        view.say("left out: b[2].wav")
    assert text.getvalue().splitlines() == [
        "       12.35 s  one  (score 187)  a[1].wav  -> one/a_nohash_0.wav",
        "    left out: b[2].wav",
    ]


def test_bars() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    view = LiveView(console, LABELS, (145, 200, 145))
    view.begin("microphone")
    view.level(np.full(800, 16384, np.int16))
    view.scores(Inference(2500, np.array([127, -128, 0], np.int8), None))
    with console.capture() as captured:
        console.print(view.picture())
    shown = captured.get()
    plain = Console(file=io.StringIO(), width=100)
    with plain.capture() as captured:
        plain.print(view.picture())
    lines = captured.get().splitlines()
    assert lines[0] == "    microphone  2.5 s    Ctrl-C ends it"
    assert lines[1].strip().endswith("-6 dB")
    assert lines[2] == "    one       " + "█" * 40 + " 255"
    assert lines[3] == "    three     " + "░" * 40 + "   0"
    assert lines[4] == "    _silence_ " + "█" * 20 + "░" * 20 + " 128"
    assert "\x1b[7" in shown  # the thresholds' marks


def test_it_opens_and_closes_with_detections_above() -> None:
    text = io.StringIO()
    with LiveView(Console(file=text, width=100, force_terminal=True), LABELS, (145, 145, 145)) as view:
        view.begin("microphone")
        view.heard(HEARD)
    assert "(score 187)" in text.getvalue().replace("\x1b[0m", "").replace("\x1b[1m", "").replace(
        "\x1b[1;36m", ""
    )
    assert text.getvalue().count("\x1b[?25h") == 1  # the cursor is back

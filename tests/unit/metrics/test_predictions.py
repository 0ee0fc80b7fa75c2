"""The file predictions.csv: written predictions are parsed, damaged files are rejected."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.metrics.predictions import Prediction, parse, write

LABELS = ("one", "_silence_")


def test_written_predictions_are_parsed(tmp_path: Path) -> None:
    scores = np.array([[0.75, 0.25], [0.1, 0.9], [0.5, 0.5]])
    write(tmp_path / "p.csv", ["one/a,b.wav", "digital zero", "digital zero"], [0, 1, 1], scores, LABELS)
    text = (tmp_path / "p.csv").read_text()
    assert text.splitlines()[:2] == ["clip,label,predicted,score", '"one/a,b.wav",one,one,0.750000']
    predictions = parse(text, "p.csv")
    assert predictions["one/a,b.wav"] == Prediction("one", "one", 0.75) and predictions["one/a,b.wav"].correct
    assert predictions["digital zero (2)"] == Prediction("_silence_", "one", 0.5)
    assert not predictions["digital zero (2)"].correct


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "list index out of range"),
        ("a,b\n", "columns a, b"),
        ("clip,label,predicted,score\nx,one,one\n", "not enough values"),
        ("clip,label,predicted,score\nx,one,one,high\n", "could not convert"),
        ("clip,label,predicted,score\nx,one,one,1\nx,one,one,1\n", "a clip occurs twice"),
    ],
)
def test_damaged_file_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(KwspipeError) as caught:
        parse(text, "run/predictions.csv")
    assert str(caught.value).startswith(f"run/predictions.csv: damaged: {reason}")
    assert "evaluate that run again" in str(caught.value)

"""predictions.csv: every clip once, back as it was written."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.metrics.predictions import Prediction, parse, write

LABELS = ("one", "_silence_")


def test_it_comes_back(tmp_path: Path) -> None:
    scores = np.array([[0.75, 0.25], [0.1, 0.9], [0.5, 0.5]])
    write(tmp_path / "p.csv", ["one/a,b.wav", "digital zero", "digital zero"], [0, 1, 1], scores, LABELS)
    text = (tmp_path / "p.csv").read_text()
    assert text.splitlines()[:2] == ["clip,label,predicted,score", '"one/a,b.wav",one,one,0.750000']
    found = parse(text, "p.csv")
    assert found["one/a,b.wav"] == Prediction("one", "one", 0.75) and found["one/a,b.wav"].right
    assert found["digital zero (2)"] == Prediction("_silence_", "one", 0.5)
    assert not found["digital zero (2)"].right


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "list index out of range"),
        ("a,b\n", "its columns are a, b"),
        ("clip,label,predicted,score\nx,one,one\n", "not enough values"),
        ("clip,label,predicted,score\nx,one,one,high\n", "could not convert"),
        ("clip,label,predicted,score\nx,one,one,1\nx,one,one,1\n", "a clip is there twice"),
    ],
)
def test_what_is_no_such_table_is_refused(text: str, reason: str) -> None:
    with pytest.raises(KwspipeError) as caught:
        parse(text, "run/predictions.csv")
    assert str(caught.value).startswith(f"run/predictions.csv: it is damaged: {reason}")
    assert "evaluate that run again" in str(caught.value)

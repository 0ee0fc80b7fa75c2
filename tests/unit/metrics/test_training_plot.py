"""Plot of the training."""

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.metrics.training_plot import training_curves
from support.png_pixels import coloured_share

HISTORY = "epoch,learning_rate,loss,accuracy,val_loss,val_accuracy\n1,0.0005,1.2,0.5,1.1,0.6\n"


@pytest.mark.parametrize("text", [HISTORY, HISTORY + "2,0.0004,0.9,0.7,0.8,0.7\n3,0.0003,0.8,0.7,0.9,0.8\n"])
def test_training_curves(tmp_path, text):
    (tmp_path / "history.csv").write_text(text)
    training_curves(tmp_path / "history.csv", "val_accuracy", tmp_path / "training.png")
    assert coloured_share(tmp_path / "training.png") > 0.0003


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read: No such file"),
        ("", "has no epochs"),
        (HISTORY.splitlines()[0], "has no epochs"),
        (HISTORY + "2,0.1", "is damaged: TypeError"),
        (HISTORY.replace("val_loss", "loss2"), "is damaged: no column val_loss"),
        (HISTORY + "2,a,b,c,d,e", "is damaged: ValueError"),
    ],
)
def test_damaged_history_is_rejected(tmp_path, text, problem):
    if text is not None:
        (tmp_path / "history.csv").write_text(text)
    with pytest.raises(KwspipeError) as caught:
        training_curves(tmp_path / "history.csv", "val_accuracy", tmp_path / "training.png")
    assert problem in str(caught.value)
    assert "Allowed: one row per epoch with epoch, loss" in str(caught.value)
    assert not (tmp_path / "training.png").exists()

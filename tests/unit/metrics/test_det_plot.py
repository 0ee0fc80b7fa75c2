"""Plot of the detection error trade-off."""

import struct
from pathlib import Path
from typing import Any

import pytest

from kwspipe.metrics import det_plot
from support.streaming_metrics import streaming_metrics


@pytest.mark.parametrize("values", [{}, {"det": []}, {"as_given": None, "false_reject_rate": None}])
def test_plot_with_missing_metrics(values: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "det.png"
    det_plot.plot(streaming_metrics(**values), file)
    png = file.read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) > (700, 500)
    empty = tmp_path / "empty.png"
    det_plot.plot(streaming_metrics(det=[]), empty)
    assert (empty.read_bytes() == png) == ("det" in values)

"""Output of the stage train without a terminal, and its log."""

import re
from pathlib import Path

from support.tone_runs import train_on_tones

MAX_LOG_LINE = 500  # characters; a dump of a graph node has thousands


def test_each_epoch_is_a_line_and_the_log_has_no_graph_dumps(tmp_path: Path) -> None:
    output = train_on_tones(tmp_path / "run", "train.epochs=2")
    lines = [line.strip() for line in output.splitlines() if line.strip().startswith("epoch ")]
    assert [line.split(":")[0] for line in lines] == ["epoch 1 of 2", "epoch 2 of 2"]
    for line in lines:
        assert re.search(r"loss \d.*validation loss \d.*accuracy \d.*rate \d.* s, ", line)
    log = (tmp_path / "run" / "log.txt").read_text()
    assert "NodeDef" not in log and "Op<name=" not in log
    assert max(map(len, log.splitlines())) < MAX_LOG_LINE

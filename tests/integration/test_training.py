"""Training with and without a teacher: output, resumed trainings, the share of the labels, and the trained network."""

import re
from pathlib import Path

import numpy as np
import pytest

from kwspipe.pipeline.plan import is_finished
from kwspipe.transfer.checkpoint import read_checkpoint
from support.own_process import printed_with_tensorflow
from support.run_folders import composed_config
from support.tone_runs import tone_overrides, train_on_tones

MAX_LOG_LINE = 500  # characters; a dump of a graph node has thousands
EPOCHS = "train.epochs=2"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Returns the directory of a run without a teacher, and its output on standard error."""
    run_dir = tmp_path_factory.mktemp("runs") / "plain"
    return run_dir, train_on_tones(run_dir, EPOCHS)


def test_each_epoch_is_a_line_and_the_log_has_no_graph_dumps(plain: tuple[Path, str]) -> None:
    run_dir, output = plain
    lines = [line.strip() for line in output.splitlines() if line.strip().startswith("epoch ")]
    assert [line.split(":")[0] for line in lines] == ["epoch 1 of 2", "epoch 2 of 2"]
    for line in lines:
        assert re.search(r"loss \d.*validation loss \d.*accuracy \d.*rate \d.* s, ", line)
    log = (run_dir / "log.txt").read_text()
    assert "NodeDef" not in log and "Op<name=" not in log
    assert max(map(len, log.splitlines())) < MAX_LOG_LINE


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return printed_with_tensorflow("resume_with_teacher.py", tmp_path_factory.mktemp("tiny"))


@pytest.mark.timeout(180)
def test_resumed_training_with_a_teacher_ends_with_the_same_weights(measured: dict) -> None:
    assert measured["uninterrupted"] == measured["resumed"]
    assert measured["same_file"]
    first, second = (row["loss"] for row in measured["uninterrupted"])
    assert first > second > 0


@pytest.mark.timeout(180)
def test_labels_and_posteriors_share_the_target(measured: dict) -> None:
    assert measured["label_effects"]["1.0"] < 1e-5
    assert measured["label_effects"]["0.5"] > 1e-4


@pytest.mark.timeout(180)
def test_network_of_a_run_with_the_speech_embedding_has_one_output(
    plain: tuple[Path, str], tmp_path: Path
) -> None:
    pytest.importorskip("openwakeword", reason="the extra `teacher` is not installed")
    student, cache = tmp_path / "student", tmp_path / "cache"
    overrides = ["distill=speech_embedding", f"distill.cache_dir={cache}", EPOCHS]
    train_on_tones(student, *overrides)
    (cached,) = cache.rglob("*.npy")
    assert np.load(cached).shape == (18, 864)  # of 24 training clips, 6 are silence
    assert [len(row) for row in read_checkpoint(student)["predictions"]] == [8, 4]
    assert read_checkpoint(student).keys() == read_checkpoint(plain[0]).keys()
    # Seed and clips are equal. Only the targets differ.
    kernels = [read_checkpoint(run)["predictions"][0] for run in (plain[0], student)]
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-6
    assert is_finished(composed_config(*tone_overrides(student, *overrides)))

"""What a job notes of itself, however it ends."""

from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.sweep import record

OVERRIDES = ["++seed=1"]


def status(folder: Path) -> tuple[str, str | None]:
    kept = record.read(folder)
    assert kept is not None
    return kept.status, kept.cause


def test_a_job_that_ends_well(tmp_path: Path) -> None:
    with record.track_job(tmp_path, OVERRIDES):
        assert status(tmp_path) == ("running", None)
    assert status(tmp_path) == ("done", None)


def test_a_failure_keeps_its_cause_and_is_raised(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError), record.track_job(tmp_path, OVERRIDES):
        raise KwspipeError("model.alpha", "-1", "above 0", "raise it")
    assert status(tmp_path) == ("failed", "model.alpha: -1. Allowed: above 0. Next: raise it")


def test_an_exception_nobody_expected_can_travel_and_leaves_its_traceback(tmp_path: Path) -> None:
    class LocalError(Exception):
        """Cannot be pickled."""

    with (
        pytest.raises(KwspipeError, match=r"LocalError: odd.*log\.txt"),
        record.track_job(tmp_path, OVERRIDES),
    ):
        raise LocalError("odd")
    assert "test_sweep_record.py" in (tmp_path / "log.txt").read_text()
    assert status(tmp_path)[0] == "failed"


def test_pruning_and_ctrl_c_are_no_failures(tmp_path: Path) -> None:
    with pytest.raises(record.PrunedError), record.track_job(tmp_path, OVERRIDES):
        raise record.PrunedError("a", "b", "c", "d")
    assert status(tmp_path)[0] == "pruned"
    with pytest.raises(KeyboardInterrupt), record.track_job(tmp_path, OVERRIDES):
        raise KeyboardInterrupt
    assert status(tmp_path)[0] == "interrupted"


def test_the_time_of_all_attempts_is_counted(tmp_path: Path) -> None:
    (tmp_path / record.RECORD).write_text(
        '{"overrides": {}, "status": "running", "cause": null, "seconds": 100.0, "process": "1", "code": ""}'
    )
    with record.track_job(tmp_path, OVERRIDES):
        pass
    kept = record.read(tmp_path)
    assert kept is not None and kept.seconds >= 100 and kept.overrides == {"seed": "1"}


def test_a_loss_is_noted_unless_the_job_had_ended(tmp_path: Path) -> None:
    record.note_loss(tmp_path / "new", OVERRIDES, "gone")
    assert status(tmp_path / "new") == ("failed", "gone")
    with record.track_job(tmp_path, OVERRIDES):
        pass
    record.note_loss(tmp_path, OVERRIDES, "gone")
    assert status(tmp_path) == ("done", None)


def test_what_is_no_record_is_none(tmp_path: Path) -> None:
    assert record.read(tmp_path) is None
    (tmp_path / record.RECORD).write_text('{"other": 1}')
    assert record.read(tmp_path) is None

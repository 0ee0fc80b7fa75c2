"""Record of a job: status, cause and duration for each way in which a job can end."""

from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.sweep import record
from kwspipe.training.pruning import PrunedError

OVERRIDES = ["++seed=1"]


def status(folder: Path) -> tuple[str, str | None]:
    job_record = record.read(folder)
    assert job_record is not None
    return job_record.status, job_record.cause


def test_finished_job(tmp_path: Path) -> None:
    with record.track_job(tmp_path, OVERRIDES):
        assert status(tmp_path) == ("running", None)
    assert status(tmp_path) == ("done", None)


def test_failure_is_recorded_with_its_cause_and_raised(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError), record.track_job(tmp_path, OVERRIDES):
        raise KwspipeError("model.alpha", "-1", "above 0", "raise it")
    assert status(tmp_path) == ("failed", "model.alpha: -1. Allowed: above 0. Next: raise it")


def test_unexpected_exception_is_replaced_and_its_traceback_logged(tmp_path: Path) -> None:
    class LocalError(Exception):
        """Cannot be pickled."""

    with (
        pytest.raises(KwspipeError, match=r"LocalError: odd.*log\.txt"),
        record.track_job(tmp_path, OVERRIDES),
    ):
        raise LocalError("odd")
    assert "test_record.py" in (tmp_path / "log.txt").read_text()
    assert status(tmp_path)[0] == "failed"


def test_pruning_and_ctrl_c_are_not_failures(tmp_path: Path) -> None:
    with pytest.raises(PrunedError), record.track_job(tmp_path, OVERRIDES):
        raise PrunedError("a", "b", "c", "d")
    assert status(tmp_path)[0] == "pruned"
    with pytest.raises(KeyboardInterrupt), record.track_job(tmp_path, OVERRIDES):
        raise KeyboardInterrupt
    assert status(tmp_path)[0] == "interrupted"


def test_duration_includes_all_attempts(tmp_path: Path) -> None:
    (tmp_path / record.RECORD).write_text(
        '{"overrides": {}, "status": "running", "cause": null, "seconds": 100.0, "process": "1", "code": ""}'
    )
    with record.track_job(tmp_path, OVERRIDES):
        pass
    found = record.read(tmp_path)
    assert found is not None and found.seconds >= 100 and found.overrides == {"seed": "1"}


def test_lost_job_is_recorded_unless_it_had_finished(tmp_path: Path) -> None:
    record.record_lost_job(tmp_path / "new", OVERRIDES, "gone")
    assert status(tmp_path / "new") == ("failed", "gone")
    with record.track_job(tmp_path, OVERRIDES):
        pass
    record.record_lost_job(tmp_path, OVERRIDES, "gone")
    assert status(tmp_path) == ("done", None)


def test_invalid_record_is_none(tmp_path: Path) -> None:
    assert record.read(tmp_path) is None
    (tmp_path / record.RECORD).write_text('{"other": 1}')
    assert record.read(tmp_path) is None

"""Tracking with MLflow in an embedded store."""

import dataclasses
import json
from pathlib import Path

import pytest

from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.files.process import call_in_process
from kwspipe.pipeline import mlflow_tracking
from support.own_process import printed_by
from support.run_folders import composed_config


def config(*overrides: str) -> PipelineConfig:
    return composed_config("+experiment=digits_3", *overrides)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "history.csv").write_text("epoch,loss,val_accuracy\n0,1.5,0.5\n1,1.0,0.75\n")
    (folder / "train" / "manifest.json").write_text('{"outputs": {"history.csv": "abc"}}')
    (folder / "evaluate").mkdir()
    (folder / "evaluate" / "metrics.json").write_text(
        '{"int8": {"accuracy": 0.9}, "parity": {"equal": true}}'
    )
    (folder / "config.yaml").write_text("name: digits_3\n")
    return folder


def test_tracking_is_off_by_default_and_does_not_import_mlflow(run_dir: Path) -> None:
    assert mlflow_tracking.is_current(config(), run_dir)
    assert printed_by("list_imports.py", "kwspipe.pipeline.runner", "mlflow") == []


def test_a_missing_package_is_an_error_before_the_first_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    mlflow_tracking.check(config())
    with pytest.raises(KwspipeError, match=r"mlflow is not installed.*pip install 'kwspipe\[mlflow\]'"):
        mlflow_tracking.check(config("tracking=mlflow"))


def test_parameters_metrics_and_artefacts_are_logged_once(run_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    tracked = config("tracking=mlflow", f"tracking.uri=sqlite:///{tmp_path}/store/mlflow.db")
    assert not mlflow_tracking.is_current(tracked, run_dir)
    call_in_process(mlflow_tracking.track, tracked, run_dir)
    assert mlflow_tracking.is_current(tracked, run_dir)
    changed = dataclasses.replace(tracked, seed=43)
    assert not mlflow_tracking.is_current(changed, run_dir)
    # A killed attempt leaves the identifier of its run. The next attempt deletes that run.
    (run_dir / mlflow_tracking.RECORD).write_text(json.dumps({"begun": read(tmp_path)[0]["id"]}))
    call_in_process(mlflow_tracking.track, changed, run_dir)
    (run,) = read(tmp_path)
    assert run["params"]["seed"] == "43" and run["params"]["model.alpha"] == str(tracked.model.alpha)
    assert "run_dir" not in run["params"]
    assert run["metrics"]["train.val_accuracy"] == 0.75 and run["metrics"]["int8.accuracy"] == 0.9
    assert "parity.equal" not in run["metrics"]
    assert run["status"] == "FINISHED" and run["steps"] == [1, 2]
    assert {"config.yaml", "history.csv", "metrics.json"} <= set(run["files"])


def test_an_unusable_store_is_an_error(run_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    tracked = config("tracking=mlflow", "tracking.uri=nonsense://x")
    with pytest.raises(
        KwspipeError, match=r"tracking.uri: MLflow cannot use nonsense://x.*the run itself is complete"
    ):
        call_in_process(mlflow_tracking.track, tracked, run_dir)


def read(folder: Path) -> list[dict]:  # type: ignore[type-arg]
    """Returns the runs in the store. Another process reads them, so that this process does not import MLflow."""
    return list(printed_by("read_mlflow_store.py", folder / "store"))

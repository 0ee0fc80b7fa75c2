"""Manifests: staleness, hashes, facts."""

import json
from pathlib import Path

import pytest

from kwspipe.runs import artifacts
from kwspipe.runs.artifacts import MANIFEST, Fingerprint, stale_because, write_json
from kwspipe.runs.stage_folder import stage_folder
from support.stage_folders import FINGERPRINT, finish


def test_a_finished_stage_is_up_to_date_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    finish(tmp_path / "train")
    assert stale_because(tmp_path / "train", FINGERPRINT) is None
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


@pytest.mark.parametrize(
    ("fingerprint", "reason"),
    [
        (
            Fingerprint({"train": {"epochs": 4}}, {"prepare": "abc"}, "code1"),
            "configuration changed: train.epochs",
        ),
        (Fingerprint({"train": {"epochs": 3}}, {"prepare": "abd"}, "code1"), "inputs changed: prepare"),
        (Fingerprint({"train": {"epochs": 3}}, {"prepare": "abc"}, "code2"), "kwspipe itself changed"),
    ],
)
def test_the_reason_names_the_change(tmp_path: Path, fingerprint: Fingerprint, reason: str) -> None:
    finish(tmp_path / "train")
    assert stale_because(tmp_path / "train", fingerprint) == reason


def test_a_changed_file_makes_the_stage_stale(tmp_path: Path) -> None:
    finish(tmp_path / "train")
    (tmp_path / "train" / "sub" / "file").write_text("other")
    assert stale_because(tmp_path / "train", FINGERPRINT) == "its files were changed or are missing"


def test_logs_may_change_and_do_not_count(tmp_path: Path) -> None:
    with stage_folder(tmp_path / "train", FINGERPRINT) as folder:
        (folder / "logs").mkdir()
        (folder / "logs" / "events").write_text("12:00")
    (tmp_path / "train" / "logs" / "events").write_text("12:01")
    assert stale_because(tmp_path / "train", FINGERPRINT) is None


def test_facts_are_in_the_manifest_and_do_not_count_as_outputs(tmp_path: Path) -> None:
    finish(tmp_path / "plain")
    with stage_folder(tmp_path / "train", FINGERPRINT) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("weights")
        write_json(folder / artifacts.FACTS, {"deterministic": False})
    plain, manifest = artifacts.read_manifest(tmp_path / "plain"), artifacts.read_manifest(tmp_path / "train")
    assert plain and manifest and manifest["facts"] == {"deterministic": False}
    assert "facts" not in plain and manifest["outputs"] == plain["outputs"]
    assert stale_because(tmp_path / "train", FINGERPRINT) is None


def test_a_broken_manifest_means_run_again(tmp_path: Path) -> None:
    finish(tmp_path / "train")
    (tmp_path / "train" / MANIFEST).write_text("{")
    assert stale_because(tmp_path / "train", FINGERPRINT) == "its manifest cannot be read"
    assert stale_because(tmp_path / "other", FINGERPRINT) == "first run"


def test_nan_never_reaches_a_json_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "metrics.json", {"accuracy": float("nan")})
    write_json(tmp_path / "metrics.json", {"accuracy": 0.5})
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"accuracy": 0.5}

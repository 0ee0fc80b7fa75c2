"""Stage folders: atomic commits, staleness, interrupted attempts."""

import json
from pathlib import Path

import pytest
from filelock import FileLock

from kwspipe.errors import KwspipeError
from kwspipe.runs import artifacts
from kwspipe.runs.artifacts import (
    MANIFEST,
    Fingerprint,
    finish_commit,
    stage_folder,
    stale_because,
    write_json,
)

FINGERPRINT = Fingerprint({"train": {"epochs": 3}}, {"prepare": "abc"}, "code1")


def finish(target: Path, fingerprint: Fingerprint = FINGERPRINT, text: str = "weights") -> None:
    with stage_folder(target, fingerprint) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text(text)


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
    assert stale_because(tmp_path / "other", FINGERPRINT) == "it has not run yet"


def test_a_failed_attempt_leaves_the_old_result(tmp_path: Path) -> None:
    finish(tmp_path / "train", text="old")
    with pytest.raises(RuntimeError), stage_folder(tmp_path / "train", FINGERPRINT) as folder:
        (folder / "file").write_text("half")
        raise RuntimeError
    assert (tmp_path / "train" / "sub" / "file").read_text() == "old"
    finish(tmp_path / "train", text="new")
    assert (tmp_path / "train" / "sub" / "file").read_text() == "new"


@pytest.mark.parametrize("resumable", [True, False])
def test_only_a_resumable_stage_of_the_same_fingerprint_finds_its_state(
    tmp_path: Path, resumable: bool
) -> None:
    def interrupt(fingerprint: Fingerprint) -> list[str]:
        with (
            pytest.raises(KeyboardInterrupt),
            stage_folder(tmp_path / "train", fingerprint, resumable) as folder,
        ):
            found = [path.name for path in folder.glob("state*")]
            (folder / "state").write_text("epoch 3")
            raise KeyboardInterrupt
        return found

    assert interrupt(FINGERPRINT) == []
    assert interrupt(FINGERPRINT) == (["state"] if resumable else [])
    assert interrupt(Fingerprint({}, {}, "code1")) == []


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path: Path) -> None:
    finish(tmp_path / "train", text="new")
    (tmp_path / "train").rename(tmp_path / ".train.partial")
    (tmp_path / ".train.old").mkdir()
    finish_commit(tmp_path / "train")
    assert stale_because(tmp_path / "train", FINGERPRINT) is None
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_nan_never_reaches_a_json_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "metrics.json", {"accuracy": float("nan")})
    write_json(tmp_path / "metrics.json", {"accuracy": 0.5})
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"accuracy": 0.5}


def test_a_kill_after_the_manifest_loses_nothing(tmp_path: Path) -> None:
    finish(tmp_path / "train")
    (tmp_path / "train").rename(tmp_path / ".train.partial")
    (tmp_path / ".train.partial" / ".fingerprint").write_text(FINGERPRINT.digest)
    finish_commit(tmp_path / "train")
    assert stale_because(tmp_path / "train", FINGERPRINT) is None
    assert not (tmp_path / "train" / ".fingerprint").exists()


def test_a_failed_attempt_frees_its_space(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), stage_folder(tmp_path / "prepare", FINGERPRINT) as folder:
        (folder / "file").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_run_waits_for_the_writer_of_a_killed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MAX_END_S", 0.2)
    with FileLock(tmp_path / ".train.writer"), pytest.raises(KwspipeError) as caught:
        finish(tmp_path / "train")
    assert "a process of an interrupted run has written to this folder" in str(caught.value)
    finish(tmp_path / "train")
    assert [path.name for path in tmp_path.iterdir()] == ["train"]

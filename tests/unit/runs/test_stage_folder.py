"""Stage folders: atomic commits, interrupted attempts, writer locks."""

from pathlib import Path

import pytest
from filelock import FileLock

from kwspipe.errors import KwspipeError
from kwspipe.runs import stage_folder as commits
from kwspipe.runs.artifacts import Fingerprint, stale_because
from kwspipe.runs.stage_folder import finish_commit, stage_folder
from support.stage_folders import FINGERPRINT, finish


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
    monkeypatch.setattr(commits, "MAX_END_S", 0.2)
    with FileLock(tmp_path / ".train.writer"), pytest.raises(KwspipeError) as caught:
        finish(tmp_path / "train")
    assert "a process of an interrupted run has written to this folder" in str(caught.value)
    finish(tmp_path / "train")
    assert [path.name for path in tmp_path.iterdir()] == ["train"]

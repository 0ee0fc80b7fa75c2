"""Shared results: one job computes a result, also after another job was killed."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

from filelock import FileLock

from kwspipe.runs import shared_results
from kwspipe.runs.artifacts import MANIFEST, Fingerprint, stale_because
from kwspipe.runs.stage_folder import link, stage_folder

FINGERPRINT = Fingerprint({"seed": 1}, {}, "code")


def make(shared_dir: Path, target: Path) -> bool:
    """Links the shared result to ``target``, and returns whether this job computed it."""
    with shared_results.shared_result(shared_dir, "prepare", FINGERPRINT) as folder:
        missing = stale_because(folder, FINGERPRINT) is not None
        if missing:
            with stage_folder(folder, FINGERPRINT) as partial:
                (partial / "sub").mkdir()
                (partial / "sub" / "clips").write_text("samples")
                time.sleep(0.3)
        link(folder, target)
    return missing


def make_and_record(shared_dir: Path, target: Path, made: Path) -> None:
    if make(shared_dir, target):
        made.touch()


def hold_for_long(shared_dir: Path, sign: Path) -> None:
    with (
        shared_results.shared_result(shared_dir, "prepare", FINGERPRINT) as folder,
        stage_folder(folder, FINGERPRINT) as partial,
    ):
        (partial / "half").write_text("half")
        sign.touch()
        time.sleep(60)


def test_the_second_job_links_the_result_of_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "1" / "prepare", tmp_path / "2" / "prepare"
    assert make(tmp_path / ".shared", first)
    assert not make(tmp_path / ".shared", second)
    for folder in (first, second):
        assert stale_because(folder, FINGERPRINT) is None
        assert [path.name for path in folder.parent.iterdir()] == ["prepare"]
    assert (first / "sub" / "clips").samefile(second / "sub" / "clips")


def test_one_of_several_concurrent_jobs_computes_the_result(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    targets = [tmp_path / str(number) / "prepare" for number in range(4)]
    processes = [
        context.Process(target=make_and_record, args=(tmp_path / ".shared", target, tmp_path / f"made_{n}"))
        for n, target in enumerate(targets)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert all(stale_because(target, FINGERPRINT) is None for target in targets)
    assert len(list(tmp_path.glob("made_*"))) == 1


def test_a_lock_does_not_survive_its_holder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    sign = tmp_path / "sign"
    process = context.Process(target=hold_for_long, args=(tmp_path / ".shared", sign))
    process.start()
    while not sign.exists():
        time.sleep(0.01)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert make(tmp_path / ".shared", tmp_path / "job" / "prepare")
    assert not (tmp_path / "job" / "prepare" / "half").exists()


def test_unused_results_are_removed_and_partial_ones_are_kept(tmp_path: Path) -> None:
    shared_dir = tmp_path / ".shared"
    make(shared_dir, tmp_path / "job" / "prepare")
    with stage_folder(shared_dir / "prepare-unused", FINGERPRINT):
        pass
    (shared_dir / ".train-begun.partial").mkdir()
    with stage_folder(shared_dir / "prepare-held", FINGERPRINT):
        pass
    with FileLock(shared_dir / ".prepare-held.lock"):
        shared_results.remove_unused(shared_dir)
    left = {path.name for path in shared_dir.iterdir() if path.is_dir()}
    assert left == {f"prepare-{FINGERPRINT.digest[:16]}", ".train-begun.partial", "prepare-held"}


def test_files_are_copied_if_links_are_not_supported(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def refuse(source: str, target: str) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    make(tmp_path / ".shared", tmp_path / "job" / "prepare")
    assert stale_because(tmp_path / "job" / "prepare", FINGERPRINT) is None
    assert (tmp_path / "job" / "prepare" / MANIFEST).stat().st_nlink == 1

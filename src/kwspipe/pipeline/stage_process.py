"""Process of a stage, and its log. The module has few imports, so that the stage starts fast."""

from pathlib import Path

from kwspipe import stages
from kwspipe.config import PipelineConfig
from kwspipe.files import disk
from kwspipe.files.process import call_in_process, redirect_native_stderr
from kwspipe.pipeline import run_log
from kwspipe.runs import run_directory
from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder


def run_stage_in_process(
    config: PipelineConfig, run_dir: Path, name: str, target: Path, fingerprint: Fingerprint
) -> None:
    """Runs a stage in a new process, which writes ``target``; see ``call_in_process`` for the exceptions."""
    try:
        call_in_process(run_stage, config, run_dir, name, target, fingerprint)
    finally:
        run_log.append_native_messages(run_dir)  # also those of a process that crashed


def run_stage(
    config: PipelineConfig, run_dir: Path, name: str, target: Path, fingerprint: Fingerprint
) -> None:
    """Runs a stage in this process."""
    redirect_native_stderr(run_dir / run_log.NATIVE)
    run_log.start(run_dir)
    disk.silence_disk_full_destructors()
    stage = stages.load(name)
    with (
        run_directory.temporary_files_in(run_dir / run_directory.TEMPORARY),
        stage_folder(target, fingerprint, stage.resumable) as folder,
        disk.translate_disk_errors(folder),
    ):
        stage.run(config, run_dir, folder)

"""Entry point of the process of a stage. The module has few imports, so that the stage starts fast."""

import logging
from pathlib import Path

from kwspipe import stages
from kwspipe.config import PipelineConfig
from kwspipe.files import disk
from kwspipe.files.process import redirect_native_stderr
from kwspipe.runs import run_directory
from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def run_stage(
    config: PipelineConfig, run_dir: Path, name: str, target: Path, fingerprint: Fingerprint
) -> None:
    """Runs a stage that writes ``target``. The log is appended to ``log.txt`` of the run directory."""
    log = run_dir / "log.txt"
    redirect_native_stderr(log)
    logging.captureWarnings(True)
    logging.basicConfig(
        filename=log,
        level=logging.INFO,
        format=LOG_FORMAT,
    )
    logging.raiseExceptions = False  # an unwritable log does not produce tracebacks
    disk.silence_disk_full_destructors()
    stage = stages.load(name)
    with (
        run_directory.temporary_files_in(run_dir / run_directory.TEMPORARY),
        stage_folder(target, fingerprint, stage.resumable) as folder,
        disk.translate_disk_errors(folder),
    ):
        stage.run(config, run_dir, folder)

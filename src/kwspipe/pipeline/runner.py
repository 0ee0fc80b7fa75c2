"""Runner of the stages of an experiment: order, staleness, one process per stage, outputs."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from kwspipe import stages
from kwspipe.config import PipelineConfig
from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.files import disk
from kwspipe.files.process import call_in_process
from kwspipe.pipeline import plan
from kwspipe.pipeline.outputs.results import accuracies
from kwspipe.pipeline.stage_process import run_stage
from kwspipe.runs import run_directory, shared_results
from kwspipe.runs.artifacts import Fingerprint, stale_because
from kwspipe.runs.stage_folder import discard_attempt, finish_commit, link


def run(config: PipelineConfig, shared_dir: Path | None = None) -> dict[str, float]:
    """Runs the configured stages, then writes the outputs.

    Args:
        config: the experiment.
        shared_dir: folder of the stage results that the jobs of a sweep share; None outside of sweeps.

    Returns:
        The accuracies of the evaluation, empty if evaluate is not configured. The optimizer of a sweep reads them.

    Raises:
        KwspipeError: a prerequisite or the artifacts of an earlier stage are missing, a stage failed, or another run
            holds the run directory.
    """
    run_dir = plan.run_directory_of(config)
    chosen = plan.chosen_stages(config)
    check_prerequisites(config, chosen)
    with disk.translate_disk_errors(run_dir), run_directory.run_lock(run_dir, wait=shared_dir is not None):
        run_directory.write_config(config, run_dir)
        try:
            _run_stages(config, run_dir, chosen, shared_dir)
        except KwspipeError:
            with suppress(KwspipeError):  # the error of the stage is the one to report
                _write_outputs(config, run_dir, chosen, failed=True)
            raise
        _write_outputs(config, run_dir, chosen, failed=False)
        Console(highlight=False).print(f"Run directory: {run_dir}", soft_wrap=True)
        return accuracies(run_dir) if "evaluate" in chosen else {}


def check_prerequisites(config: PipelineConfig, chosen: list[str]) -> None:
    """Checks the prerequisites of all configured stages and outputs.

    Raises:
        KwspipeError: a prerequisite is missing; all missing ones are reported together.
    """
    errors: dict[str, KwspipeError] = {}
    checks = [stages.load(name).check for name in chosen]
    for check in [*checks, *(output.check for output in plan.outputs_after(chosen))]:
        try:
            check(config)
        except KwspipeError as error:
            errors.setdefault(str(error), error)
    if len(errors) == 1:
        raise next(iter(errors.values()))
    if errors:
        raise ConfigError(list(errors))


def _run_stages(config: PipelineConfig, run_dir: Path, chosen: list[str], shared_dir: Path | None) -> None:
    console = Console(stderr=True, highlight=False)
    for number, name in enumerate(chosen, 1):
        stage = stages.load(name)
        fingerprint = plan.fingerprint_of(stage, config, run_dir)
        finish_commit(run_dir / stage.folder)
        reason = plan.reason_to_run(config, stage, run_dir, fingerprint)
        console.print(f"[bold]{number}/{len(chosen)} {name}[/]  {reason or 'up to date'}")
        if reason:
            started_s = time.monotonic()
            own = reason in (plan.FORCED, plan.ALWAYS)
            with _interrupts_left_to(stage):
                _produce(config, run_dir, stage, fingerprint, None if own else shared_dir)
            console.print(f"    done in {time.monotonic() - started_s:.0f} s")
        discard_attempt(run_dir / stage.folder, fingerprint, stage.resumable)


def _write_outputs(config: PipelineConfig, run_dir: Path, chosen: list[str], failed: bool) -> None:
    for output in plan.outputs_after(chosen):
        if output.after_failure or not failed:
            output.write(config, run_dir)


@contextmanager
def _interrupts_left_to(stage: stages.Stage) -> Iterator[None]:
    """Ignores Ctrl-C in this process while an interactive stage runs, because the terminal signals both processes."""
    if not stage.interactive or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _produce(
    config: PipelineConfig,
    run_dir: Path,
    stage: stages.Stage,
    fingerprint: Fingerprint,
    shared_dir: Path | None,
) -> None:
    """Writes the folder of a stage: runs the stage, or links the result of another job with the same inputs."""
    target = run_dir / stage.folder
    if shared_dir is None:
        call_in_process(run_stage, config, run_dir, stage.name, target, fingerprint)
        return
    with shared_results.shared_result(shared_dir, stage.name, fingerprint) as shared:
        if stale_because(shared, fingerprint):
            call_in_process(run_stage, config, run_dir, stage.name, shared, fingerprint)
        else:
            Console(stderr=True, highlight=False).print("    result of another job")
        link(shared, target)

"""Runner of the stages of an experiment: order, staleness, one process per stage, outputs."""

import signal
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.markup import escape

from kwspipe import stages
from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.files import disk
from kwspipe.pipeline import plan, prerequisites, run_log
from kwspipe.pipeline.stage_process import run_stage_in_process
from kwspipe.runs import run_directory, shared_results
from kwspipe.runs.artifacts import FIRST_RUN, Fingerprint, stale_because
from kwspipe.runs.metrics_content import accuracies
from kwspipe.runs.stage_folder import discard_attempt, finish_commit, link
from kwspipe.terminal.lines import console, print_line


def run(
    config: PipelineConfig, shared_dir: Path | None = None, given: Collection[str] = ()
) -> dict[str, float]:
    """Runs the configured stages, then writes the outputs.

    Args:
        config: the experiment.
        shared_dir: folder of the stage results that the jobs of a sweep share; None outside of sweeps.
        given: keys and groups that the command line sets.

    Returns:
        The accuracies of the evaluation, empty if evaluate is not configured. The optimizer of a sweep reads them.

    Raises:
        KwspipeError: a prerequisite or the artifacts of an earlier stage are missing, a stage failed, the run directory
            contains another experiment, or another run holds it.
    """
    run_dir = plan.run_directory_of(config)
    chosen = plan.chosen_stages(config)
    prerequisites.check_run(config, given, own_folder=shared_dir is not None)
    with (
        disk.translate_disk_errors(run_dir),
        run_directory.run_lock(run_dir, wait=shared_dir is not None),
        run_log.logged(run_dir),
    ):
        run_directory.write_config(config, run_dir)
        try:
            _run_stages(config, run_dir, chosen, shared_dir)
        except KwspipeError:
            with suppress(KwspipeError):  # the error of the stage is the one to report
                _write_outputs(config, run_dir, chosen, failed=True)
                _summarize(config, run_dir, chosen, shared_dir is not None, failed=True)
            raise
        _write_outputs(config, run_dir, chosen, failed=False)
        _summarize(config, run_dir, chosen, shared_dir is not None, failed=False)
        return accuracies(run_dir) if "evaluate" in chosen else {}


def _run_stages(config: PipelineConfig, run_dir: Path, chosen: list[str], shared_dir: Path | None) -> None:
    for number, name in enumerate(chosen, 1):
        stage = stages.load(name)
        fingerprint = plan.fingerprint_of(stage, config, run_dir)
        finish_commit(run_dir / stage.folder)
        reason = plan.reason_to_run(config, stage, run_dir, fingerprint)
        note = "" if reason == FIRST_RUN else f"  {reason or 'up to date'}"
        console().print(f"[bold]{number}/{len(chosen)} {name}[/]{escape(note)}")
        if reason:
            started_s = time.monotonic()
            own = reason in (plan.FORCED, plan.ALWAYS)
            with _interrupts_left_to(stage):
                _produce(config, run_dir, stage, fingerprint, None if own else shared_dir)
            print_line(f"done in {time.monotonic() - started_s:.0f} s")
        discard_attempt(run_dir / stage.folder, fingerprint, stage.resumable)


def _write_outputs(config: PipelineConfig, run_dir: Path, chosen: list[str], failed: bool) -> None:
    for output in plan.outputs_after(chosen):
        if output.after_failure or not failed:
            output.write(config, run_dir)


def _summarize(config: PipelineConfig, run_dir: Path, chosen: list[str], is_job: bool, failed: bool) -> None:
    """Prints the summary of the run, or one line for a job of a sweep."""
    from kwspipe.pipeline.summary.printing import (  # imports the report's libraries
        print_job_line,
        print_summary,
    )

    if not is_job:
        print_summary(config, run_dir, chosen, failed)
    elif not failed:
        print_job_line(run_dir, chosen)


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
        run_stage_in_process(config, run_dir, stage.name, target, fingerprint)
        return
    with shared_results.shared_result(shared_dir, stage.name, fingerprint) as shared:
        if stale_because(shared, fingerprint):
            run_stage_in_process(config, run_dir, stage.name, shared, fingerprint)
        else:
            print_line("result of another job")
        link(shared, target)

"""Runs the stages of an experiment in order, each only where it has to, each in a process of its own."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from kwspipe import augment, stages
from kwspipe.config import PipelineConfig, stage_order
from kwspipe.config.parse import to_mapping
from kwspipe.errors import KwspipeError
from kwspipe.files import disk
from kwspipe.files.process import call_in_process
from kwspipe.pipeline import mlflow_tracking
from kwspipe.pipeline.stage_process import run_stage
from kwspipe.runs import run_directory, shared_results
from kwspipe.runs.artifacts import (
    Fingerprint,
    code_hash,
    discard_attempt,
    finish_commit,
    link,
    outputs_hash,
    read_manifest,
    stale_because,
)

ARCHIVED = (*stage_order.ORDER, stage_order.ADOPT)  # after these the archive is written again
FORCED, ALWAYS = "forced", "as asked"  # reasons for which a sweep's jobs do not share a stage


def run(config: PipelineConfig, shared_dir: Path | None = None) -> dict[str, float]:
    """Runs the stages the configuration asks for.

    Args:
        config: the experiment.
        shared_dir: where the jobs of a sweep leave each other what several of them need; None outside of sweeps.

    Returns:
        The accuracies of the last evaluation, empty where there was none; a sweep's optimizer reads them.

    Raises:
        KwspipeError: a stage failed, lacks an earlier stage's artefacts, or another run holds the run directory.
    """
    console = Console(stderr=True, highlight=False)
    run_dir = Path(config.run_dir).expanduser().resolve()
    chosen = chosen_stages(config)
    augment.check(config.augment.transforms, config.dataset.words)
    mlflow_tracking.check(config)
    if "train" in chosen:
        _check_teacher(config)
    with disk.errors_made_clear(run_dir), run_directory.run_lock(run_dir, wait=shared_dir is not None):
        run_directory.write_config(config, run_dir)
        try:
            _run_stages(config, run_dir, chosen, shared_dir, console)
        except KwspipeError:
            with suppress(KwspipeError):  # the stage's own message counts
                _report(config, run_dir)  # what the other stages left is worth reading
            raise
        if report := _report(config, run_dir):
            console.print(f"report: {report}", soft_wrap=True)
        accuracies = _conclude(config, run_dir, chosen)
        if not mlflow_tracking.is_current(config, run_dir):
            call_in_process(mlflow_tracking.track, config, run_dir)
        return accuracies


def _check_teacher(config: PipelineConfig) -> None:
    """Before anything is prepared for it. Imported only where there is one: most runs have none."""
    if config.distill.name == "none":
        return
    from kwspipe.training import distillation, embedding_teacher, teacher_networks

    if distillation.embedding_of(config.distill):
        embedding_teacher.check(config.frontend.sample_rate_hz)
    teacher_networks.check(config)


def _run_stages(
    config: PipelineConfig, run_dir: Path, chosen: list[str], shared_dir: Path | None, console: Console
) -> None:
    for number, name in enumerate(chosen, 1):
        stage = stages.load(name)
        fingerprint = _fingerprint(stage, config, run_dir)
        finish_commit(run_dir / stage.folder)
        reason = _forced(config, stage) or stale_because(run_dir / stage.folder, fingerprint)
        console.print(f"[bold]{number}/{len(chosen)} {name}[/]  {reason or 'up to date'}")
        if reason:
            started_s = time.monotonic()
            own = reason in (FORCED, ALWAYS)
            with _interrupts_left_to(stage):
                _produce(config, run_dir, stage, fingerprint, None if own else shared_dir)
            console.print(f"    done in {time.monotonic() - started_s:.0f} s")
        discard_attempt(run_dir / stage.folder, fingerprint, stage.resumable)


def is_finished(config: PipelineConfig) -> bool:
    """Tells whether a run would have nothing to do."""
    run_dir = Path(config.run_dir).expanduser().resolve()
    for name in chosen_stages(config):
        stage = stages.load(name)
        try:
            fingerprint = _fingerprint(stage, config, run_dir)
        except KwspipeError:  # an earlier stage is not there
            return False
        if _forced(config, stage) or stale_because(run_dir / stage.folder, fingerprint):
            return False
    return mlflow_tracking.is_current(config, run_dir)


def chosen_stages(config: PipelineConfig) -> list[str]:
    """Returns the stages to run, in the pipeline's order, from ``from`` on; the optional ones come last."""
    begin = stage_order.ORDER.index(config.from_stage) if config.from_stage else 0
    order = (*stage_order.ORDER[begin:], *stage_order.OPTIONAL)
    chosen: list[str] = [name for name in order if name in config.stages]
    if not chosen:
        raise KwspipeError(
            "from",
            f"{config.from_stage!r} leaves none of stages={list(config.stages)}",
            "a stage that is in `stages`, or one before it",
            "correct `from` or `stages`",
        )
    return chosen if config.adopt.path is None else _with_adopt(config, chosen)


def _with_adopt(config: PipelineConfig, chosen: list[str]) -> list[str]:
    """Puts adopt, and prepare where it is needed, in front of the stages that go on from them."""
    rest = [name for name in chosen if name not in (*stage_order.ADOPT_REPLACES, "prepare")]
    if config.detector.target_false_accepts_per_hour is not None:
        return ["prepare", stage_order.ADOPT, *rest]  # thresholds are chosen on the prepared clips
    prepare = "prepare" in chosen or any("prepare" in stages.load(name).needs for name in rest)
    return [stage_order.ADOPT, *(["prepare"] if prepare else []), *rest]


def _forced(config: PipelineConfig, stage: stages.Stage) -> str | None:
    if stage.always:
        return ALWAYS
    forced = config.force if isinstance(config.force, bool) else stage.name in config.force
    return FORCED if forced else None


@contextmanager
def _interrupts_left_to(stage: stages.Stage) -> Iterator[None]:
    """Ignores Ctrl-C here while a stage runs that it is meant for: the terminal sends it to both processes."""
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
    """Makes a stage's folder: by running it, or from what another job of the sweep has made of the same inputs."""
    target = run_dir / stage.folder
    if shared_dir is None:
        call_in_process(run_stage, config, run_dir, stage.name, target, fingerprint)
        return
    with shared_results.shared_result(shared_dir, stage.name, fingerprint) as shared:
        if stale_because(shared, fingerprint):
            call_in_process(run_stage, config, run_dir, stage.name, shared, fingerprint)
        else:
            Console(stderr=True, highlight=False).print("    another job has made it already")
        link(shared, target)


def _fingerprint(stage: stages.Stage, config: PipelineConfig, run_dir: Path) -> Fingerprint:
    whole = to_mapping(config)
    inputs = stage.sources(config)
    for needed in stage.needs:
        inputs[needed] = _outputs_hash(stage.name, run_dir / needed)
    for used in stage.uses:
        if (run_dir / used).exists():
            inputs[used] = _outputs_hash(stage.name, run_dir / used)
    return Fingerprint({key: whole[key] for key in stage.reads}, inputs, code_hash())


def _outputs_hash(stage_name: str, folder: Path) -> str:
    finish_commit(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        raise KwspipeError(
            str(folder),
            f"not there or not whole, and {stage_name} needs it",
            f"what the stage {folder.name} leaves there",
            f"run it first: add {folder.name} to `stages`, or leave out `from`",
        )
    return outputs_hash(manifest)


def _report(config: PipelineConfig, run_dir: Path) -> Path | None:
    """Writes the page about the run; None where it is up to date."""
    from kwspipe.report.run_page import REPORT, refresh  # not before the stages: they need not wait for it

    return run_dir / REPORT if refresh(run_dir, config.report) else None


def _conclude(config: PipelineConfig, run_dir: Path, chosen: list[str]) -> dict[str, float]:
    """Prints the table of results and where everything lies."""
    from kwspipe.exchange import run_archive

    console = Console(highlight=False)
    accuracies: dict[str, float] = {}
    if "evaluate" in chosen:
        from kwspipe.metrics.table import print_results

        metrics: dict[str, Any] = json.loads((run_dir / "evaluate" / "metrics.json").read_text())
        print_results(metrics, console)
        accuracies = {kind: metrics[kind]["accuracy"] for kind in ("float", "int8") if kind in metrics}
    archive = run_archive.write(run_dir, config.name) if set(chosen) & set(ARCHIVED) else None
    console.print(f"Everything lies in {run_dir}", soft_wrap=True)
    if archive:
        console.print(f"To hand on: {archive.name}, with {run_archive.CARD}", soft_wrap=True)
    return accuracies

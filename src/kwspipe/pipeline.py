"""Runs the stages of an experiment in order, each only where it has to, each in a process of its own."""

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from omegaconf import OmegaConf
from rich.console import Console

from kwspipe import augment, model_archive, stages
from kwspipe.artifacts import (
    Fingerprint,
    code_hash,
    outputs_hash,
    read_manifest,
    settle,
    stage_folder,
    stale_because,
)
from kwspipe.config import PipelineConfig
from kwspipe.errors import KwspipeError
from kwspipe.parse import to_mapping
from kwspipe.process import call_in_process, divert_native_messages
from kwspipe.report.run_page import REPORT, refresh

ARCHIVED = (*stages.ORDER, stages.ADOPT)  # after these the archive is written again
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def run(config: PipelineConfig) -> dict[str, float]:
    """Runs the stages the configuration asks for.

    Returns:
        The accuracies of the last evaluation, empty where there was none; a sweep's optimizer reads them.

    Raises:
        KwspipeError: a stage failed, lacks an earlier stage's artefacts, or another run holds the run directory.
    """
    console = Console(stderr=True, highlight=False)
    run_dir = Path(config.run_dir).expanduser().resolve()
    chosen = chosen_stages(config)
    augment.check(config.augment.transforms, config.dataset.words)
    with _locked(run_dir):
        _write_config(config, run_dir)
        try:
            _run_stages(config, run_dir, chosen, console)
        except KwspipeError:
            with suppress(KwspipeError):  # the stage's own message counts
                refresh(run_dir, config.report)  # what the other stages left is worth reading
            raise
        if refresh(run_dir, config.report):
            console.print(f"report: {run_dir / REPORT}", soft_wrap=True)
        return _conclude(config, run_dir, chosen)


def _run_stages(config: PipelineConfig, run_dir: Path, chosen: list[str], console: Console) -> None:
    for number, name in enumerate(chosen, 1):
        stage = stages.load(name)
        fingerprint = _fingerprint(stage, config, run_dir)
        settle(run_dir / stage.folder)
        reason = _forced(config, stage) or stale_because(run_dir / stage.folder, fingerprint)
        console.print(f"[bold]{number}/{len(chosen)} {name}[/]  {reason or 'up to date'}")
        if reason:
            started_s = time.monotonic()
            with _interrupts_left_to(stage):
                call_in_process(_run_stage, config, run_dir, name, fingerprint)
            console.print(f"    done in {time.monotonic() - started_s:.0f} s")


def chosen_stages(config: PipelineConfig) -> list[str]:
    """Returns the stages to run, in the pipeline's order, from ``from`` on; the optional ones come last."""
    begin = stages.ORDER.index(config.from_stage) if config.from_stage else 0
    order = (*stages.ORDER[begin:], *stages.OPTIONAL)
    chosen: list[str] = [name for name in order if name in config.stages]
    if not chosen:
        raise KwspipeError(
            "from",
            f"{config.from_stage!r} leaves none of stages={list(config.stages)}",
            "a stage that is in `stages`, or one before it",
            "correct `from` or `stages`",
        )
    return chosen if config.adopt.path is None else _with_adopt(chosen)


def _with_adopt(chosen: list[str]) -> list[str]:
    """Puts adopt, and prepare where it is needed, in front of the stages that go on from them."""
    rest = [name for name in chosen if name not in (*stages.ADOPT_REPLACES, "prepare")]
    prepare = "prepare" in chosen or any("prepare" in stages.load(name).needs for name in rest)
    return [stages.ADOPT, *(["prepare"] if prepare else []), *rest]


def _forced(config: PipelineConfig, stage: stages.Stage) -> str | None:
    if stage.always:
        return "as asked"
    forced = config.force if isinstance(config.force, bool) else stage.name in config.force
    return "forced" if forced else None


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


def _run_stage(config: PipelineConfig, run_dir: Path, name: str, fingerprint: Fingerprint) -> None:
    """Runs in the stage's own process."""
    log = run_dir / "log.txt"
    divert_native_messages(log)
    logging.captureWarnings(True)
    logging.basicConfig(
        filename=log,
        level=logging.INFO,
        format=LOG_FORMAT,
    )
    stage = stages.load(name)
    with stage_folder(run_dir / stage.folder, fingerprint, stage.resumable) as folder:
        stage.run(config, run_dir, folder)


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
    settle(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        raise KwspipeError(
            str(folder),
            f"not there or not whole, and {stage_name} needs it",
            f"what the stage {folder.name} leaves there",
            f"run it first: add {folder.name} to `stages`, or leave out `from`",
        )
    return outputs_hash(manifest)


def _write_config(config: PipelineConfig, run_dir: Path) -> None:
    temporary = run_dir / ".config.yaml.tmp"
    temporary.write_text(OmegaConf.to_yaml(OmegaConf.create(to_mapping(config))))
    temporary.replace(run_dir / "config.yaml")


@contextmanager
def _locked(run_dir: Path) -> Iterator[None]:
    """Holds the run directory; the lock ends with the process, however that ends."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KwspipeError(
            "run_dir",
            f"{run_dir} cannot be made: {error.strerror}",
            "a folder you may write to",
            "set run_dir=...",
        ) from None
    lock = FileLock(run_dir / ".lock", timeout=0)
    try:
        with lock:
            (run_dir / ".lock.owner").write_text(str(os.getpid()))
            yield
    except Timeout:
        owner = (run_dir / ".lock.owner").read_text() if (run_dir / ".lock.owner").is_file() else "unknown"
        raise KwspipeError(
            str(run_dir),
            f"another run is at work there (process {owner})",
            "one run at a time in a run directory",
            "wait for it, or give this one a name of its own: name=...",
        ) from None


def _conclude(config: PipelineConfig, run_dir: Path, chosen: list[str]) -> dict[str, float]:
    """Prints the table of results and where everything lies."""
    console = Console(highlight=False)
    accuracies: dict[str, float] = {}
    if "evaluate" in chosen:
        from kwspipe.metrics.table import print_results

        metrics: dict[str, Any] = json.loads((run_dir / "evaluate" / "metrics.json").read_text())
        print_results(metrics, console)
        accuracies = {kind: metrics[kind]["accuracy"] for kind in ("float", "int8") if kind in metrics}
    archive = model_archive.write(run_dir, config.name) if set(chosen) & set(ARCHIVED) else None
    console.print(f"Everything lies in {run_dir}", soft_wrap=True)
    if archive:
        console.print(f"To hand on: {archive.name}, with {model_archive.CARD}", soft_wrap=True)
    return accuracies

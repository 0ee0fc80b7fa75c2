"""Test of resuming: kills runs at random times in every stage, restarts them, and compares them with a reference run.

    python scripts/prove_resume.py --kills 30 +experiment=digits_3 dataset=folder dataset.root=data/speech
    python scripts/prove_resume.py --kills 6 +experiment=smoke dataset=synthetic    # a few minutes

A reference run measures the duration of each stage. Each trial starts with links to the earlier stages of the
reference, is killed with SIGKILL at a random time in its stage, and is restarted immediately. In every second round,
only the process of the command is killed, and its child processes must end by themselves. In the other rounds, all
processes are killed. Every restart must end with the same metrics.json, with the files of the reference, and without
remaining processes. The script writes prove_resume.json. Its exit status is 0 if all trials passed.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from measured_run import parsed, run_to_end, same_metrics, start, started_stages
from rich.console import Console
from rich.progress import track
from rich.table import Table

from kwspipe.runs.artifacts import read_manifest
from kwspipe.runs.stage_folder import link

# Files that differ between equal runs: logs contain times, locks contain process numbers.
IGNORED = re.compile(r"train/logs/|\.lock|log\.txt$")


@dataclass
class Trial:
    """Result of one kill."""

    stage: str
    fraction: float
    whole_group: bool
    killed_after_s: float
    restart_s: float
    ran_again: list[str]
    same_metrics: bool
    same_outputs: list[str]
    left_over: list[str]
    missing: list[str]
    processes_left: int

    @property
    def passed(self) -> bool:
        """True if the restarted run equals the reference."""
        return self.same_metrics and not self.left_over and not self.missing and not self.processes_left


def files(run_dir: Path) -> set[str]:
    """Returns the relative paths of the compared files of a run."""
    found = {path.relative_to(run_dir).as_posix() for path in run_dir.rglob("*") if path.is_file()}
    return {name for name in found if not IGNORED.search(name)}


def processes_of(session: int) -> int:
    """Returns the number of running processes of a session (Linux)."""
    count = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        count += fields[3] == str(session) and fields[0] != "Z"
    return count


def kill_in(
    stage: str, delay_s: float, overrides: list[str], run_dir: Path, whole_group: bool
) -> tuple[float, int] | None:
    """Starts a run and kills it ``delay_s`` after the start of a stage.

    Returns:
        Seconds from the start of the stage to the kill, and the session; None if the run had ended before.
    """
    process = start(overrides, run_dir)
    moments = {name: moment for name, _, moment in _until(stage, started_stages(process, []))}
    if stage not in moments:
        sys.exit(f"the run ended before {stage} started")
    moment = moments[stage]
    time.sleep(max(moment + delay_s - time.monotonic(), 0))
    if process.poll() is not None:
        return None
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return time.monotonic() - moment, process.pid


def _until(stage: str, stages: Iterator[tuple[str, bool, float]]) -> Iterator[tuple[str, bool, float]]:
    for each in stages:
        yield each
        if each[0] == stage:
            return


def try_once(
    stage: str, fraction: float, whole_group: bool, args: argparse.Namespace, durations: dict[str, float]
) -> Trial | None:
    """Runs one trial; returns None if the run ended before the kill."""
    reference, run_dir = args.folder / "reference", args.folder / "killed"
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(parents=True)
    order = list(durations)
    for earlier in order[: order.index(stage)]:
        link(reference / earlier, run_dir / earlier)
    killed = kill_in(stage, fraction * durations[stage], args.overrides, run_dir, whole_group)
    if killed is None:
        return None
    begin = time.monotonic()
    _, ran_again = run_to_end(args.overrides, run_dir)
    restart_s = time.monotonic() - begin
    return Trial(
        stage=stage,
        fraction=round(fraction, 3),
        whole_group=whole_group,
        killed_after_s=round(killed[0], 2),
        restart_s=round(restart_s, 1),
        ran_again=ran_again,
        same_metrics=same_metrics(reference, run_dir),
        same_outputs=[name for name in order if _outputs(reference / name) == _outputs(run_dir / name)],
        left_over=sorted(files(run_dir) - files(reference)),
        missing=sorted(files(reference) - files(run_dir)),
        processes_left=processes_of(killed[1]),
    )


def _outputs(folder: Path) -> object:
    return (read_manifest(folder) or {}).get("outputs")


def show(trials: list[Trial], console: Console) -> None:
    table = Table(
        title=f"{sum(t.passed for t in trials)} of {len(trials)} restarted runs equal the reference",
        title_justify="left",
    )
    for name in ("stage", "at", "killed", "restart", "ran again", "same outputs", "result"):
        table.add_column(name)
    for trial in trials:
        killed = "all" if trial.whole_group else "command"
        faults = [
            *([] if trial.same_metrics else ["other metrics.json"]),
            *(f"left over: {name}" for name in trial.left_over),
            *(f"missing: {name}" for name in trial.missing),
            *([f"{trial.processes_left} processes remain"] if trial.processes_left else []),
        ]
        table.add_row(
            trial.stage,
            f"{trial.killed_after_s:.1f} s",
            killed,
            f"{trial.restart_s:.0f} s",
            " ".join(trial.ran_again),
            " ".join(trial.same_outputs),
            "[red]" + ", ".join(faults) if faults else "same",
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("runs/prove_resume"))
    args = parsed(parser)
    console = Console(highlight=False)
    stages, _ = run_to_end(args.overrides, args.folder / "reference")
    durations = dict(stages)
    console.print("reference: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages))
    rng = random.Random(args.seed)
    trials: list[Trial] = []
    for number in track(range(args.kills), description="kills", console=console):
        stage = list(durations)[number % len(durations)]  # each stage in turn
        limit = 1.0
        while True:
            fraction = rng.uniform(0, limit)
            trial = try_once(stage, fraction, number // len(durations) % 2 == 0, args, durations)
            if trial is not None:
                break
            limit = fraction  # the run ended earlier than the reference
        trials.append(trial)
        (args.folder / "prove_resume.json").write_text(
            json.dumps([asdict(t) for t in trials], indent=2) + "\n"
        )
    show(trials, console)
    sys.exit(not all(trial.passed for trial in trials))


if __name__ == "__main__":
    main()

"""Runs in sessions of their own, for the tests of resuming and of full disks."""

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

STAGE_LINE = re.compile(r"^(\d+)/\d+ (\w+)  ")
MAX_RUN_S = 7200


def command(overrides: list[str], run_dir: Path) -> list[str]:
    """Returns the command line of a run."""
    return [sys.executable, "-m", "kwspipe", *overrides, f"run_dir={run_dir}"]


def start(overrides: list[str], run_dir: Path) -> "subprocess.Popen[str]":
    """Starts a run in a session of its own, so that all of its processes can be counted and killed."""
    return subprocess.Popen(
        command(overrides, run_dir),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def started_stages(process: "subprocess.Popen[str]", lines: list[str]) -> Iterator[tuple[str, bool, float]]:
    """Yields name, whether it has to run, and start time of each stage when it starts."""
    assert process.stderr
    for line in process.stderr:
        lines.append(line)
        if match := STAGE_LINE.match(line):
            yield match[2], "up to date" not in line, time.monotonic()


def run_to_end(overrides: list[str], run_dir: Path) -> tuple[list[tuple[str, float]], list[str]]:
    """Runs to the end and returns the stages with their durations in seconds, and the stages that had to run."""
    lines: list[str] = []
    process = start(overrides, run_dir)
    stages = list(started_stages(process, lines))
    if process.wait(MAX_RUN_S) != 0:
        sys.exit(f"the run failed:\n{''.join(lines[-20:])}")
    ends = [*(moment for _, _, moment in stages[1:]), time.monotonic()]
    durations = [(name, end - moment) for (name, _, moment), end in zip(stages, ends, strict=True)]
    return durations, [name for name, work, _ in stages if work]


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Returns the parsed command line with other arguments as ``overrides``, and empties ``folder``."""
    args, overrides = parser.parse_known_args()
    args.overrides = overrides
    args.folder = args.folder.resolve()
    shutil.rmtree(args.folder, ignore_errors=True)
    args.folder.mkdir(parents=True)
    return args


def same_metrics(reference: Path, run_dir: Path) -> bool:
    """Returns whether both runs have the same metrics.json, or the reference has none."""
    metrics = [folder / "evaluate" / "metrics.json" for folder in (reference, run_dir)]
    return not metrics[0].is_file() or metrics[0].read_bytes() == metrics[1].read_bytes()

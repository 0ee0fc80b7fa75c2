"""Measures the time of a training job before and during its first step, by part.

    python scripts/measure_cold_start.py +experiment=digits_3 dataset=folder dataset.root=data/speech

The script prepares the data, then starts trainings of one epoch and ends each after its first step. It prints the
wall-clock time and the CPU time of each part in the process of the command and in that of the stage. Of several runs,
the one with the least CPU time of kwspipe is printed. On a machine with other load, only the CPU time is comparable.
The import of TensorFlow and Keras, the construction of the network and the first step, which traces the graph, are
attributed to libraries. The processes that create batches start in parallel and are not included.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

RUNS = 3
HOOK = Path(__file__).with_name("cold_start_hook.py")
PARTS = {
    "command": "command line, configuration, plan of the stages",
    "process": "start of the process of the stage",
    "imports": "imports of the stage, start of the worker processes",
    "keras": "import of Keras and TensorFlow",
    "devices": "configuration of the devices",
    "validation": "features of the validation split",
    "network": "construction of the network, loading of the checkpoint",
    "optimizer": "construction of the optimizer",
    "batch": "wait for the first batch",
    "step": "first step, with tracing",
}
LIBRARIES = ("keras", "network", "step")  # parts whose time is spent in libraries
Times = dict[str, tuple[float, float]]  # wall-clock and CPU seconds by part


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _, overrides = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HOOK, Path(folder) / "sitecustomize.py")
        command = [sys.executable, "-m", "kwspipe", *overrides, f"run_dir={folder}/run", "train.epochs=1"]
        if subprocess.run([*command, "stages=[prepare]"]).returncode:
            sys.exit(1)
        runs = [run([*command, "stages=[train]"], Path(folder)) for _ in range(RUNS)]
    show(min(runs, key=lambda times: sum(own(times, 1))))


def run(command: list[str], folder: Path) -> Times:
    """Runs a training up to its first step and returns the time of each part."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "COLD_START_LOG": str(log)}
    begin = time.time()
    subprocess.run(command, env=environment, capture_output=True)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    stage = events[-1][3]
    started = next(index for index, event in enumerate(events) if event[0] == "command" and event[3] != stage)
    of_stage = [event for event in events[started + 1 :] if event[3] == stage and event[0] != "command"]
    times, before = {}, {events[started][3]: 0.0, stage: 0.0}
    for name, clock, cpu, process in [events[started], *of_stage]:
        times[name] = (clock - begin, cpu - before[process])
        begin, before[process] = clock, cpu
    return times


def own(times: Times, which: int) -> list[float]:
    """Returns the seconds of each part of kwspipe: wall-clock (0) or CPU (1)."""
    return [pair[which] for name, pair in times.items() if name not in LIBRARIES]


def show(times: Times) -> None:
    table = Table(title="Time until the end of the first training step", title_justify="left")
    for name in ("part", "wall clock s", "CPU s", "spent in"):
        table.add_column(name, justify="left" if name in ("part", "spent in") else "right")
    for name, (clock, cpu) in times.items():
        where = "libraries" if name in LIBRARIES else "kwspipe"
        table.add_row(PARTS[name], f"{clock:.2f}", f"{cpu:.2f}", where)
    console = Console()
    console.print(table)
    for which, name in enumerate(("wall clock", "CPU")):
        total = sum(pair[which] for pair in times.values())
        console.print(f"{name}: kwspipe {sum(own(times, which)):.2f} s of {total:.2f} s")


if __name__ == "__main__":
    main()

"""Measures what a job costs before its first training step, and how much of that is ours.

    python scripts/measure_cold_start.py +experiment=digits_3 dataset=folder dataset.root=data/speech

Prepares once, then starts trainings of one epoch and ends each after its first step. Times are of the clock and of the
processor, in the command's process and in that of the stage; of several runs the one with the least. On a machine with
other work the clock tells of that, the processor of us. ``ours`` is all but the import of TensorFlow and Keras,
building the network, and the first step itself, which traces the graph. The workers that make batches start at the same
time, on other cores, and are not in it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

RUNS = 3
# Imported by every Python process with this on its path: notes moments in the command and in the process that trains.
HOOK = """
import json, os, sys, time
def note(what):
    with open(os.environ["COLD_START_LOG"], "a") as file:
        file.write(json.dumps([what, time.time(), time.process_time(), os.getpid()]) + "\\n")
class Hook:
    def find_spec(self, name, path=None, target=None):
        if name == "multiprocessing.popen_spawn_posix" and "kwspipe.pipeline.stage_process" in sys.modules:
            note("command")
        if name == "kwspipe.pipeline.stage_process":
            note("process")
        if name == "keras":
            note("imports")
        if name == "kwspipe.models":  # train imports it right after Keras and TensorFlow
            note("keras")
            watch(sys.modules["kwspipe.stages.train"], sys.modules["kwspipe.training.loop"].TrainingLoop)
        return None
def watch(stage, loop):
    features, step, build = stage.split_features, loop._step, loop.__init__
    def computed(*arguments):
        note("devices")
        result = features(*arguments)
        note("validation")
        return result
    def first(self, *arguments):
        note("batch")
        step(self, *arguments)
        note("step")
        os._exit(0)
    def begin(self, *arguments, **named):
        note("network")
        build(self, *arguments, **named)
        note("optimizer")
    stage.split_features, loop._step, loop.__init__ = computed, first, begin
sys.meta_path.insert(0, Hook())
"""
WHAT = {
    "command": "command line, configuration, what has to run",
    "process": "the stage's process started",
    "imports": "its own imports; workers started",
    "keras": "import of Keras and TensorFlow",
    "devices": "devices chosen and set",
    "validation": "features for validation",
    "network": "network built, checkpoint loaded",
    "optimizer": "optimizer built",
    "batch": "wait for the first batch",
    "step": "first step, with tracing",
}
LIBRARIES = ("keras", "network", "step")  # the time up to these is not ours
Times = dict[str, tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _, overrides = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(HOOK)
        command = [sys.executable, "-m", "kwspipe", *overrides, f"run_dir={folder}/run", "train.epochs=1"]
        if subprocess.run([*command, "stages=[prepare]"]).returncode:
            sys.exit(1)
        runs = [run([*command, "stages=[train]"], Path(folder)) for _ in range(RUNS)]
    show(min(runs, key=lambda times: sum(own(times, 1))))


def run(command: list[str], folder: Path) -> Times:
    """Returns seconds of the clock and of the processor up to each moment, since the one before it."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "COLD_START_LOG": str(log)}
    begin = time.time()
    subprocess.run(command, env=environment, capture_output=True)
    notes = [json.loads(line) for line in log.read_text().splitlines()]
    stage = notes[-1][3]
    started = next(number for number, note in enumerate(notes) if note[0] == "command" and note[3] != stage)
    own_notes = [note for note in notes[started + 1 :] if note[3] == stage and note[0] != "command"]
    times, before = {}, {notes[started][3]: 0.0, stage: 0.0}
    for what, clock, cpu, process in [notes[started], *own_notes]:
        times[what] = (clock - begin, cpu - before[process])
        begin, before[process] = clock, cpu
    return times


def own(times: Times, which: int) -> list[float]:
    """Returns the seconds of each part that is ours: of the clock (0) or of the processor (1)."""
    return [pair[which] for what, pair in times.items() if what not in LIBRARIES]


def show(times: Times) -> None:
    table = Table(title="Before the first training step is over", title_justify="left")
    for name in ("", "clock s", "processor s", "whose"):
        table.add_column(name, justify="left" if name in ("", "whose") else "right")
    for what, (clock, cpu) in times.items():
        table.add_row(WHAT[what], f"{clock:.2f}", f"{cpu:.2f}", "libraries" if what in LIBRARIES else "ours")
    console = Console()
    console.print(table)
    for which, name in enumerate(("clock", "processor")):
        total = sum(pair[which] for pair in times.values())
        console.print(f"{name}: ours {sum(own(times, which)):.2f} s of {total:.2f} s")


if __name__ == "__main__":
    main()

"""Measures what a job costs before its first training step, and how much of that is ours.

    python scripts/measure_cold_start.py +experiment=digits_3 dataset=folder dataset.root=data/speech

Prepares once, then starts a training of one epoch and ends it after its first step. Times are of the clock and of the
processor; ``ours`` is all but the import of TensorFlow and Keras, building the model, and the first step itself, which
traces the graph.
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

# Imported by every Python process with this on its path: notes moments in the process that trains.
HOOK = """
import json, os, sys, time
def note(what):
    with open(os.environ["COLD_START_LOG"], "a") as file:
        file.write(json.dumps([what, time.time(), time.process_time(), os.getpid()]) + "\\n")
class Hook:
    def find_spec(self, name, path=None, target=None):
        if name == "kwspipe.stage_process":
            note("stage process")
        if name == "keras":
            note("keras begins")
        if name == "kwspipe.models":  # train imports it right after Keras and TensorFlow
            note("keras ends")
            watch(sys.modules["kwspipe.training.loop"].TrainingLoop)
        return None
def watch(loop):
    step, build = loop._step, loop.__init__
    def first(self, *arguments):
        note("first step begins")
        step(self, *arguments)
        note("first step ends")
        os._exit(0)
    def begin(self, *arguments, **named):
        note("model built")
        build(self, *arguments, **named)
        note("loop made")
    loop._step, loop.__init__ = first, begin
sys.meta_path.insert(0, Hook())
"""
ORDER = (
    "stage process", "keras begins", "keras ends", "model built", "loop made", "first step begins", "first step ends",
)  # fmt: skip
LIBRARIES = ("keras ends", "model built", "first step ends")  # the time up to these is not ours


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _, overrides = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(HOOK)
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "kwspipe", *overrides, f"run_dir={folder}/run", "train.epochs=1"]
        if subprocess.run([*command, "stages=[prepare]"]).returncode:
            sys.exit(1)
        path = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path, "COLD_START_LOG": str(log)}
        begin = time.time()
        subprocess.run([*command, "stages=[train]"], env=environment, capture_output=True)
        notes = [json.loads(line) for line in log.read_text().splitlines()]
    last = notes[-1][3]
    times = {what: (clock - begin, cpu) for what, clock, cpu, process in notes if process == last}
    show(times)


def show(times: dict[str, tuple[float, float]]) -> None:
    table = Table(title="Before the first training step is over", title_justify="left")
    for name in ("up to", "clock s", "took s", "processor s (stage's process)", ""):
        table.add_column(name, justify="left" if name in ("up to", "") else "right")
    before, ours = 0.0, 0.0
    for what in ORDER:
        if what not in times:
            continue
        clock, cpu = times[what]
        mine = what not in LIBRARIES
        ours += clock - before if mine else 0
        table.add_row(
            what, f"{clock:.2f}", f"{clock - before:.2f}", f"{cpu:.2f}", "ours" if mine else "libraries"
        )
        before = clock
    console = Console()
    console.print(table)
    console.print(f"ours: {ours:.2f} s of {before:.2f} s")


if __name__ == "__main__":
    main()

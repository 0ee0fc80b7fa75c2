"""Import hook of measure_cold_start.py. Python imports it as ``sitecustomize`` at the start of each process.

It appends the name, the wall-clock time, the CPU time and the process number of each event to the file
``COLD_START_LOG``, and ends the process of the stage after the first training step.
"""

import json
import os
import sys
import time
from typing import Any


def note(event: str) -> None:
    """Appends an event to the log."""
    with open(os.environ["COLD_START_LOG"], "a") as file:  # noqa: PTH123 (pathlib is part of the measurement)
        file.write(json.dumps([event, time.time(), time.process_time(), os.getpid()]) + "\n")


class Hook:
    """Notes an event when a module is imported for the first time."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Returns None, so that Python finds the module with its other finders."""
        if name == "multiprocessing.popen_spawn_posix" and "kwspipe.pipeline.stage_process" in sys.modules:
            note("command")
        if name == "kwspipe.pipeline.stage_process":
            note("process")
        if name == "keras" and "kwspipe.stages.train" in sys.modules:
            note("imports")
            watch(sys.modules["kwspipe.stages.train"])


def watch(train: Any) -> None:
    """Replaces functions of the stage by functions that note an event before or after the call."""
    loop = train.TrainingLoop
    prepare, features, step, build = train.devices.prepare, train.split_features, loop._step, loop.__init__

    def noted_prepare(*arguments: Any) -> Any:
        note("keras")
        result = prepare(*arguments)
        note("devices")
        return result

    def noted_features(*arguments: Any) -> Any:
        result = features(*arguments)
        note("validation")
        return result

    def noted_build(self: Any, *arguments: Any, **named: Any) -> None:
        note("network")
        build(self, *arguments, **named)
        note("optimizer")

    def noted_step(self: Any, *arguments: Any) -> None:
        note("batch")
        step(self, *arguments)
        note("step")
        os._exit(0)

    train.devices.prepare, train.split_features = noted_prepare, noted_features
    loop.__init__, loop._step = noted_build, noted_step


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, Hook())

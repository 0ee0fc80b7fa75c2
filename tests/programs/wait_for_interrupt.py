"""Runs the command line with a stage process and two workers that wait, as a training does.

It prints ``ready`` and the numbers of the three processes, and a progress bar on a terminal.
"""

import os
import time

from kwspipe import __main__ as command_line
from kwspipe.files.process import call_in_process, worker_pool
from kwspipe.terminal.progress import ProgressBars


def stage() -> None:
    with worker_pool(2) as pool, ProgressBars() as bars:
        bars.add_task("waiting", total=3)
        pool.submit(time.sleep, 0).result()
        print("ready", os.getpid(), *pool._processes, flush=True)
        pool.submit(time.sleep, 0.5)
        time.sleep(60)


if __name__ == "__main__":
    command_line._main = lambda: call_in_process(stage)
    command_line.main()

"""Child processes that end with their parent process."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from kwspipe.errors import KwspipeError


def exit_with_parent() -> None:
    """Ends this process when its parent process ends, also after a crash. Used as the initializer of a process pool."""
    # The parent handles Ctrl-C for both processes. The default handler keeps the child from printing a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def redirect_native_stderr(log: Path) -> None:
    """Redirects file descriptor 2 to a file. Python's ``sys.stderr`` keeps its destination.

    The C++ code of TensorFlow prints dozens of status lines to this descriptor at any log level.
    """
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding)
    with log.open("a") as file:
        os.dup2(file.fileno(), 2)


def call_in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function in a new process and returns its result.

    Stages run in processes of their own for two reasons. TensorFlow and tflite-runtime do not work in the same
    process, and memory and threads of a stage are released before the next stage starts.

    Raises:
        KwspipeError: the process was killed or crashed.
        Exception: any exception of the function.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=exit_with_parent) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            raise KwspipeError(
                f"process of {function.__module__}",
                "it was killed or crashed before it returned a result",
                "a process that runs to its end",
                "check whether the machine ran out of memory (dmesg) or the disk is full, then run the same command "
                "again: it continues the run",
            ) from None

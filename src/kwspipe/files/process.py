"""Child processes that never outlive us."""

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
    """Makes this process end when its parent does, however that ends. Give it as a pool's initializer."""
    # The parent answers Ctrl-C for both; without this the child would print a traceback of its own.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def divert_native_messages(log: Path) -> None:
    """Sends what libraries write to file descriptor 2 into a file; Python's own stderr stays where it was.

    TensorFlow's C++ parts print dozens of lines about themselves there, whatever their log level.
    """
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding)
    with log.open("a") as file:
        os.dup2(file.fileno(), 2)


def call_in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function in a fresh process and returns its result; its exceptions are raised here.

    Stages run this way because TensorFlow and tflite-runtime do not work in one process, and so that memory and
    threads of one stage are gone before the next.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=exit_with_parent) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            raise KwspipeError(
                f"process of {function.__module__}",
                "it was killed, or it crashed, before it could answer",
                "a process that runs to its end",
                "see whether the machine ran out of memory (dmesg) or the disk is full, then run the same command "
                "again: it goes on where it was",
            ) from None

"""Child processes that end with their parent process, and interrupts by Ctrl-C or SIGTERM."""

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from kwspipe.errors import KwspipeError

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
# Time that an interrupted process has to remove its temporary files and end its children. It is then killed.
MAX_END_S = 5.0


class ChildTracebackError(Exception):
    """Traceback of an unexpected exception in a child process, as the cause of that exception in the parent."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def raise_on_interrupt() -> None:
    """Makes the first SIGINT or SIGTERM raise KeyboardInterrupt in the main thread. Later ones have no effect.

    A second signal would otherwise end the cleanup of the first one. A terminal sends SIGINT to all processes, and the
    parent process sends SIGTERM in addition.
    """

    received: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            # Threads and destructors that fail because a process has ended do not print their tracebacks.
            threading.excepthook = lambda _: None
            sys.unraisablehook = lambda _: None
            raise KeyboardInterrupt

    for one in INTERRUPTS:
        signal.signal(one, interrupt)


def ignore_interrupts() -> None:
    """Ignores SIGINT and SIGTERM from here on.

    At the end of a process, Python replaces its handlers by those of the system, except for ignored signals. A signal
    in that time would end the process without its exit code.
    """
    for one in INTERRUPTS:
        signal.signal(one, signal.SIG_IGN)


def exit_with_parent() -> None:
    """Ends this process when its parent process ends, also after a crash. Ctrl-C has no effect on this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _unblock_interrupts()
    _watch_parent()


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Defers SIGINT and SIGTERM to the end of the block. Processes that start in the block block both signals.

    A new process imports modules for a second before it can handle a signal. An interrupt in that time would print the
    traceback of the import.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start would unblock the signals
    received: list[int] = []
    before = {one: signal.signal(one, lambda number, _: received.append(number)) for one in INTERRUPTS}
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for one, handler in before.items():
            signal.signal(one, handler or signal.SIG_DFL)
        if received:
            signal.raise_signal(received[0])


def _unblock_interrupts() -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)


def worker_pool(
    workers: int, initializer: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> ProcessPoolExecutor:
    """Starts a pool of processes that end with this process and ignore Ctrl-C.

    Args:
        workers: number of processes. They start immediately.
        initializer: function called in each process before its first task.
        arguments: arguments of ``initializer``.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start_worker, (initializer, arguments))
    with interrupts_deferred():
        for _ in range(workers):
            pool.submit(_do_nothing)
    return pool


def _start_worker(initializer: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    exit_with_parent()
    if initializer is not None:
        initializer(*arguments)


def _do_nothing() -> None:
    """A task that makes the pool start a process."""


def redirect_native_stderr(path: Path) -> None:
    """Redirects file descriptor 2 to a file. Python's ``sys.stderr`` keeps its destination.

    The C++ code of TensorFlow prints dozens of status lines to this descriptor at any log level.
    """
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding)
    with path.open("a") as file:
        os.dup2(file.fileno(), 2)


def call_in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function in a new process and returns its result.

    Stages run in processes of their own for two reasons. TensorFlow and tflite-runtime do not work in the same
    process, and memory and threads of a stage are released before the next stage starts.

    Raises:
        KwspipeError: the process was killed or crashed.
        KeyboardInterrupt: this process or the other one was interrupted. The other one has ended.
        Exception: any exception of the function.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(sender, function, arguments))
    try:
        with interrupts_deferred():
            process.start()
            sender.close()
        multiprocessing.connection.wait([receiver, process.sentinel])
        if not receiver.poll():
            raise EOFError
        result, error, trace = receiver.recv()
        process.join()
    except (EOFError, ConnectionError):
        process.join()
        raise KwspipeError(
            f"process of {function.__module__}",
            "it was killed or crashed before it returned a result",
            "a process that runs to its end",
            "check whether the machine ran out of memory (dmesg) or the disk is full, then run the same command "
            "again: it continues the run",
        ) from None
    except BaseException:
        _end(process)
        raise
    finally:
        receiver.close()
    if error is not None:
        raise error from (ChildTracebackError(trace) if trace else None)
    return result


def _end(process: Any) -> None:
    """Interrupts a process, and kills it if it does not end in time."""
    if process.pid is not None:
        process.terminate()
        process.join(MAX_END_S)
        process.kill()
        process.join()


def _call(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Calls a function in a child process and sends its result, its exception, and the traceback if unexpected."""
    _watch_parent()
    message: tuple[Any, BaseException | None, str]
    try:
        raise_on_interrupt()
        _unblock_interrupts()
        message = function(*arguments), None, ""
    except KeyboardInterrupt:
        message = None, KeyboardInterrupt(), ""
    except KwspipeError as error:
        message = None, error, ""
    except BaseException as error:
        message = None, _portable(error), "".join(traceback.format_exception(error))
    with suppress(KeyboardInterrupt, BrokenPipeError):
        sender.send(message)


def _portable(error: BaseException) -> BaseException:
    """Returns the exception, or RuntimeError if another process cannot read it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error

"""Child processes: exceptions, crashes and the end of the parent."""

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.files.process import ChildTracebackError, call_in_process
from support.own_process import command

WAITING = command("wait_for_interrupt.py")
MESSAGE = "Interrupted. The same command resumes the run."


def fail_with_text() -> None:
    raise ConfigError(["a: one", "b: two"])


class UnreadableError(Exception):
    """An exception that cannot be read from its pickle."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


def fail_unexpectedly(unreadable: bool) -> None:
    raise UnreadableError("a", "b") if unreadable else ValueError("unexpected")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave_a_file(path: str) -> None:
    time.sleep(1.5)
    Path(path).write_text("still alive")


def die_with_a_child_at_work(path: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ThreadPoolExecutor().submit(call_in_process, leave_a_file, path)
    time.sleep(1)
    os._exit(1)


def test_exceptions_of_the_child_are_raised_in_the_parent_unchanged() -> None:
    with pytest.raises(ConfigError) as caught:
        call_in_process(fail_with_text)
    assert caught.value.problems == ("a: one", "b: two")


@pytest.mark.parametrize(
    ("unreadable", "kind", "text"),
    [(False, ValueError, "^unexpected$"), (True, RuntimeError, "^UnreadableError: a and b$")],
)
def test_unexpected_exceptions_have_the_traceback_of_the_child(
    unreadable: bool, kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text) as caught:
        call_in_process(fail_unexpectedly, unreadable)
    assert isinstance(caught.value.__cause__, ChildTracebackError)
    assert "in fail_unexpectedly" in str(caught.value.__cause__)


def test_a_killed_process_raises_an_error_with_a_remedy() -> None:
    with pytest.raises(KwspipeError, match=r"it was killed or crashed.*run the same command again"):
        call_in_process(die)


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError, match="it was killed"):
        call_in_process(die_with_a_child_at_work, str(tmp_path / "file"))
    time.sleep(2)
    assert not (tmp_path / "file").exists()


def is_running(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="the test reads /proc")
@pytest.mark.parametrize(
    ("signals", "whole_group"),
    [
        ([signal.SIGINT], True),
        ([signal.SIGINT, signal.SIGINT], True),
        ([signal.SIGINT], False),
        ([signal.SIGTERM], True),
        ([signal.SIGTERM], False),
    ],
    ids=["Ctrl-C", "Ctrl-C twice", "SIGINT", "SIGTERM to all", "SIGTERM"],
)
def test_an_interrupt_ends_all_processes_with_one_line(signals: list[int], whole_group: bool) -> None:
    program = subprocess.Popen(
        WAITING, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert program.stdout is not None
    ready, *processes = program.stdout.readline().split()
    assert ready == "ready" and len(processes) == 3
    for number in signals:
        (os.killpg if whole_group else os.kill)(program.pid, number)
        time.sleep(0.1)
    output, errors = program.communicate(timeout=30)
    assert (program.returncode, output, errors) == (130, "", f"{MESSAGE}\n")
    assert not any(is_running(int(process)) for process in processes)


def test_an_interrupt_leaves_no_progress_bar_on_a_terminal() -> None:
    program, terminal = pty.fork()
    if program == 0:
        os.execv(WAITING[0], WAITING)
    shown = b""
    interrupted = False
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the program has ended
            break
        if b"ready" in shown and not interrupted:
            interrupted = bool(os.write(terminal, b"\x03"))  # Ctrl-C
    _, status = os.waitpid(program, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    *_, end = shown.decode().partition("ready")
    assert end.endswith(f"\x1b[2K{MESSAGE}\r\n") and "Traceback" not in end
    assert end.rindex("\x1b[?25h") > end.rindex("waiting")  # the cursor is shown after the last bar

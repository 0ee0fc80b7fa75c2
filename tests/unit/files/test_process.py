"""Child processes: exceptions, crashes and the end of the parent."""

import os
import signal
import time
from pathlib import Path

import pytest

from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.files.process import call_in_process


def fail_with_text() -> None:
    raise ConfigError(["a: one", "b: two"])


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


def test_a_killed_process_raises_an_error_with_a_remedy() -> None:
    with pytest.raises(KwspipeError, match=r"it was killed or crashed.*run the same command again"):
        call_in_process(die)


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError, match="it was killed"):
        call_in_process(die_with_a_child_at_work, str(tmp_path / "file"))
    time.sleep(2)
    assert not (tmp_path / "file").exists()

"""Translation of disk-full errors of different libraries."""

import errno
import subprocess
from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.files import disk
from support.own_process import command


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EFBIG, "File too large"),
        RuntimeError(
            "Unable to write (file write failed: errno = 28, error message = 'No space left on device')"
        ),
    ],
)
def test_the_error_of_a_full_disk_has_a_remedy(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(KwspipeError) as caught, disk.translate_disk_errors(tmp_path):
        raise error
    assert f"{tmp_path}: no room on the disk to write it" in str(caught.value)
    assert "make room, or set run_dir to another disk; the same command then continues" in str(caught.value)


def test_the_cause_is_found_in_chained_exceptions_and_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError), disk.translate_disk_errors(tmp_path):
        try:
            raise OSError(errno.EDQUOT, "quota")
        except OSError as error:
            raise ValueError("cannot save") from error
    with pytest.raises(KwspipeError, match=r"/x/model\.h5: no room"), disk.translate_disk_errors(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device", "/x/model.h5")


def test_other_exceptions_are_not_translated(tmp_path: Path) -> None:
    for error in (
        OSError(errno.EACCES, "denied"),
        ValueError("x"),
        KwspipeError("disk is full", "b", "c", "d"),
    ):
        with pytest.raises(type(error)) as caught, disk.translate_disk_errors(tmp_path):
            raise error
        assert caught.value is error


@pytest.mark.parametrize("error", ["full", "other"])
def test_only_disk_full_errors_of_destructors_are_silenced(error: str) -> None:
    program = command("raise_in_destructors.py", error)
    stderr = subprocess.run(program, capture_output=True, text=True).stderr
    assert "error of a destructor" in stderr and "No space left" not in stderr
    assert ("error of the program" in stderr) == (error == "other")

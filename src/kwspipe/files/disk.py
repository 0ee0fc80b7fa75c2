"""Translation of disk-full errors of any library into KwspipeError, and creation of folders."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from kwspipe.errors import KwspipeError

DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# h5py, TensorFlow and SQLite raise their own exceptions, which contain the text of the operating system.
DISK_FULL_MESSAGES = ("No space left on device", "Disk quota exceeded", "File too large", "disk is full")


def make_folder(folder: Path, key: str) -> None:
    """Creates a folder and its parents, unless they exist.

    Args:
        folder: the folder to create.
        key: configuration key that names the folder.

    Raises:
        KwspipeError: the folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KwspipeError(
            key, f"{folder} cannot be made: {error.strerror}", "a folder you may write to", f"set {key}=..."
        ) from None


@contextmanager
def translate_disk_errors(folder: Path) -> Iterator[None]:
    """Raises KwspipeError in place of any library's exception about a full disk.

    Args:
        folder: the folder named in the error where the exception has no file name.

    Raises:
        KwspipeError: the disk, the quota or the file size limit is exhausted.
    """
    try:
        yield
    except KwspipeError:
        raise
    except Exception as error:
        if not is_disk_full(error):
            raise
        name = error.filename if isinstance(error, OSError) and isinstance(error.filename, str) else folder
        raise KwspipeError(
            str(name),
            "no room on the disk to write it",
            "a disk with room, within the user's quota and the limit on file sizes",
            "make room, or set run_dir to another disk; the same command then continues the run",
        ) from None


def silence_disk_full_destructors() -> None:
    """Suppresses the tracebacks of destructors that fail on a full disk, for the rest of the process.

    The destructors of h5py print one traceback each, in addition to the error message. Python passes these exceptions
    to ``sys.unraisablehook`` or ``sys.excepthook``; no ``except`` clause can catch them.
    """
    unraisable_hook, exception_hook = sys.unraisablehook, sys.excepthook

    def on_unraisable(report: "sys.UnraisableHookArgs") -> None:
        if not is_disk_full(report.exc_value):
            unraisable_hook(report)

    def on_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not is_disk_full(error):
            exception_hook(kind, error, trace)

    sys.unraisablehook, sys.excepthook = on_unraisable, on_uncaught


def is_disk_full(error: BaseException | None) -> bool:
    """Returns whether an exception or one of its causes reports a full disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS:
            return True
        if any(message in str(error) for message in DISK_FULL_MESSAGES):
            return True
        error = error.__cause__ or error.__context__
    return False

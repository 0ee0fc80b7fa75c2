"""What a disk refuses is a user's problem with a simple remedy, whatever library meets it and however it words that."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from kwspipe.errors import KwspipeError

NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# h5py, TensorFlow and SQLite raise exceptions of their own, with the system's words in the text.
WORDS = ("No space left on device", "Disk quota exceeded", "File too large", "disk is full")


def make_folder(folder: Path, key: str) -> None:
    """Makes a folder, and those above it, where it is missing.

    Args:
        folder: to make.
        key: of the configuration, which names the folder.

    Raises:
        KwspipeError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KwspipeError(
            key, f"{folder} cannot be made: {error.strerror}", "a folder you may write to", f"set {key}=..."
        ) from None


@contextmanager
def errors_made_clear(folder: Path) -> Iterator[None]:
    """Turns what any library raises on a full disk into a KwspipeError.

    Args:
        folder: what was being written to.

    Raises:
        KwspipeError: there was no room.
    """
    try:
        yield
    except KwspipeError:
        raise
    except Exception as error:
        if not is_full(error):
            raise
        name = error.filename if isinstance(error, OSError) and isinstance(error.filename, str) else folder
        raise KwspipeError(
            str(name),
            "no room on the disk to write it",
            "a disk with room, within the user's quota and the limit on a file's size",
            "make room, or set run_dir to another disk; the same command then goes on where it was",
        ) from None


def keep_destructors_quiet() -> None:
    """Lets destructors that meet the full disk once more fail in silence, for the rest of the process.

    h5py's print a traceback each, beside the message that says what to do. Python hands such an exception to either
    hook, never to the code that could catch it.
    """
    unraisable, uncaught = sys.unraisablehook, sys.excepthook

    def on_unraisable(report: "sys.UnraisableHookArgs") -> None:
        if not is_full(report.exc_value):
            unraisable(report)

    def on_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not is_full(error):
            uncaught(kind, error, trace)

    sys.unraisablehook, sys.excepthook = on_unraisable, on_uncaught


def is_full(error: BaseException | None) -> bool:
    """Tells whether an exception, or one it came from, means that there is no room on the disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NUMBERS:
            return True
        if any(words in str(error) for words in WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False

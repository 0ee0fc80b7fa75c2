"""Log of a run: lines of the stages with their times, warnings of libraries, and the error that ended the run."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kwspipe.errors import KwspipeError

LOG = "log.txt"
NATIVE = (
    ".native_messages"  # output of the native code of TensorFlow and of its child processes, during a stage
)
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
log = logging.getLogger("kwspipe")

# Status lines of native libraries: below the level of a warning, or a continuation of such a line.
STATUS = re.compile(
    r"\s*$|I\d{4} \d|INFO: |WARNING: All log messages before absl::InitializeLog|To enable the following instructions"
    r"|fully_quantize: \d"
)


def start(run_dir: Path) -> logging.Handler:
    """Appends the messages of kwspipe from INFO on and those of libraries from WARNING on to the log of a run.

    Returns:
        The handler of the file.
    """
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # an unwritable log does not produce tracebacks
    handler = logging.FileHandler(run_dir / LOG, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    log.setLevel(logging.INFO)
    return handler


@contextmanager
def logged(run_dir: Path) -> Iterator[None]:
    """Writes the log of a run during the block, and the exception that ends the block."""
    handler = start(run_dir)
    try:
        yield
    except KwspipeError as error:
        log.error("%s", error)
        raise
    except KeyboardInterrupt:
        log.warning("interrupted")
        raise
    except Exception:
        log.exception("unexpected error")
        raise
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def append_native_messages(run_dir: Path) -> None:
    """Moves the messages of native libraries to the log, without status lines."""
    path = run_dir / NATIVE
    with suppress(OSError):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        path.unlink()
        kept = [line for line in lines if not STATUS.match(line)]
        if kept:
            log.warning("messages of native libraries:\n%s", "\n".join(kept))

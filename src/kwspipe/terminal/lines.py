"""Lines of the stages on the console, which are also written to the log of the run."""

import logging
import os
from functools import cache
from typing import Any

from rich.console import Console
from rich.control import Control
from rich.padding import Padding
from rich.text import Text

INDENT = 4
# Width of tables where the output is not a terminal and the variable COLUMNS is not set.
PIPED_WIDTH = 120
# Width of the log. Lines are not wrapped.
LOG_WIDTH = 1000

# The run directory's log.txt contains the messages of this logger from INFO on, and those of libraries from WARNING on.
log = logging.getLogger("kwspipe")


class LoggedConsole(Console):
    """A console whose lines are not wrapped and are also sent to the logger ``kwspipe``.

    Args:
        stderr: writes to standard error, otherwise to standard output.
        options: further arguments of ``rich.console.Console``.
    """

    def __init__(self, *, stderr: bool, **options: Any) -> None:
        super().__init__(stderr=stderr, highlight=False, **options)
        if not self.is_terminal and "COLUMNS" not in os.environ and "width" not in options:
            self._width = PIPED_WIDTH

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints objects as ``rich.console.Console.print`` does, and logs their text."""
        if all(isinstance(one, str | Text) for one in objects):
            options.setdefault("soft_wrap", True)
        super().print(*objects, **options)
        if (
            objects
            and log.isEnabledFor(logging.INFO)
            and not any(isinstance(one, Control) for one in objects)
        ):
            self._log(objects, options)

    def _log(self, objects: tuple[Any, ...], options: dict[str, Any]) -> None:
        plain = Console(width=LOG_WIDTH, color_system=None, force_terminal=False, highlight=False)
        with plain.capture() as captured:
            plain.print(*objects, **options)
        level = logging.WARNING if "yellow" in str(options.get("style") or objects[0]) else logging.INFO
        for line in filter(None, map(str.rstrip, captured.get().splitlines())):
            log.log(level, line.removeprefix(" " * INDENT))


@cache
def console(stderr: bool = True) -> LoggedConsole:
    """Returns the console of this process for standard error (messages) or standard output (results)."""
    return LoggedConsole(stderr=stderr)


def print_line(text: str, style: str = "", indent: int = INDENT, target: LoggedConsole | None = None) -> None:
    """Prints a line of a stage on standard error. Markup in the text has no effect.

    A terminal wraps a long line between words, with the same indentation. Other outputs receive one line.

    Args:
        text: the line.
        style: style of rich, for example ``yellow`` for a warning.
        indent: number of spaces before the line.
        target: the console; None: standard error.
    """
    target = target or console()
    longest_word = max(map(len, text.split()), default=0)
    if target.is_terminal and longest_word + indent <= target.width:
        line: Any = Padding(Text(text, overflow="fold"), (0, 0, 0, indent), expand=False)
    else:
        line = Text(" " * indent + text)
    target.print(line, style=style)


def print_interrupted() -> None:
    """Prints the line that ends an interrupted command, in place of the ``^C`` that a terminal shows."""
    target = console()
    if target.is_terminal:
        target.show_cursor(True)
        target.file.write("\r\x1b[2K")
    target.print("Interrupted. The same command resumes the run.")

"""Lines of the stages on the console, which are also written to the log of the run."""

import logging
import os
from functools import cache
from typing import Any

from rich.console import Console
from rich.containers import Lines
from rich.control import Control
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
            _log(objects, options)

    def print_line(self, text: str, style: str = "", indent: int = INDENT) -> None:
        """Prints and logs a line; see the function ``print_line``."""
        level = logging.WARNING if "yellow" in style else logging.INFO
        log.log(level, "%s", " " * (indent - INDENT) + text)
        width = self.width - indent
        if self.is_terminal and max(map(len, text.split()), default=0) <= width:
            lines = Text(text, style).wrap(self, width)
            for line in lines:
                line.rstrip()
        else:
            lines = Lines([Text(text, style)])
        indented = [Text(" " * indent).append_text(line) for line in lines]
        super().print(Text("\n").join(indented), soft_wrap=True)


def _log(objects: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Logs the text of printed objects without style."""
    plain = Console(width=LOG_WIDTH, color_system=None, force_terminal=False, highlight=False)
    with plain.capture() as captured:
        plain.print(*objects, **options)
    style = options.get("style") or getattr(objects[0], "style", objects[0])
    level = logging.WARNING if "yellow" in str(style) else logging.INFO
    for line in filter(None, map(str.rstrip, captured.get().splitlines())):
        log.log(level, "%s", line.removeprefix(" " * INDENT))


@cache
def console(stderr: bool = True) -> LoggedConsole:
    """Returns the console of this process for standard error (messages) or standard output (results)."""
    return LoggedConsole(stderr=stderr)


def print_line(text: str, style: str = "", indent: int = INDENT) -> None:
    """Prints a line of a stage on standard error, and logs it. Markup in the text has no effect.

    A terminal wraps a long line between words, with the same indentation. Other outputs receive one line.

    Args:
        text: the line.
        style: style of rich; ``yellow`` also for a warning in the log.
        indent: number of spaces before the line.
    """
    console().print_line(text, style, indent)


def print_interrupted() -> None:
    """Prints the line that ends an interrupted command, in place of the ``^C`` that a terminal shows."""
    target = console()
    if target.is_terminal:
        target.show_cursor(True)
        target.file.write("\r\x1b[2K")
    target.print("Interrupted. The same command resumes the run.")

"""Lines of the stages: wrapping, markup and the log."""

import io
import logging

import pytest
from rich.table import Table

from kwspipe.terminal.lines import LoggedConsole, print_interrupted

LONG = "source speech_commands skipped: " + "the data set is not in the cache " * 4
PATH = "/a/folder/" + "with/a/long/name/" * 8


def printed(text: str, terminal: bool, style: str = "") -> list[str]:
    file = io.StringIO()
    target = LoggedConsole(stderr=True, file=file, width=60, force_terminal=terminal, color_system=None)
    target.print_line(text, style)
    return file.getvalue().splitlines()


def test_a_line_in_a_file_is_not_wrapped() -> None:
    assert printed(LONG, terminal=False) == ["    " + LONG]


def test_a_terminal_wraps_between_words_with_the_indentation() -> None:
    lines = printed(LONG, terminal=True)
    assert len(lines) > 2 and all(line.startswith("    ") and len(line) <= 60 for line in lines)
    assert " ".join(" ".join(lines).split()) == " ".join(LONG.split())


def test_a_path_that_does_not_fit_is_not_broken() -> None:
    assert printed(f"report: {PATH}", terminal=True) == [f"    report: {PATH}"]


def test_markup_in_a_line_has_no_effect() -> None:
    assert printed("stages=[bold]", terminal=False) == ["    stages=[bold]"]


def test_lines_and_tables_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kwspipe")
    target = LoggedConsole(stderr=True, file=io.StringIO(), width=40, force_terminal=True)
    target.print_line(LONG, "yellow")
    target.print("    [yellow]few clips[/]")
    table = Table("class", "clips")
    table.add_row("yes", "20")
    target.print(table)
    levels = [record.levelname for record in caplog.records]
    assert caplog.messages[:2] == [LONG, "few clips"] and levels[:2] == ["WARNING", "WARNING"]
    assert any("yes" in message and "20" in message for message in caplog.messages[2:])
    assert set(levels[2:]) == {"INFO"}


def test_the_line_of_an_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    print_interrupted()
    assert capsys.readouterr().err == "Interrupted. The same command resumes the run.\n"

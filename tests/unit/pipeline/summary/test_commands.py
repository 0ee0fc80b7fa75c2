"""Commands that continue a run."""

import shlex
import sys
from pathlib import Path

import pytest

from kwspipe.pipeline.summary import commands
from kwspipe.pipeline.summary.commands import DEPLOY, FINISH, MEASURE, RunCommand, next_commands

PROGRAM = ("python", "-m", "kwspipe")
RUN = RunCommand(
    PROGRAM, ("+experiment=custom", "dataset.words=[hey,lights]", "name=a b", "board.port=/dev/x")
)


def test_overrides_are_quoted_and_those_of_the_same_group_are_replaced() -> None:
    assert RUN.text("stages=[deploy]", "board=brd2601") == (
        "python -m kwspipe +experiment=custom 'dataset.words=[hey,lights]' 'name=a b' 'stages=[deploy]' board=brd2601"
    )
    assert shlex.split(RUN.text()) == [*PROGRAM, *RUN.overrides]


def test_next_commands_depend_on_the_content_of_the_run() -> None:
    purposes = [purpose for purpose, _ in next_commands(RUN, True, True, ())]
    assert purposes == ["listen", "deploy", "export"]
    assert [purpose for purpose, _ in next_commands(RUN, True, True, {DEPLOY})] == ["listen", "export"]
    assert next_commands(RUN, False, False, ()) == [(FINISH, RUN.text())]
    assert next_commands(RUN, True, False, ()) == [(MEASURE, RUN.text("stages=evaluate"))]


def test_a_long_command_is_printed_once() -> None:
    long = RunCommand(PROGRAM, ("+experiment=custom", *(f"dataset.root=part{n}" for n in range(9))))
    assert next_commands(long, True, True, ()) == [
        ("listen", long.text("stages=listen")),
        ("deploy", "the same with stages=deploy board=brd2601"),
        ("export", "the same with stages=export"),
    ]
    assert next_commands(long, True, True, {"listen"})[0] == (
        DEPLOY,
        long.text("stages=deploy", "board=brd2601"),
    )


def test_the_overrides_of_hydra_without_the_selection_of_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    from hydra.core.hydra_config import HydraConfig

    class Composed:
        class overrides:  # noqa: N801
            task = (
                "+experiment=smoke",
                "++run_dir=/tmp/x",
                "++stages=[train]",
                "++from=train",
                "++force=true",
            )

    assert commands.command_of_this_process() is None
    monkeypatch.setattr(HydraConfig, "initialized", lambda: True)
    monkeypatch.setattr(HydraConfig, "get", lambda: Composed)
    command = commands.command_of_this_process()
    assert command is not None and command.overrides == ("+experiment=smoke", "run_dir=/tmp/x")


def test_the_program_is_named_as_it_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"python": sys.executable, "kwspipe": str(tmp_path / "kwspipe")}
    monkeypatch.setattr(commands.shutil, "which", lambda name: found.get(name))
    assert commands.program_of("/package/kwspipe/__main__.py") == PROGRAM
    assert commands.program_of(str(tmp_path / "kwspipe")) == ("kwspipe",)
    found.clear()  # the environment is not activated
    monkeypatch.chdir(Path(sys.executable).parent.parent)
    relative = f"{Path(sys.executable).parent.name}/{Path(sys.executable).name}"
    assert commands.program_of("/package/kwspipe/__main__.py") == (relative, "-m", "kwspipe")


def test_paths_are_relative_inside_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert commands.shown(tmp_path / "runs" / "x") == "runs/x"
    assert commands.shown(tmp_path.parent) == str(tmp_path.parent)


@pytest.mark.parametrize(
    ("platform", "program", "command"),
    [
        ("linux", "xdg-open", "xdg-open 'a b.html'"),
        ("darwin", "open", "open 'a b.html'"),
        ("linux", "", None),
    ],
)
def test_the_command_that_opens_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, program: str, command: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands.sys, "platform", platform)
    monkeypatch.setattr(commands.shutil, "which", lambda name: name if name == program else None)
    assert commands.open_command(tmp_path / "a b.html") == command

"""Commands that continue a run, with the overrides of its own command."""

import os
import shlex
import shutil
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

# Settings that select the work of one command. All other overrides identify the run or must not change.
SELECTION = ("stages", "from", "force")
# Purposes of the commands.
FINISH, MEASURE, LISTEN, DEPLOY, EXPORT = "finish", "measure", "listen", "deploy", "export"
REAL_BOARD = "brd2601"
# A longer command is printed once. The others of the list name their differences from it.
MAX_REPEATED_CHARACTERS = 120


@dataclass(frozen=True)
class RunCommand:
    """The command of a run.

    Attributes:
        program: the first words, for example ``python -m kwspipe``.
        overrides: overrides without SELECTION.
    """

    program: tuple[str, ...]
    overrides: tuple[str, ...]

    def text(self, *more: str) -> str:
        """Returns the command with further overrides, quoted for the shell. They replace those of the same group."""
        replaced = {_key(override) for override in more}
        kept = [one for one in self.overrides if _key(one).split(".")[0] not in replaced]
        return shlex.join([*self.program, *kept, *more])


def command_of_this_process() -> RunCommand | None:
    """Returns the command of the run in this process, or None if Hydra did not compose its configuration."""
    from hydra.core.hydra_config import HydraConfig

    if not HydraConfig.initialized():
        return None
    # The command line adds ++ to values, see config/arguments.py.
    overrides = [str(override).removeprefix("++") for override in HydraConfig.get().overrides.task]
    return RunCommand(program_of(sys.argv[0]), tuple(one for one in overrides if _key(one) not in SELECTION))


def program_of(argument: str) -> tuple[str, ...]:
    """Returns the shortest words that start this program from the present folder.

    Args:
        argument: the first element of ``sys.argv``.
    """
    script = Path(argument)
    if script.stem == "kwspipe":
        return ("kwspipe",) if _is_found("kwspipe", script.parent) else (shown(script),)
    folder = Path(sys.executable).parent
    name = next((name for name in ("python", "python3") if _is_found(name, folder)), None)
    return (name or shown(Path(sys.executable)), "-m", "kwspipe")


def open_command(path: Path) -> str | None:
    """Returns the command that opens a file in the program of the desktop, or None if there is none."""
    program = {"darwin": "open", "win32": "start"}.get(sys.platform, "xdg-open")
    if sys.platform != "win32" and shutil.which(program) is None:
        return None
    return shlex.join([program, shown(path)])


def shown(path: Path) -> str:
    """Returns a path relative to the present folder if that is shorter and does not leave the folder."""
    absolute = str(path.absolute())
    try:
        relative = os.path.relpath(absolute)
    except ValueError:  # another drive
        return absolute
    return absolute if relative.startswith("..") else relative


def next_commands(
    command: RunCommand, has_model: bool, is_evaluated: bool, done: Collection[str]
) -> list[tuple[str, str]]:
    """Returns the commands that continue a run: (purpose, command).

    Args:
        command: the command of the run.
        has_model: the run directory contains a model.
        is_evaluated: the run directory contains an evaluation of this model.
        done: purposes that need no command.
    """
    if not has_model:
        return [(FINISH, command.text())]
    if not is_evaluated:
        return [(MEASURE, command.text("stages=evaluate"))]
    changes = {
        LISTEN: ("stages=listen",),
        DEPLOY: ("stages=deploy", f"board={REAL_BOARD}"),
        EXPORT: ("stages=export",),
    }
    commands: list[tuple[str, str]] = []
    for purpose in (one for one in changes if one not in done):
        text = command.text(*changes[purpose])
        if commands and len(text) > MAX_REPEATED_CHARACTERS:
            text = f"the same with {shlex.join(changes[purpose])}"
        commands.append((purpose, text))
    return commands


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0].partition("@")[0]


def _is_found(name: str, folder: Path) -> bool:
    found = shutil.which(name)
    return found is not None and Path(found).parent.resolve() == folder.resolve()

"""Programs that tests run in a separate process, because TensorFlow and tflite-runtime do not work in one process."""

import json
import os
import subprocess
import sys
from typing import Any

from support.paths import PROGRAMS, REPOSITORY, TESTS


def command(program: str, *arguments: object) -> list[str]:
    """Returns the command of a program in tests/programs with these arguments."""
    return [sys.executable, str(PROGRAMS / program), *map(str, arguments)]


def environment() -> dict[str, str]:
    """Returns the environment of a program, in which the modules of the tests can be imported."""
    # A PYTHONPATH of the caller stays valid, because it may select the sources of another checkout.
    path = [str(REPOSITORY), str(TESTS), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}


def printed_by(program: str, *arguments: object) -> Any:
    """Returns the JSON value on the last line that a program prints. If the program fails, so does the test.

    Args:
        program: name of the file in tests/programs.
        arguments: arguments of the program.
    """
    done = subprocess.run(
        command(program, *arguments), capture_output=True, text=True, cwd=REPOSITORY, env=environment()
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])

"""Programs that tests run in a separate process, because TensorFlow and tflite-runtime do not work in one process."""

import json
import multiprocessing
import os
import runpy
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
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


def printed_with_tensorflow(program: str, *arguments: object) -> Any:
    """Returns the value of ``printed_by`` for a program that uses TensorFlow.

    The program runs in a copy of a process that has imported TensorFlow, because the import takes several seconds.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tensorflow", "keras"])
    with TemporaryDirectory() as folder:
        output, errors = Path(folder) / "output", Path(folder) / "errors"
        argv = [str(PROGRAMS / program), *map(str, arguments)]
        process = processes.Process(target=_run, args=(argv, output, errors))
        process.start()
        process.join()
        assert process.exitcode == 0, errors.read_text()
        return json.loads(output.read_text().splitlines()[-1])


def _run(argv: list[str], output: Path, errors: Path) -> None:
    for path, stream in ((output, sys.stdout), (errors, sys.stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream.fileno())
    os.chdir(REPOSITORY)
    sys.argv = argv
    runpy.run_path(argv[0], run_name="__main__")

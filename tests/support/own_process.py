"""Programs that tests run in a separate process, because TensorFlow and tflite-runtime do not work in one process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.paths import TESTS

ROOT = TESTS.parent


def printed_by(program: str | Path, *arguments: object) -> Any:
    """Returns the JSON value on the last line that a program prints. If the program fails, so does the test.

    Args:
        program: source text, or the file of the program in tests/programs.
        arguments: of the program.
    """
    # A PYTHONPATH of the caller stays valid, because it may select the sources of another checkout.
    path = [str(ROOT), str(TESTS), os.environ.get("PYTHONPATH", "")]
    source = ["-c", program] if isinstance(program, str) else [str(program)]
    done = subprocess.run(
        [sys.executable, *source, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])

"""Programs in a process of their own: TensorFlow and tflite-runtime do not work together in the tests'."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]  # from where programs can import from ``tests``


def printed_by(program: str, *arguments: object) -> Any:
    """Returns what a program prints as JSON on its last line; where it fails, the test fails by what it said."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])

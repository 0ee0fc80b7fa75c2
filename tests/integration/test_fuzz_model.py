"""Damaged model images under AddressSanitizer and UndefinedBehaviorSanitizer (scripts/fuzz_model.py)."""

import subprocess
import sys

import pytest

from support.paths import SCRIPTS

SCRIPT = SCRIPTS / "fuzz_model.py"
NO_SANITIZERS = 77


def test_damaged_images_cause_no_error():
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--count", "3000", "--seed", "3"], capture_output=True, text=True
    )
    if run.returncode == NO_SANITIZERS:
        pytest.skip("needs a C compiler with AddressSanitizer and UndefinedBehaviorSanitizer")
    assert run.returncode == 0, run.stdout + run.stderr
    counts = dict(part.rsplit(" ", 1) for part in run.stdout.strip().replace(":", "").split(", "))
    assert int(counts["run"]) > 500
    assert int(counts["status -3"]) > 500

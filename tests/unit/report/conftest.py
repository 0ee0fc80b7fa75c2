"""Small runs to write pages about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.small_run import Run


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Makes an empty run; keywords are those of Run."""
    numbers = iter(range(100))

    def make(**values: Any) -> Run:
        run_dir = tmp_path / f"run{next(numbers)}"
        run_dir.mkdir()
        return Run(run_dir, **values)

    return make

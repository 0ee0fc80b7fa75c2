"""Start-up cost of a job: modules import no libraries that they do not need yet."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "not_imported"),
    [
        ("kwspipe.hydra_task", ("scipy", "jinja2", "h5py", "audiomentations", "tensorflow")),
        ("kwspipe.pipeline.stage_process", ("omegaconf", "hydra", "scipy", "numpy", "tensorflow")),
        ("kwspipe.stages.train", ("omegaconf", "hydra", "scipy", "optuna", "audiomentations", "tensorflow")),
        ("kwspipe.sweep.record", ("scipy", "optuna", "tensorflow")),
    ],
)
def test_imports_are_few(module: str, not_imported: tuple[str, ...]) -> None:
    program = f"import sys, {module}; print(*[name for name in {not_imported!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []

"""What a job costs before it trains: libraries that it does not need at that point are not imported."""

import subprocess
import sys

import pytest
from hydra._internal.hydra import Hydra

from kwspipe.__main__ import spare_composing


@pytest.mark.parametrize(
    ("imported", "spared"),
    [
        ("kwspipe.hydra_task", ("scipy", "jinja2", "h5py", "audiomentations", "tensorflow")),
        ("kwspipe.pipeline.stage_process", ("omegaconf", "hydra", "scipy", "numpy", "tensorflow")),
        ("kwspipe.stages.train", ("omegaconf", "hydra", "scipy", "optuna", "audiomentations", "tensorflow")),
    ],
)
def test_imports_are_few(imported: str, spared: tuple[str, ...]) -> None:
    program = f"import sys, {imported}; print(*[name for name in {spared!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["+experiment=digits_3", "++train.epochs=3"], False),
        (["-m", "+experiment=digits_3", "++seed=1,2"], False),
        (["+experiment=digits_3", "hydra.mode=MULTIRUN"], True),
        (["--config-dir=other", "+experiment=mine"], True),
        (["-cd", "other"], True),
    ],
)
def test_hydra_composes_for_its_mode_only_where_it_may_be_set(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], asked: bool
) -> None:
    own = Hydra.get_mode
    monkeypatch.setattr(Hydra, "get_mode", own)  # so that it is put back
    spare_composing(arguments)
    assert (Hydra.get_mode is own) == asked

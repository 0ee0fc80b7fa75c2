"""Start-up cost of a job: modules do not import libraries that are needed later or not at all."""

import pytest

from support.own_process import printed_by


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
    assert printed_by("list_imports.py", module, *not_imported) == []

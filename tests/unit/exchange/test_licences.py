"""Licences of all data sources and bundled checkpoints."""

from typing import get_args

from kwspipe.config import SourceName
from kwspipe.exchange import licences
from kwspipe.transfer.source import BUNDLED, WEIGHTS_SUFFIX

UNKNOWN = "not known"


def test_every_data_source_has_a_licence() -> None:
    assert set(licences.SOURCE_LICENCES) == set(get_args(SourceName))
    assert licences.source_licence("another") == UNKNOWN


def test_every_bundled_checkpoint_has_a_licence() -> None:
    files = sorted(path.name for path in BUNDLED.glob(f"*{WEIGHTS_SUFFIX}"))
    assert files == [f"{name}{WEIGHTS_SUFFIX}" for name in licences.BUNDLED_MODELS]
    for file in files:
        assert "Apache-2.0" in licences.describe_checkpoint(file)
        assert UNKNOWN not in licences.describe_checkpoint(file)


def test_the_licence_of_another_checkpoint_is_not_known() -> None:
    assert UNKNOWN in licences.describe_checkpoint("model.weights.h5")

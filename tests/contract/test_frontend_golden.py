"""Features of the front end, compared with those of the vendor's front end in all recorded settings."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd

CASES = [
    "keyword_spotting_mobilenetv2",
    "noise_reduction_off",
    "pcan_on",
    "dc_notch_on",
    "dynamic_scale_on",
    "on_off_like",
    "micro_speech_like",
    "eight_khz",
]


@pytest.fixture(scope="session")
def golden(shared_dir: Path) -> dict[str, np.ndarray]:
    with np.load(shared_dir / "reference" / "frontend_golden.npz") as archive:
        return dict(archive)


def config_of(settings: dict[str, object]) -> FrontendConfig:
    return FrontendConfig(**{field.name: settings[field.name] for field in fields(FrontendConfig)})


def test_every_recorded_case_is_tested(golden: dict[str, np.ndarray]) -> None:
    assert set(json.loads(str(golden["settings"]))) == set(CASES)


@pytest.mark.parametrize("dtype", ["uint16", "int8"])
@pytest.mark.parametrize("case", CASES)
def test_features_equal_those_of_the_vendor(golden: dict[str, np.ndarray], case: str, dtype: str) -> None:
    frontend = FrontEnd(config_of(json.loads(str(golden["settings"]))[case]))
    features = frontend.features(golden["waveforms"][:, : frontend.clip_samples], dtype=dtype)
    assert features.dtype == golden[f"{case}.{dtype}"].dtype
    np.testing.assert_array_equal(features, golden[f"{case}.{dtype}"])

"""Fixtures of all test tiers."""

from pathlib import Path

import pytest

from kwspipe.config import FrontendConfig
from support.default_settings import FRONTEND
from support.paths import REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Returns the folder of reference material beside the project, or skips the test without it."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "reference").is_dir():
        pytest.skip("needs the reference material in ../shared, which is not there")
    return folder


@pytest.fixture(scope="session")
def default_frontend() -> FrontendConfig:
    """Returns the settings of conf/frontend/default.yaml."""
    return FRONTEND

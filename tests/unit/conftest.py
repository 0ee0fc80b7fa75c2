"""Fixtures shared by the unit tests."""

import pytest

from kwspipe.files import http_transfer


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configures downloads from localhost with small chunks and without pauses."""
    monkeypatch.setattr(http_transfer, "RETRY_WAIT_S", 0.0)
    monkeypatch.setattr(http_transfer, "CHUNK_BYTES", 1000)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

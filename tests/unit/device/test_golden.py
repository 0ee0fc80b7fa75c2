"""Golden vectors: the number that a board verifies, and a file without any."""

from pathlib import Path

import numpy as np
import pytest

from kwspipe.device.golden import read_golden_vectors
from kwspipe.errors import KwspipeError


def write(folder: Path, count: int) -> Path:
    inputs = np.arange(count * 6, dtype=np.int64).astype(np.int8).reshape(count, 3, 2)
    np.savez(folder / "golden.npz", inputs=inputs, outputs=inputs.reshape(count, 6)[:, :4])
    return folder / "golden.npz"


@pytest.mark.parametrize(
    ("available", "count", "expected"), [(28, 64, 28), (64, 64, 64), (64, 8, 8), (1, 64, 1)]
)
def test_all_available_vectors_up_to_the_setting_are_read(
    tmp_path: Path, available: int, count: int, expected: int
) -> None:
    golden = read_golden_vectors(write(tmp_path, available), count)
    assert golden.inputs.shape == (expected, 6) and golden.outputs.shape == (expected, 4)
    np.testing.assert_array_equal(golden.inputs.ravel(), np.arange(expected * 6).astype(np.int8))


def test_a_file_without_vectors_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(KwspipeError) as caught:
        read_golden_vectors(write(tmp_path, 0), 64)
    text = str(caught.value)
    assert str(tmp_path / "golden.npz") in text
    assert "0 golden inputs, so that the outputs of the board cannot be verified" in text
    assert "at least 1" in text and "from=quantize" in text

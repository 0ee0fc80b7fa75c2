"""Process of the emulated board: start, end and errors."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwspipe.device.emulator import EmulatedBoard
from kwspipe.errors import KwspipeError


def test_the_port_keeps_its_name_until_the_end(board_check_firmware: Path, tmp_path: Path) -> None:
    with EmulatedBoard(board_check_firmware, tmp_path / "flash.bin", baud=0) as board:
        port = Path(board.port)
        board.power_cycle()
        board.restart()
        assert port.is_symlink()
    assert not port.is_symlink()


@contextmanager
def emulator(*options: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "kwspipe.device.emulator", *map(str, options)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_sigterm_ends_the_process(board_check_firmware: Path, tmp_path: Path) -> None:
    link = tmp_path / "port"
    with emulator("--firmware", board_check_firmware, "--flash", tmp_path / "f", "--link", link) as process:
        assert process.stdout is not None and '"ready"' in process.stdout.readline()
        assert link.is_symlink()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(5) == 0
    assert not link.is_symlink()


def test_closed_standard_input_ends_the_process(board_check_firmware: Path, tmp_path: Path) -> None:
    with emulator("--firmware", board_check_firmware, "--flash", tmp_path / "f", "--control") as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(5) == 0
        process.stdin = None


@pytest.mark.parametrize("content", [None, b"", b"not an ELF file at all" * 10])
def test_a_file_that_is_not_a_firmware_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x.elf").write_bytes(content)
    with emulator("--firmware", tmp_path / "x.elf", "--flash", tmp_path / "f") as process:
        _, output = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "make firmware BOARD=brd2601" in output
    assert "Traceback" not in output


def test_a_recording_with_another_sample_rate_is_refused(board_check_firmware: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "8k.wav", np.zeros(100, np.int16), 8000)
    board = EmulatedBoard(board_check_firmware, tmp_path / "f", wav=tmp_path / "8k.wav")
    with pytest.raises(KwspipeError, match=r"8000 Hz\. Allowed: 16000 Hz"):
        board.start()
    board.close()


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    board = EmulatedBoard(tmp_path / "x.elf", tmp_path / "f")
    with pytest.raises(KwspipeError, match=r"pip install 'kwspipe\[emulator\]'"):
        board.start()
    board.close()

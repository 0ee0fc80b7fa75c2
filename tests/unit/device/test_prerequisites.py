"""Check of the prerequisites of a board: sources, make, compiler and packages, each of them absent."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from kwspipe.device import firmware
from kwspipe.device.prerequisites import check_board
from kwspipe.errors import KwspipeError
from support.own_process import printed_by


class Machine:
    """The programs and packages that the checks find."""

    def __init__(self) -> None:
        self.programs = {"make", "cc", "arm-none-eabi-gcc"}
        self.packages = {"unicorn", "serial", "ziglang"}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    result = Machine()
    monkeypatch.setattr("shutil.which", lambda name: name if name in result.programs else None)
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: find_spec("json") if name in result.packages else None
    )
    monkeypatch.delenv("CC", raising=False)
    return result


def message(name: str | None, count_instructions: bool = False) -> str:
    with pytest.raises(KwspipeError) as caught:
        check_board(name, count_instructions)
    return str(caught.value)


@pytest.mark.parametrize("name", ["emulated", "brd2601", "host", None])
@pytest.mark.parametrize("count_instructions", [False, True])
def test_a_complete_installation_passes(machine: Machine, name: str | None, count_instructions: bool) -> None:
    check_board(name, count_instructions)


@pytest.mark.parametrize("name", ["emulated", "brd2601"])
def test_either_compiler_for_the_cortex_m33_is_sufficient(machine: Machine, name: str) -> None:
    machine.packages.remove("ziglang")
    check_board(name)
    machine.programs.remove("arm-none-eabi-gcc")
    text = message(name)
    assert text.startswith("board.name: no C compiler for the firmware of brd2601 is installed")
    assert "ziglang, or arm-none-eabi-gcc" in text
    assert "make setup" in text and "pip install 'kwspipe[toolchain]'" in text
    machine.packages.add("ziglang")
    check_board(name)


def test_the_native_board_uses_the_configured_c_compiler(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.packages.remove("ziglang")
    monkeypatch.setenv("CC", "no-such-cc -O1")
    assert "no C compiler for the firmware of host" in message("host")
    monkeypatch.setenv("CC", "cc -O1")
    check_board("host")


def test_a_missing_emulator_names_its_extra(machine: Machine) -> None:
    machine.packages.remove("unicorn")
    check_board("brd2601")
    check_board("host")
    text = message("emulated")
    assert text.startswith("board.name: the emulated board needs the package unicorn, which is not installed")
    assert "make setup" in text and "pip install 'kwspipe[emulator]'" in text and "board=host" in text


def test_counting_instructions_needs_the_emulated_board(machine: Machine) -> None:
    machine.packages.remove("unicorn")
    text = message("host", count_instructions=True)
    assert text.startswith("quantize.count_instructions: ")
    assert "pip install 'kwspipe[emulator]'" in text and "quantize.count_instructions=false" in text
    machine.packages = {"unicorn", "serial"}
    machine.programs.remove("arm-none-eabi-gcc")
    assert message(None, count_instructions=True).startswith(
        "quantize.count_instructions: no C compiler for the firmware of brd2601 is installed"
    )


@pytest.mark.parametrize("name", ["emulated", "brd2601", "host"])
def test_missing_sources_make_and_pyserial_are_errors(
    machine: Machine, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.packages.remove("serial")
    assert "the package pyserial is not installed" in message(name)
    machine.packages.add("serial")
    machine.programs.remove("make")
    assert "board.name: make is not installed" in message(name)
    monkeypatch.setattr(firmware, "SOURCES", tmp_path)
    assert "this installation has no firmware sources" in message(name)
    check_board(None)


def test_the_check_imports_no_emulator_and_no_serial_port() -> None:
    slow = ("unicorn", "serial", "numpy", "tensorflow")
    assert printed_by("list_imports.py", "kwspipe.device.prerequisites", *slow) == []

"""Prerequisites of a board: firmware sources, compiler, and Python packages."""

import importlib.util

from kwspipe.device.emulator.process import require_unicorn
from kwspipe.device.firmware import check_build_tools, firmware_target
from kwspipe.errors import KwspipeError

COUNT_KEY = "quantize.count_instructions"


def check_board(name: str | None, count_instructions: bool = False) -> None:
    """Checks the prerequisites of a board without starting it.

    A connected BRD2601 and Simplicity Commander are not checked: the board may be connected later, and flashing is
    necessary only if the firmware differs.

    Args:
        name: ``board.name``. None checks no board.
        count_instructions: also check the emulated board that counts the instructions of a model.

    Raises:
        KwspipeError: if the firmware sources, make, a compiler or a Python package is missing. The error names the
            configuration key (``board.name`` or ``quantize.count_instructions``) and the package to install.
    """
    if count_instructions:
        require_unicorn(COUNT_KEY, f"set {COUNT_KEY}=false")
        _check_tools("emulated", COUNT_KEY)
    if name is not None:
        if name == "emulated":
            require_unicorn()
        _check_tools(name, "board.name")


def _check_tools(name: str, key: str) -> None:
    if importlib.util.find_spec("serial") is None:
        raise KwspipeError(
            key,
            "the package pyserial is not installed",
            "kwspipe with all its dependencies",
            "make setup (in a checkout), or pip install pyserial, and run again",
        )
    check_build_tools(firmware_target(name), key)

"""Counts what each layer of a model costs, by running it on the emulated board."""

import importlib.util
import tempfile
from pathlib import Path

from kwspipe.device import firmware
from kwspipe.device.image import ImageFacts
from kwspipe.device.push import Golden, Watcher, push
from kwspipe.errors import KwspipeError


def count_instructions(image: bytes, golden: Golden) -> tuple[int, ...]:
    """Returns the instructions of each layer of one inference on the emulated BRD2601B.

    Args:
        image: the model image.
        golden: inputs with their outputs; the board must give them, bit for bit.

    Raises:
        KwspipeError: the emulator is not installed, the firmware cannot be built, or the board refuses the model.
    """
    if importlib.util.find_spec("unicorn") is None:
        raise KwspipeError(
            "emulated board",
            "the package unicorn is not installed",
            "the extra `emulator`",
            "pip install 'kwspipe[emulator]', or set quantize.count_instructions=false",
        )
    from kwspipe.device.boards import open_link
    from kwspipe.device.emulator.process import EmulatedBoard

    built = firmware.build("brd2601")
    # Without the pace of the serial line: what is counted does not depend on it.
    with (
        tempfile.TemporaryDirectory(prefix="kwspipe-") as folder,
        EmulatedBoard(built.program, Path(folder) / "flash.bin", baud=0) as board,
    ):
        memory_bytes = ImageFacts.of(image).memory_bytes
        push(lambda: open_link(board.port), image, memory_bytes, golden, Watcher())
        with open_link(board.port) as link:
            return link.profile().operators

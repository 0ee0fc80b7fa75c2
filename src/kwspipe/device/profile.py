"""Counts what each layer of a model costs, by running it on the emulated board."""

from kwspipe.core.image_info import ImageRequirements
from kwspipe.device import boards, firmware
from kwspipe.device.emulator.process import require_unicorn
from kwspipe.device.push import PushCallbacks, push
from kwspipe.device.golden import GoldenVectors


def count_instructions(image: bytes, golden: GoldenVectors) -> tuple[int, ...]:
    """Returns the instructions of each layer of one inference on the emulated BRD2601B.

    Args:
        image: the model image.
        golden: inputs with their outputs; the board must give them, bit for bit.

    Raises:
        KwspipeError: the emulator is not installed, the firmware cannot be built, or the board refuses the model.
    """
    require_unicorn("quantize.count_instructions", "set quantize.count_instructions=false")
    # Without the pace of the serial line: what is counted does not depend on it.
    with boards.start_board("emulated", firmware.build("brd2601"), baud=None) as board:
        push(board.connect, image, ImageRequirements.of(image).memory_bytes, golden, PushCallbacks())
        with board.connect() as link:
            return link.profile().operators

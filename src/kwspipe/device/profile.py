"""Instruction counts per layer of a model, measured on the emulated board."""

from kwspipe.core.image_info import ImageRequirements
from kwspipe.device import boards, firmware
from kwspipe.device.emulator.process import require_unicorn
from kwspipe.device.golden import GoldenVectors
from kwspipe.device.prerequisites import COUNT_KEY
from kwspipe.device.push import PushCallbacks, push


def count_instructions(image: bytes, golden: GoldenVectors) -> tuple[int, ...]:
    """Returns the instructions of each layer in one inference on the emulated BRD2601B.

    Args:
        image: the model image.
        golden: the vectors that the board must compute bit for bit.

    Raises:
        KwspipeError: if the emulator is not installed, the firmware cannot be built, or the board refuses the model.
    """
    require_unicorn(COUNT_KEY, f"set {COUNT_KEY}=false")
    # The serial line has no speed limit here. The counts do not depend on it.
    with boards.start_board("emulated", firmware.build("brd2601"), baud=None) as board:
        push(board.connect, image, ImageRequirements.of(image).memory_bytes, golden, PushCallbacks())
        with board.connect() as link:
            return link.profile().operators

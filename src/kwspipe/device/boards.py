"""Boards by name: starts the board or finds its port, and updates its firmware."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from serial.tools import list_ports

from kwspipe.device import firmware as firmware_module
from kwspipe.device import flashing, ports
from kwspipe.device.board_process import BoardProcess
from kwspipe.device.emulator import EmulatedBoard
from kwspipe.device.errors import LinkLostError, WrongBoardError
from kwspipe.device.firmware import EMULATED, Firmware, firmware_target
from kwspipe.device.host import HostBoard
from kwspipe.device.link import Link
from kwspipe.device.messages import Hello

# Flashes a firmware. The other arguments are the firmware found on the board, and the serial number of the port.
FlashTool = Callable[[Firmware, str, str | None], None]
# Boards that are connected to a port. All other boards are processes on this machine.
FLASH_TOOLS: dict[str, FlashTool] = {"brd2601": flashing.flash}


@dataclass(frozen=True)
class BoardHandle:
    """A board that is ready for links.

    Attributes:
        connect: opens a link to the board.
        firmware: the firmware on the board.
        baud: speed of the serial line, None if it has no limit.
    """

    connect: Callable[[], Link]
    firmware: Firmware
    baud: int | None


@contextlib.contextmanager
def open_board(name: str, port: str | None, console: Console) -> Iterator[BoardHandle]:
    """Makes the board with the given name available, with the firmware of this release.

    Args:
        name: ``board.name``.
        port: ``board.port``, the port of a connected or running board. None finds or starts a board.
        console: receives progress messages.

    Raises:
        KwspipeError: if there is no board or more than one, the port cannot be used, another board answers, or the
            firmware is missing.
    """
    target = firmware_target(name)
    firmware = firmware_module.build(target)
    if name in FLASH_TOOLS:
        path = ports.find_port(port)
        update_firmware(path, name, firmware, console, FLASH_TOOLS[name])
        yield BoardHandle(lambda: open_link(path), firmware, ports.BAUD)
    elif port is not None:
        check_running_board(port, target, firmware)
        yield BoardHandle(lambda: open_link(port), firmware, ports.BAUD)
    else:
        with start_board(name, firmware, ports.BAUD if name in EMULATED else None) as board:
            yield board


@contextlib.contextmanager
def start_board(name: str, firmware: Firmware, baud: int | None) -> Iterator[BoardHandle]:
    """Starts a board with an empty flash on this machine, and ends it on exit.

    Args:
        name: ``emulated``, or the name of a native board.
        firmware: the firmware of the board.
        baud: speed of the serial line, None for no limit.

    Raises:
        KwspipeError: if the board cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="kwspipe-") as folder:
        flash_file = Path(folder) / "flash.bin"
        board: BoardProcess
        if name in EMULATED:
            board = EmulatedBoard(firmware.program, flash_file, baud=baud or 0)
        else:
            board = HostBoard(firmware.program, flash_file, baud=baud)
        with board:
            yield BoardHandle(lambda: open_link(board.port), firmware, baud)


def open_link(path: str) -> Link:
    """Opens a link over the port at ``path``."""
    return Link(ports.open_port(path), path)


def update_firmware(
    path: str,
    board: str,
    firmware: Firmware,
    console: Console,
    flash: FlashTool,
    connect: Callable[[str], Link] = open_link,
) -> None:
    """Flashes a board if its firmware differs from ``firmware`` or is not a firmware of kwspipe.

    Args:
        path: port of the board.
        board: expected name of the board.
        firmware: firmware of this release.
        console: receives progress messages.
        flash: flashes the firmware.
        connect: opens a link to the board.

    Raises:
        WrongBoardError: if another board answers, or flashing had no effect.
        FirmwareError: if flashing failed.
    """
    hello = _read_hello(path, connect)
    if hello is not None:
        _check_name(path, hello, board)
    if hello is not None and hello.firmware == firmware.version:
        return
    received = "no firmware of kwspipe answers" if hello is None else f"it has version {hello.firmware}"
    console.print(f"    flashing firmware {firmware.version}: {received}")
    serial_numbers = {str(port.device): port.serial_number for port in list_ports.comports()}
    flash(firmware, received, serial_numbers.get(path))
    hello = _read_hello(path, connect)
    if hello is None or hello.firmware != firmware.version:
        raise WrongBoardError(
            path,
            "flashing succeeded, but "
            + ("nothing answers" if hello is None else f"the board still reports {hello.firmware}"),
            f"firmware {firmware.version} on the board of this port",
            "if several boards are connected, disconnect the others",
        )


def check_running_board(
    path: str, board: str, firmware: Firmware, connect: Callable[[str], Link] = open_link
) -> None:
    """Checks that a running board is the expected board with the expected firmware.

    Raises:
        WrongBoardError: if it is not.
        LinkLostError: if nothing answers.
    """
    with connect(path) as link:
        hello = link.hello()
    _check_name(path, hello, board)
    if hello.firmware != firmware.version:
        raise WrongBoardError(
            path,
            f"the board at this port runs firmware {hello.firmware}",
            f"firmware {firmware.version}",
            "restart it with the firmware of this checkout, or omit board.port",
        )


def _check_name(path: str, hello: Hello, board: str) -> None:
    if hello.board != board:
        raise WrongBoardError(
            path,
            f"the board at this port is {hello.board!r}",
            f"a {board}",
            f"set board.port to the port of a {board}, or use board={hello.board}",
        )


def _read_hello(path: str, connect: Callable[[str], Link]) -> Hello | None:
    """Returns the identity of the board, or None if nothing answers with the kwspipe protocol."""
    with connect(path) as link, contextlib.suppress(LinkLostError):
        return link.hello()
    return None

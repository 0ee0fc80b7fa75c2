"""Reaches the board of the configuration: starts it, finds its port, brings its firmware up to date."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from serial.tools import list_ports

from kwspipe.device import firmware as firmware_module
from kwspipe.device import ports
from kwspipe.device.board_process import BoardProcess
from kwspipe.device.emulator import EmulatedBoard
from kwspipe.device.errors import LinkLostError, WrongBoardError
from kwspipe.device.firmware import Firmware
from kwspipe.device.host import HostBoard
from kwspipe.device.link import Link
from kwspipe.device.messages import Hello


@dataclass(frozen=True)
class BoardHandle:
    """A board within reach.

    Attributes:
        connect: opens a link to it.
        firmware: what runs on it.
        baud: of its line, None where it has no limit.
    """

    connect: Callable[[], Link]
    firmware: Firmware
    baud: int | None


@contextlib.contextmanager
def open_board(name: str, port: str | None, console: Console) -> Iterator[BoardHandle]:
    """Brings the board of that name within reach, with this release's firmware on it.

    Args:
        name: ``emulated``, ``brd2601`` or ``host``.
        port: ``board.port``: of a board that is connected or that runs already; None finds or starts one.
        console: says what goes on.

    Raises:
        KwspipeError: no board, two boards, a port that cannot be used, another board, no firmware.
    """
    firmware = firmware_module.build("host" if name == "host" else "brd2601")
    if name == "brd2601" or port is not None:
        path = ports.find_port(port)
        if name == "brd2601":
            update_firmware(path, firmware, console)
        else:
            check_running_board(path, "host" if name == "host" else "brd2601", firmware)
        yield BoardHandle(lambda: open_link(path), firmware, ports.BAUD)
        return
    with start_board(name, firmware, None if name == "host" else ports.BAUD) as attached:
        yield attached


@contextlib.contextmanager
def start_board(name: str, firmware: Firmware, baud: int | None) -> Iterator[BoardHandle]:
    """Starts a board on this machine, with an empty flash, and ends it.

    Args:
        name: ``emulated`` or ``host``.
        firmware: for it.
        baud: of its line; None for no limit.

    Raises:
        KwspipeError: it cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="kwspipe-") as folder:
        flash_file = Path(folder) / "flash.bin"
        board: BoardProcess
        if name == "host":
            board = HostBoard(firmware.program, flash_file, baud=baud)
        else:
            board = EmulatedBoard(firmware.program, flash_file, baud=baud or 0)
        with board:
            yield BoardHandle(lambda: open_link(board.port), firmware, baud)


def open_link(path: str) -> Link:
    """Opens a link over the port at ``path``."""
    return Link(ports.open_port(path), path)


def update_firmware(
    path: str,
    firmware: Firmware,
    console: Console,
    flash: Callable[[Firmware, str, str | None], None] = firmware_module.flash,
    connect: Callable[[str], Link] = open_link,
) -> None:
    """Flashes a BRD2601 whose firmware differs from ``firmware``, or that has none of ours.

    Raises:
        WrongBoardError: another board answers.
        FirmwareError: flashing failed.
    """
    hello = _ask(path, connect)
    if hello is not None:
        _check_name(path, hello, "brd2601")
    if hello is not None and hello.firmware == firmware.version:
        return
    received = "no firmware of kwspipe answers" if hello is None else f"it has version {hello.firmware}"
    console.print(f"    flashing firmware {firmware.version}: {received}")
    numbers = {str(port.device): port.serial_number for port in list_ports.comports()}
    flash(firmware, received, numbers.get(path))
    hello = _ask(path, connect)
    if hello is None or hello.firmware != firmware.version:
        raise WrongBoardError(
            path,
            "flashing succeeded, and "
            + ("nothing answers" if hello is None else f"the board still says {hello.firmware}"),
            f"firmware {firmware.version} on the board of this port",
            "with several boards connected, leave only the one that is meant",
        )


def check_running_board(path: str, board: str, firmware: Firmware, connect: Callable[[str], Link] = open_link) -> None:
    """Checks that a board which runs already is the one that is meant, with this firmware.

    Raises:
        WrongBoardError: it is not.
        LinkLostError: nothing answers.
    """
    with connect(path) as link:
        hello = link.hello()
    _check_name(path, hello, board)
    if hello.firmware != firmware.version:
        raise WrongBoardError(
            path,
            f"the board there runs firmware {hello.firmware}",
            f"firmware {firmware.version}",
            "start it again with the firmware of this checkout, or leave board.port out",
        )


def _check_name(path: str, hello: Hello, board: str) -> None:
    if hello.board != board:
        raise WrongBoardError(
            path,
            f"the board there is {hello.board!r}",
            f"a {board}",
            f"name the right port with board.port=..., or use board={hello.board}",
        )


def _ask(path: str, connect: Callable[[str], Link]) -> Hello | None:
    """What the board says it is; None where nothing answers in our protocol."""
    with connect(path) as link, contextlib.suppress(LinkLostError):
        return link.hello()
    return None

"""Finding and opening the serial port of a board."""

import errno
from collections.abc import Callable, Sequence

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from kwspipe.device.errors import DeviceError

BAUD = 115200
WRITE_TIMEOUT_S = 5.0
# USB vendors of the ports that boards show: the on-board J-Link of Silicon Labs' kits, and their bridge chips.
VENDORS = {0x1366: "SEGGER J-Link", 0x10C4: "Silicon Labs"}


class NoPortError(DeviceError):
    """No port, or more than one, could be the board's."""


class PortError(DeviceError):
    """The port cannot be opened."""


def describe(port: ListPortInfo) -> str:
    """One line for a port: its path, maker and serial number."""
    maker = VENDORS.get(port.vid or 0, port.manufacturer or "unknown maker")
    number = f", serial number {port.serial_number}" if port.serial_number else ""
    return f"{port.device} ({maker}: {port.description}{number})"


def find_port(
    configured: str | None, comports: Callable[[], Sequence[ListPortInfo]] = list_ports.comports
) -> str:
    """Returns the path of the board's port.

    Args:
        configured: ``board.port``; taken as it is where it is set.
        comports: lists the ports of this machine.

    Raises:
        NoPortError: not set, and not exactly one port looks like a board's.
    """
    if configured is not None:
        return configured
    ports = sorted(comports(), key=lambda port: str(port.device))
    candidates = [port for port in ports if port.vid in VENDORS]
    if len(candidates) == 1:
        return str(candidates[0].device)
    if candidates:
        listed = "; ".join(map(describe, candidates))
        raise NoPortError(
            "board.port",
            f"{len(candidates)} boards are connected: {listed}",
            "one board, or a port that is named",
            f"name the one you mean, for example board.port={candidates[0].device}",
        )
    others = "; ".join(map(describe, ports)) or "none at all"
    raise NoPortError(
        "board.port",
        f"no board is connected; ports of this machine: {others}",
        "a port of a J-Link (SEGGER) or of Silicon Labs",
        "connect the board with a USB cable that carries data, name its port with board.port=..., "
        "or use board=emulated",
    )


def open_port(path: str) -> serial.Serial:
    """Opens a port at 115200 baud, 8N1, for this process alone. ``socket://host:port`` works too.

    Raises:
        PortError: it does not exist, is in use, or may not be used.
    """
    try:
        return serial.serial_for_url(path, BAUD, write_timeout=WRITE_TIMEOUT_S, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as error:
        raise _explain(path, error) from error


def _explain(path: str, error: Exception) -> PortError:
    # On Windows pyserial keeps the cause in the text only; there access is denied where another program has the port.
    number, text = getattr(error, "errno", None), str(error)
    if number in (errno.EACCES, errno.EPERM):
        return PortError(
            path,
            "this user may not open the port",
            "a user with the right to use serial ports",
            "on Linux: sudo usermod -aG dialout $USER, then log in again",
        )
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK) or "PermissionError(13" in text:
        return PortError(
            path,
            "the port is in use by another program",
            "a port that nothing else has open",
            "close the terminal, IDE or other kwspipe that uses it, and run again",
        )
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "FileNotFoundError(2" in text:
        return PortError(
            path,
            "there is no such port",
            "a port of this machine, as board.port",
            "check the cable and the name; without board.port the board is looked for",
        )
    return PortError(path, f"it cannot be opened: {error}", "a serial port", "check board.port and the cable")

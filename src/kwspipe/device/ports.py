"""Serial ports: discovery and opening of the port of a board."""

import errno
from collections.abc import Callable, Sequence

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from kwspipe.device.errors import DeviceError

BAUD = 115200
WRITE_TIMEOUT_S = 5.0
# USB vendors of the ports of boards: the on-board J-Link of Silicon Labs' kits, and their bridge chips.
VENDORS = {0x1366: "SEGGER J-Link", 0x10C4: "Silicon Labs"}


class NoPortError(DeviceError):
    """No port, or more than one, matches a board."""


class PortError(DeviceError):
    """The port cannot be opened."""


def describe(port: ListPortInfo) -> str:
    """Returns one line of text for a port: its path, manufacturer and serial number."""
    manufacturer = VENDORS.get(port.vid or 0, port.manufacturer or "unknown manufacturer")
    number = f", serial number {port.serial_number}" if port.serial_number else ""
    return f"{port.device} ({manufacturer}: {port.description}{number})"


def find_port(
    configured: str | None, comports: Callable[[], Sequence[ListPortInfo]] = list_ports.comports
) -> str:
    """Returns the path of the board's port.

    Args:
        configured: ``board.port``. If it is set, it is returned unchanged.
        comports: lists the ports of this machine.

    Raises:
        NoPortError: if ``configured`` is None and the number of ports with a known vendor is not one.
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
            "one board, or a configured port",
            f"select a port, for example board.port={candidates[0].device}",
        )
    others = "; ".join(map(describe, ports)) or "none"
    raise NoPortError(
        "board.port",
        f"no board is connected; ports of this machine: {others}",
        "a port of a J-Link (SEGGER) or of Silicon Labs",
        "connect the board with a USB data cable, set board.port to its port, or use board=emulated",
    )


def open_port(path: str) -> serial.Serial:
    """Opens a port at 115200 baud, 8N1, for the exclusive use of this process.

    Args:
        path: a serial port, or a URL of pyserial such as ``socket://host:port``.

    Raises:
        PortError: if the port does not exist, is in use, or may not be used.
    """
    try:
        return serial.serial_for_url(path, BAUD, write_timeout=WRITE_TIMEOUT_S, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as error:
        raise _port_error(path, error) from error


def _port_error(path: str, error: Exception) -> PortError:
    # On Windows only the text of pyserial's error contains the cause, and a port in use denies access.
    number, text = getattr(error, "errno", None), str(error)
    if number in (errno.EACCES, errno.EPERM):
        return PortError(
            path,
            "this user has no permission to open the port",
            "a user with permission to use serial ports",
            "on Linux: sudo usermod -aG dialout $USER, then log in again",
        )
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK) or "PermissionError(13" in text:
        return PortError(
            path,
            "the port is in use by another program",
            "a port that no other program has open",
            "close the terminal, the IDE or the other kwspipe process that uses it, and run again",
        )
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "FileNotFoundError(2" in text:
        return PortError(
            path,
            "the port does not exist",
            "a port of this machine, as board.port",
            "check the cable and the name; without board.port kwspipe finds the port of a board",
        )
    return PortError(path, f"it cannot be opened: {error}", "a serial port", "check board.port and the cable")

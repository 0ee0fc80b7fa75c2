"""Discovery and opening of serial ports, and the error messages for each failure."""

import errno
import os
import pty

import pytest
import serial
from serial.tools.list_ports_common import ListPortInfo

from kwspipe.device import ports
from kwspipe.device.ports import NoPortError, PortError


def port(
    device: str, vid: int | None, description: str = "J-Link OB", number: str | None = None
) -> ListPortInfo:
    info = ListPortInfo(device)
    info.vid, info.description, info.serial_number = vid, description, number
    return info


KIT = port("/dev/ttyACM0", 0x1366, number="000440112233")
SECOND = port("/dev/ttyACM1", 0x10C4, "CP2105")
MODEM = port("/dev/ttyS0", None, "modem")


def test_the_only_board_is_found():
    assert ports.find_port(None, lambda: [MODEM, KIT]) == "/dev/ttyACM0"


def test_a_configured_port_is_returned_unchanged():
    assert ports.find_port("socket://lab:5000", lambda: [KIT, SECOND]) == "socket://lab:5000"


def test_without_a_board_the_error_lists_the_ports():
    with pytest.raises(
        NoPortError, match=r"no board is connected.*/dev/ttyS0 \(unknown manufacturer: modem\).*emulated"
    ):
        ports.find_port(None, lambda: [MODEM])
    with pytest.raises(NoPortError, match="ports of this machine: none"):
        ports.find_port(None, lambda: [])


def test_two_boards_are_an_error_that_lists_both():
    with pytest.raises(NoPortError) as caught:
        ports.find_port(None, lambda: [SECOND, KIT, MODEM])
    message = str(caught.value)
    assert "2 boards are connected" in message
    assert "/dev/ttyACM0 (SEGGER J-Link: J-Link OB, serial number 000440112233)" in message
    assert "/dev/ttyACM1 (Silicon Labs: CP2105)" in message
    assert "board.port=/dev/ttyACM0" in message


@pytest.mark.parametrize(
    ("error", "match"),
    [
        (serial.SerialException(errno.ENOENT, "No such file"), "the port does not exist.*check the cable"),
        (
            serial.SerialException(errno.EACCES, "Permission denied"),
            "no permission to open the port.*dialout",
        ),
        (serial.SerialException(errno.EBUSY, "Device busy"), "in use by another program.*close the terminal"),
        (serial.SerialException(errno.EAGAIN, "Could not exclusively lock"), "in use by another program"),
        (
            serial.SerialException("could not open port 'COM3': PermissionError(13, 'Access')"),
            "in use by another",
        ),
        (serial.SerialException("could not open port 'COM9': FileNotFoundError(2, 'x')"), "does not exist"),
        (serial.SerialException("something else"), "cannot be opened: something else.*board.port"),
        (ValueError("not a valid URL"), "cannot be opened: not a valid URL"),
    ],
)
def test_each_cause_has_its_own_message(monkeypatch, error, match):
    def fail(*_arguments, **_settings):
        raise error

    monkeypatch.setattr(serial, "serial_for_url", fail)
    with pytest.raises(PortError, match=match):
        ports.open_port("/dev/ttyACM0")


def test_a_port_that_does_not_exist():
    with pytest.raises(PortError, match=r"^/dev/missing: the port does not exist"):
        ports.open_port("/dev/missing")


def test_a_port_is_opened_for_one_process_only():
    controller, terminal = pty.openpty()
    path = os.ttyname(terminal)
    with ports.open_port(path) as opened:
        assert opened.baudrate == 115200
        with pytest.raises(PortError, match="in use by another program"):
            ports.open_port(path)
    os.close(controller)
    os.close(terminal)

"""Failures between this machine and a board."""

from kwspipe.core.status import Status
from kwspipe.device.messages import Verb
from kwspipe.errors import KwspipeError


class DeviceError(KwspipeError):
    """A failure of the board, the line to it, or the port."""


class LinkLostError(DeviceError):
    """The board does not answer any more, or the port is gone; a push can be resumed.

    Args:
        where: the port.
        received: what was seen instead of a response.
    """

    def __init__(self, where: str, received: str) -> None:
        super().__init__(
            where,
            received,
            "a board with kwspipe's firmware that answers",
            "check the cable and the power, and that no other program uses the port; then run again: "
            "a push goes on from where it stopped",
        )

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return LinkLostError, (self.where, self.received)  # so that it crosses from a stage's process


class WrongBoardError(DeviceError):
    """Something else than expected answers at the port."""


MEANING = {
    Status.ERROR_ARGUMENT: "it does not understand the request",
    Status.ERROR_SIZE: "something is larger than it has room for",
    Status.ERROR_FORMAT: "the image contradicts its format",
    Status.ERROR_CHECKSUM: "the checksum differs",
    Status.ERROR_UNSUPPORTED: "its firmware cannot do this",
    Status.ERROR_FLASH: "its flash memory failed to erase or to write",
    Status.ERROR_STATE: "it is not in the state for this",
    Status.ERROR_FULL: "no room is left",
}


REMEDIES = {
    Status.ERROR_STATE: "run again: the board may have started anew in between",
    Status.ERROR_FLASH: "run again; if it stays, the board's flash is worn out",
}


class RefusedError(DeviceError):
    """The board answered a request with an error.

    Args:
        where: the port.
        verb: the request.
        status: the board's answer.
    """

    def __init__(self, where: str, verb: Verb, status: Status) -> None:
        self.verb = verb
        self.status = status
        super().__init__(
            where,
            f"the board refused {verb.name} ({status.name}): {MEANING.get(status, 'unknown status')}",
            "requests that the board's firmware and its present state allow",
            REMEDIES.get(status, "flash the firmware of this release and run again"),
        )

    def __reduce__(self) -> tuple[type, tuple[str, Verb, Status]]:
        return RefusedError, (self.where, self.verb, self.status)

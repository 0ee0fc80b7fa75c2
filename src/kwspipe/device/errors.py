"""Errors of the communication with a board."""

from kwspipe.core.status import Status
from kwspipe.device.messages import Verb
from kwspipe.errors import KwspipeError


class DeviceError(KwspipeError):
    """A failure of the board, of the serial line or of the port."""


class LinkLostError(DeviceError):
    """The board does not answer, or the port does not exist any more. A push can be resumed.

    Args:
        where: the port.
        received: the observation that replaces a response.
    """

    def __init__(self, where: str, received: str) -> None:
        super().__init__(
            where,
            received,
            "a board with kwspipe's firmware that answers",
            "check the cable and the power, and that no other program uses the port; then run again: "
            "an interrupted push resumes",
        )

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        # Stages run in a process of their own, and their errors are pickled.
        return LinkLostError, (self.where, self.received)


class WrongBoardError(DeviceError):
    """Another board or another firmware than expected answers at the port."""


DESCRIPTIONS = {
    Status.ERROR_ARGUMENT: "the request is invalid",
    Status.ERROR_SIZE: "the data exceed the space on the board",
    Status.ERROR_FORMAT: "the image violates its format",
    Status.ERROR_CHECKSUM: "the checksum differs",
    Status.ERROR_UNSUPPORTED: "the firmware does not support this",
    Status.ERROR_FLASH: "the flash memory failed to erase or to write",
    Status.ERROR_STATE: "the request is not allowed in the present state",
    Status.ERROR_FULL: "no space is left",
}


REMEDIES = {
    Status.ERROR_STATE: "run again: the board may have restarted in between",
    Status.ERROR_FLASH: "run again; if the error persists, the flash of the board is worn out",
}


class RefusedError(DeviceError):
    """The board answered a request with an error.

    Args:
        where: the port.
        verb: the request.
        status: the status in the response.
    """

    def __init__(self, where: str, verb: Verb, status: Status) -> None:
        self.verb = verb
        self.status = status
        super().__init__(
            where,
            f"the board refused {verb.name} ({status.name}): {DESCRIPTIONS.get(status, 'unknown status')}",
            "requests that the board's firmware and its present state allow",
            REMEDIES.get(status, "flash the firmware of this release and run again"),
        )

    def __reduce__(self) -> tuple[type, tuple[str, Verb, Status]]:
        return RefusedError, (self.where, self.verb, self.status)

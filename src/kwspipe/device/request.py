"""Requests over the serial link: retries until a response arrives, and checks of the response."""

import struct
import time

from kwspipe.core.status import Status
from kwspipe.device.errors import RefusedError, WrongBoardError
from kwspipe.device.messages import RESPONSE, Verb
from kwspipe.device.transport import MAX_TIMEOUTS, Transport

# Minimum timeouts of requests for which the board erases flash, checks an image or runs inference.
MIN_TIMEOUT_S = {Verb.BEGIN: 1.0, Verb.END: 3.0, Verb.CONFIRM: 1.0, Verb.PROFILE: 5.0}


class RequestChannel:
    """Sends one request at a time and returns the payload of its response.

    Args:
        transport: the frames over a port.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def request(self, verb: Verb, payload: bytes = b"") -> bytes:
        """Sends a request until its response arrives, and returns the payload of the response.

        All tries have the same sequence number, so that the board executes the request once.

        Raises:
            LinkLostError: if no try has a response.
            RefusedError: if the board answered with an error.
        """
        sequence, encoded = self.transport.encode(verb, payload)
        for attempt in range(MAX_TIMEOUTS):
            sent_s = time.monotonic()
            self.transport.send(encoded)
            deadline_s = sent_s + max(self.transport.timeout_s(attempt), MIN_TIMEOUT_S.get(verb, 0.0))
            while (response := self.transport.response(deadline_s - time.monotonic())) is not None:
                if response.sequence == sequence and response.verb == verb | RESPONSE:
                    return self.check_status(verb, response.payload)
            self.transport.num_timeouts += 1
        raise self.transport.timeout_error(verb)

    def check_status(self, verb: Verb, payload: bytes) -> bytes:
        """Returns the payload if its status is OK.

        Raises:
            RefusedError: if it is not.
        """
        code = int.from_bytes(payload[:1], "little", signed=True)
        if code != Status.OK:
            is_known = code in {status.value for status in Status}
            raise RefusedError(self.transport.where, verb, Status(code) if is_known else Status.ERROR_FORMAT)
        return payload

    def check_size(self, verb: Verb, payload: bytes, size: int) -> bytes:
        """Returns the payload if it has ``size`` bytes.

        Raises:
            WrongBoardError: if it does not.
        """
        if len(payload) != size:
            raise WrongBoardError(
                self.transport.where,
                f"the board's response to {verb.name} has {len(payload)} bytes",
                f"{size} bytes",
                "flash the firmware of this release",
            )
        return payload

    def unpack(self, verb: Verb, layout: struct.Struct, payload: bytes) -> tuple[int, ...]:
        """Returns the fields of a response. Errors are those of ``check_size``."""
        return layout.unpack(self.check_size(verb, payload, layout.size))

"""Pushes a model image to a board: fits, sends, resumes, tests bit for bit, confirms."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kwspipe.core.status import Status
from kwspipe.device.errors import DeviceError, LinkLostError, RefusedError
from kwspipe.device.link import Link
from kwspipe.device.messages import Hello, ImageId, Target, Verb

MAX_RESUMES = 6
PAUSE_S = 0.5  # before the first resume; twice as long before each further one
MAX_PAUSE_S = 8.0


class DoesNotFitError(DeviceError):
    """The model is too large for the board."""


class ImageRefusedError(DeviceError):
    """The board received the image whole, and cannot run it."""


class SelfTestError(DeviceError):
    """The board computes something else than was trained."""


@dataclass(frozen=True)
class Golden:
    """Inputs with the outputs they must give.

    Attributes:
        inputs: (vectors, input size) int8.
        outputs: (vectors, classes) int8.
    """

    inputs: NDArray[np.int8]
    outputs: NDArray[np.int8]


@dataclass(frozen=True)
class ResourceFit:
    """What a model needs of a board, and what the board has, in bytes."""

    image_bytes: int
    max_image_bytes: int
    memory_bytes: int
    max_memory_bytes: int

    def lines(self) -> list[str]:
        """One line a resource: needed, there, left or missing."""
        rows = (
            ("flash of a slot", self.image_bytes, self.max_image_bytes),
            ("memory (arena, features, front end)", self.memory_bytes, self.max_memory_bytes),
        )
        return [
            f"{name}: {needed:,} of {there:,} bytes, "
            + (f"{there - needed:,} left" if needed <= there else f"{needed - there:,} too many")
            for name, needed, there in rows
        ]


@dataclass(frozen=True)
class PushReport:
    """What a push did.

    Attributes:
        hello: the board.
        fit: what the model needs of it.
        was_active: nothing was sent, as the board already had the image.
        resumed_from: offset in bytes the last attempt went on from.
        num_resumes: times the link was lost and found again.
        sent_bytes: encoded bytes sent, retries included.
        push_s: from BEGIN to CONFIRM, all attempts.
        num_vectors: golden inputs run on the board, all of them equal.
    """

    hello: Hello
    fit: ResourceFit
    was_active: bool
    resumed_from: int
    num_resumes: int
    sent_bytes: int
    push_s: float
    num_vectors: int


@dataclass(frozen=True)
class PushCallbacks:
    """Hears how a push goes on.

    Attributes:
        on_fit: before anything is sent.
        on_sent: bytes of the image on the board, and of all.
        on_tested: golden inputs run, and of all.
        on_resume: the link was lost; why, and the pause in seconds before the next attempt.
    """

    on_fit: Callable[[Hello, ResourceFit], None] = lambda hello, fit: None
    on_sent: Callable[[int, int], None] = lambda done, total: None
    on_tested: Callable[[int, int], None] = lambda done, total: None
    on_resume: Callable[[DeviceError, float], None] = lambda error, pause_s: None


def check_fit(link: Link, image: bytes, memory_bytes: int) -> tuple[Hello, ResourceFit]:
    """Asks the board for its limits and compares.

    Raises:
        DoesNotFitError: the model is too large.
    """
    hello = link.hello()
    fit = ResourceFit(len(image), hello.max_image_bytes, memory_bytes, hello.memory_bytes)
    if fit.image_bytes > fit.max_image_bytes or fit.memory_bytes > fit.max_memory_bytes:
        raise DoesNotFitError(
            f"board {hello.board}",
            f"the model does not fit: {'; '.join(fit.lines())}",
            f"images up to {fit.max_image_bytes:,} bytes, memory up to {fit.max_memory_bytes:,}",
            "make the model smaller, for example with a smaller model.alpha; nothing was sent",
        )
    return hello, fit


def run_golden(link: Link, target: Target, golden: Golden, watcher: PushCallbacks) -> None:
    """Runs golden inputs on the board.

    Raises:
        SelfTestError: an output differs in any bit.
    """
    for number, (values, expected) in enumerate(zip(golden.inputs, golden.outputs, strict=True)):
        outputs = np.frombuffer(link.test(target, values.astype(np.int8).tobytes()), np.int8)
        if not np.array_equal(outputs, expected):
            raise SelfTestError(
                f"golden input {number} of {len(golden.inputs)}",
                f"the board computed {outputs.tolist()}",
                f"exactly {expected.tolist()}",
                "the board keeps its old model; flash the firmware of this release, "
                "and run quantize again with it",
            )
        watcher.on_tested(number + 1, len(golden.inputs))


def push(
    connect: Callable[[], Link],
    image: bytes,
    memory_bytes: int,
    golden: Golden,
    watcher: PushCallbacks,
    sleep: Callable[[float], None] = time.sleep,
) -> PushReport:
    """Brings a model image onto a board, and goes on where it was when the link is lost or the board restarts.

    Args:
        connect: opens the link; called again after a loss.
        image: the model image.
        memory_bytes: what a spotter with this image needs (kws_spotter_memory_bytes).
        golden: what the board must compute before the image becomes the active one.
        watcher: hears how it goes on.
        sleep: waits so many seconds.

    Raises:
        DoesNotFitError: before anything is sent.
        ImageRefusedError: the board's firmware cannot run the image.
        SelfTestError: an output differs; the board keeps its old model.
        DeviceError: the link was lost too often.
    """
    started_s = time.monotonic()
    sent_bytes, pause_s = 0, PAUSE_S
    for num_resumes in range(MAX_RESUMES + 1):
        try:
            with connect() as link:
                try:
                    report = _push_once(link, image, memory_bytes, golden, watcher)
                finally:
                    sent_bytes += link.transport.num_sent_bytes
            push_s = time.monotonic() - started_s
            return replace(report, num_resumes=num_resumes, sent_bytes=sent_bytes, push_s=push_s)
        except (LinkLostError, RefusedError) as error:
            if num_resumes == MAX_RESUMES or not _can_resume(error):
                raise
            watcher.on_resume(error, pause_s)
        sleep(pause_s)
        pause_s = min(2 * pause_s, MAX_PAUSE_S)
    raise AssertionError("unreachable")


def _can_resume(error: DeviceError) -> bool:
    """A board that restarted in between refuses what belongs to the push that it has forgotten."""
    return isinstance(error, LinkLostError) or (
        isinstance(error, RefusedError) and error.status in (Status.ERROR_STATE, Status.ERROR_FLASH)
    )


def _push_once(
    link: Link, image: bytes, memory_bytes: int, golden: Golden, watcher: PushCallbacks
) -> PushReport:
    hello, fit = check_fit(link, image, memory_bytes)
    watcher.on_fit(hello, fit)
    image_id = ImageId.of(image)
    was_active = link.status().active == image_id
    resumed_from = len(image)
    if not was_active:
        resumed_from = _send(link, image, image_id, watcher)
    try:
        run_golden(link, Target.ACTIVE if was_active else Target.CANDIDATE, golden, watcher)
    except SelfTestError:
        link.abort()
        raise
    if was_active:
        link.abort()  # ends the test: the board spots again
    else:
        link.confirm(image_id)
    return PushReport(hello, fit, was_active, resumed_from, 0, 0, 0.0, len(golden.inputs))


def _send(link: Link, image: bytes, image_id: ImageId, watcher: PushCallbacks) -> int:
    """Sends the image and has it verified; returns the offset it went on from."""
    offset = link.begin(image_id)
    for restart in (False, True):
        if restart:  # what an earlier push left there is not what it seemed
            offset = link.begin(image_id, restart=True)
        watcher.on_sent(offset, len(image))
        link.send_image(image, offset, lambda done: watcher.on_sent(done, len(image)))
        try:
            link.end()
            return offset
        except RefusedError as error:
            if error.status == Status.ERROR_CHECKSUM and not restart:
                continue
            raise _refusal(error) from error
    raise AssertionError("unreachable")


def _refusal(error: RefusedError) -> DeviceError:
    if error.verb != Verb.END or error.status in (Status.ERROR_STATE, Status.ERROR_FLASH):
        return error
    return ImageRefusedError(
        error.where,
        f"the board received the image whole and cannot run it ({error.status.name})",
        "images of the format and the operators that its firmware knows",
        "flash the firmware of this release and push again; the board keeps its old model",
    )

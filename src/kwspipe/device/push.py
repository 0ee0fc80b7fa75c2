"""Push of a model image to a board: resource check, transfer with resume, self-test, activation."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from kwspipe.core.status import Status
from kwspipe.device.errors import DeviceError, LinkLostError, RefusedError
from kwspipe.device.golden import GoldenVectors, SelfTestError, run_self_test
from kwspipe.device.link import Link
from kwspipe.device.messages import Hello, ImageId, Target, Verb

MAX_RESUMES = 6
PAUSE_S = 0.5  # before the first resume, doubled before each further one
MAX_PAUSE_S = 8.0


class DoesNotFitError(DeviceError):
    """The model is too large for the board."""


class ImageRefusedError(DeviceError):
    """The board received the complete image and cannot run it."""


@dataclass(frozen=True)
class ResourceFit:
    """Resources that a model requires and resources of the board, in bytes."""

    image_bytes: int
    max_image_bytes: int
    memory_bytes: int
    max_memory_bytes: int

    def lines(self) -> list[str]:
        """Returns one line of text per resource: required, available, and the difference."""
        rows = (
            ("flash of a slot", self.image_bytes, self.max_image_bytes),
            ("memory (arena, features, front end)", self.memory_bytes, self.max_memory_bytes),
        )
        return [
            f"{name}: {required:,} of {available:,} bytes, "
            + (
                f"{available - required:,} left"
                if required <= available
                else f"{required - available:,} too many"
            )
            for name, required, available in rows
        ]


@dataclass(frozen=True)
class PushReport:
    """Result of a push.

    Attributes:
        hello: identity and limits of the board.
        fit: resources required and available.
        was_active: the image was active already, and nothing was sent.
        resumed_from: offset in bytes at which the last attempt resumed.
        num_resumes: number of resumes after a lost link or a restart of the board.
        sent_bytes: encoded bytes sent, retries included.
        push_s: time of all attempts.
        num_vectors: number of golden inputs that the board ran. All outputs were equal.
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
    """Functions that a push calls as it proceeds.

    Attributes:
        on_fit: called before the transfer with the board and the resources.
        on_sent: called with the bytes of the image on the board and the bytes of the image.
        on_tested: called with the number of golden inputs tested and the number of all.
        on_resume: called after an interruption with its error and the pause in seconds before the next attempt.
    """

    on_fit: Callable[[Hello, ResourceFit], None] = lambda hello, fit: None
    on_sent: Callable[[int, int], None] = lambda done, total: None
    on_tested: Callable[[int, int], None] = lambda done, total: None
    on_resume: Callable[[DeviceError, float], None] = lambda error, pause_s: None


def check_fit(link: Link, image: bytes, memory_bytes: int) -> tuple[Hello, ResourceFit]:
    """Reads the limits of the board and compares them with the requirements of the model.

    Raises:
        DoesNotFitError: if the model is too large.
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


def push(
    connect: Callable[[], Link],
    image: bytes,
    memory_bytes: int,
    golden: GoldenVectors,
    callbacks: PushCallbacks,
    sleep: Callable[[float], None] = time.sleep,
) -> PushReport:
    """Transfers a model image to a board, tests it and makes it the active image.

    If the link is lost or the board restarts, the push resumes.

    Args:
        connect: opens the link. It is called again after each interruption.
        image: the model image.
        memory_bytes: memory of a spotter with this image (``kws_spotter_memory_bytes``).
        golden: the vectors that the board must compute before the image becomes active.
        callbacks: progress callbacks.
        sleep: waits for a number of seconds.

    Raises:
        DoesNotFitError: if the model is too large. Nothing was sent.
        ImageRefusedError: if the firmware cannot run the image.
        SelfTestError: if an output differs. The board keeps its old model.
        DeviceError: if the link was lost too often.
    """
    started_s = time.monotonic()
    sent_bytes, pause_s = 0, PAUSE_S
    for num_resumes in range(MAX_RESUMES + 1):
        try:
            with connect() as link:
                try:
                    report = _push_once(link, image, memory_bytes, golden, callbacks)
                finally:
                    sent_bytes += link.transport.num_sent_bytes
            push_s = time.monotonic() - started_s
            return replace(report, num_resumes=num_resumes, sent_bytes=sent_bytes, push_s=push_s)
        except (LinkLostError, RefusedError) as error:
            if num_resumes == MAX_RESUMES or not _can_resume(error):
                raise
            callbacks.on_resume(error, pause_s)
        sleep(pause_s)
        pause_s = min(2 * pause_s, MAX_PAUSE_S)
    raise AssertionError("unreachable")


def _can_resume(error: DeviceError) -> bool:
    """Returns whether another attempt can succeed. After a restart the board refuses requests of the old push."""
    return isinstance(error, LinkLostError) or (
        isinstance(error, RefusedError) and error.status in (Status.ERROR_STATE, Status.ERROR_FLASH)
    )


def _push_once(
    link: Link, image: bytes, memory_bytes: int, golden: GoldenVectors, callbacks: PushCallbacks
) -> PushReport:
    hello, fit = check_fit(link, image, memory_bytes)
    callbacks.on_fit(hello, fit)
    image_id = ImageId.of(image)
    was_active = link.status().active == image_id
    resumed_from = len(image)
    if not was_active:
        resumed_from = _send(link, image, image_id, callbacks)
    target = Target.ACTIVE if was_active else Target.CANDIDATE
    try:
        run_self_test(link, target, golden, callbacks.on_tested)
    except SelfTestError:
        link.abort()
        raise
    if was_active:
        link.abort()  # ends the test; the board resumes keyword spotting
    else:
        link.confirm(image_id)
    return PushReport(hello, fit, was_active, resumed_from, 0, 0, 0.0, len(golden.inputs))


def _send(link: Link, image: bytes, image_id: ImageId, callbacks: PushCallbacks) -> int:
    """Sends the image and requests its verification. Returns the offset at which the transfer resumed."""
    offset = link.begin(image_id)
    for restart in (False, True):
        if restart:  # the partial image of an earlier push was damaged
            offset = link.begin(image_id, restart=True)
        callbacks.on_sent(offset, len(image))
        link.send_image(image, offset, lambda done: callbacks.on_sent(done, len(image)))
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
        f"the board received the complete image and cannot run it ({error.status.name})",
        "images with the format version and the operators of its firmware",
        "flash the firmware of this release and push again; the board keeps its old model",
    )

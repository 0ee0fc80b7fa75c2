"""The board listens: to recordings that are fed to it, or to its own microphone."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from kwspipe.audio.pcm import AudioError
from kwspipe.config import BoardConfig
from kwspipe.core.image_info import ImageRequirements
from kwspipe.device import boards
from kwspipe.device.boards import BoardHandle
from kwspipe.device.feed import feed_audio
from kwspipe.device.golden import read_golden_vectors
from kwspipe.device.link import Link
from kwspipe.device.messages import Event
from kwspipe.device.push_progress import push_with_progress
from kwspipe.listening.dump import Dump
from kwspipe.listening.session import HeardDetection, Report, View
from kwspipe.listening.sources import read_recordings

POLL_S = 0.2
ASK_AGAIN_S = 2.0  # for detections whose message got lost
OWN_MICROPHONE = "the board's microphone"


def listen_on_board(
    board: BoardConfig,
    image: bytes,
    golden: Path,
    source: str | None,
    duration_s: float | None,
    view: View,
    dump: Dump | None,
    stopped: Callable[[], bool],
    console: Console,
) -> Report:
    """Brings the model onto the board, and collects what it detects.

    Args:
        board: which one.
        image: the model, with the detector's settings as they shall be.
        golden: golden.npz; the board proves itself on it first.
        source: recordings to feed; None for the board's own microphone.
        duration_s: of the board's own microphone; None until it is stopped.
        view: shows detections.
        dump: keeps the sound of detections in recordings.
        stopped: tells whether it shall end.
        console: says what goes on.

    Raises:
        KwspipeError: no board, no such recording, or a board that computes something else.
    """
    facts = ImageRequirements.of(image)
    with boards.open_board(board.name, board.port, console) as attached:
        push_with_progress(attached, image, facts, read_golden_vectors(golden, board.golden_inputs), console)
        started_s = time.monotonic()
        with attached.connect() as link:
            link.hello()
            if source is None:
                report = _own_microphone(link, duration_s, view, stopped)
            else:
                report = _fed(link, attached, facts.sample_rate_hz, source, view, dump, stopped, console)
        report.took_s = time.monotonic() - started_s
        return report


def _fed(
    link: Link, attached: BoardHandle, rate_hz: int, source: str, view: View, dump: Dump | None,
    stopped: Callable[[], bool], console: Console,
) -> Report:  # fmt: skip
    report = Report()

    def skip(error: AudioError) -> None:
        view.say(str(error))

    for name, samples in read_recordings(source, rate_hz, skip):
        view.begin(name)
        with link.collect_events() as events, contextlib.suppress(_EndedError):
            fed = feed_audio(link, samples, rate_hz, attached.baud, console, lambda: _end_if(stopped()))
            report.audio_s += fed.audio_s
        report.num_sounds += 1
        for event in events:
            until = event.time_ms * rate_hz // 1000
            file = dump.write(event.label, name, samples[:until]) if dump else None
            _take(event, name, file, report, view)
        if stopped():
            report.interrupted = True
            break
    return report


class _EndedError(Exception):
    """Ends a feed."""


def _end_if(stopped: bool) -> None:
    if stopped:
        raise _EndedError


def _own_microphone(link: Link, duration_s: float | None, view: View, stopped: Callable[[], bool]) -> Report:
    report = Report(num_sounds=1)
    before = link.status()
    link.num_events = before.num_events  # what it detected before we came is not ours
    view.begin(OWN_MICROPHONE)
    started_s = asked_s = time.monotonic()
    with link.collect_events() as events:
        while not (report.interrupted or report.audio_s >= (duration_s or float("inf"))):
            link.transport.receive(POLL_S)
            if time.monotonic() - asked_s > ASK_AGAIN_S:
                link.fetch_events()
                asked_s = time.monotonic()
            while events:
                _take(events.pop(0), OWN_MICROPHONE, None, report, view)
            report.audio_s = time.monotonic() - started_s
            report.interrupted = stopped()
    report.num_inferences = link.status().num_inferences - before.num_inferences
    return report


def _take(event: Event, source: str, file: str | None, report: Report, view: View) -> None:
    heard = HeardDetection(source, event.time_ms / 1000, event.label, event.score, file)
    report.detections.append(heard)
    view.heard(heard)

"""Detection on a board, on recordings sent to it or on its own microphone."""

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
from kwspipe.listening.detection_recorder import DetectionRecorder
from kwspipe.listening.session import DetectionRecord, Report, View
from kwspipe.listening.sources import read_recordings

POLL_S = 0.2
FETCH_INTERVAL_S = 2.0  # interval of requests for detections whose message was lost
OWN_MICROPHONE = "the board's microphone"


def listen_on_board(
    board: BoardConfig,
    image: bytes,
    golden: Path,
    source: str | None,
    duration_s: float | None,
    view: View,
    recorder: DetectionRecorder | None,
    stopped: Callable[[], bool],
    console: Console,
) -> Report:
    """Deploys the model to the board and collects its detections.

    Args:
        board: configuration of the board.
        image: model image with the final detector settings.
        golden: path of golden.npz, whose inputs are checked on the board first.
        source: recordings to send; None for the board's own microphone.
        duration_s: duration with the board's own microphone; None for no limit.
        view: display of the detections.
        recorder: stores the audio of detections in recordings; None stores none.
        stopped: returns whether the user has stopped the session.
        console: destination of progress messages.

    Raises:
        KwspipeError: there is no board or no such recording, or the outputs of the board differ.
    """
    requirements = ImageRequirements.of(image)
    with boards.open_board(board.name, board.port, console) as attached:
        push_with_progress(
            attached, image, requirements, read_golden_vectors(golden, board.golden_inputs), console
        )
        started_s = time.monotonic()
        with attached.connect() as link:
            link.hello()
            if source is None:
                report = _detect_with_own_microphone(link, duration_s, view, stopped)
            else:
                report = _detect_in_recordings(
                    link, attached, requirements.sample_rate_hz, source, view, recorder, stopped, console
                )
        report.took_s = time.monotonic() - started_s
        return report


def _detect_in_recordings(
    link: Link, attached: BoardHandle, rate_hz: int, source: str, view: View, recorder: DetectionRecorder | None,
    stopped: Callable[[], bool], console: Console,
) -> Report:  # fmt: skip
    report = Report()

    def skip(error: AudioError) -> None:
        view.show_message(str(error))

    for name, samples in read_recordings(source, rate_hz, skip):
        view.begin_source(name)
        with link.collect_events() as events, contextlib.suppress(_StoppedError):
            result = feed_audio(link, samples, rate_hz, attached.baud, console, lambda: _raise_if(stopped()))
            report.audio_s += result.audio_s
        report.num_sounds += 1
        for event in events:
            length = event.time_ms * rate_hz // 1000
            file = recorder.write(event.label, name, samples[:length]) if recorder else None
            _add_detection(event, name, file, report, view)
        if stopped():
            report.interrupted = True
            break
    return report


class _StoppedError(Exception):
    """Ends the transmission of a recording."""


def _raise_if(stopped: bool) -> None:
    if stopped:
        raise _StoppedError


def _detect_with_own_microphone(
    link: Link, duration_s: float | None, view: View, stopped: Callable[[], bool]
) -> Report:
    report = Report(num_sounds=1)
    before = link.status()
    link.num_events = before.num_events  # earlier detections are not fetched
    view.begin_source(OWN_MICROPHONE)
    started_s = fetched_s = time.monotonic()
    with link.collect_events() as events:
        while not (report.interrupted or report.audio_s >= (duration_s or float("inf"))):
            link.transport.receive(POLL_S)
            if time.monotonic() - fetched_s > FETCH_INTERVAL_S:
                link.fetch_events()
                fetched_s = time.monotonic()
            while events:
                _add_detection(events.pop(0), OWN_MICROPHONE, None, report, view)
            report.audio_s = time.monotonic() - started_s
            report.interrupted = stopped()
    report.num_inferences = link.status().num_inferences - before.num_inferences
    return report


def _add_detection(event: Event, source: str, file: str | None, report: Report, view: View) -> None:
    detection = DetectionRecord(source, event.time_ms / 1000, event.label, event.score, file)
    report.detections.append(detection)
    view.show_detection(detection)

"""Stage ``listen``: live detections of a model on a microphone, recordings or a board."""

import csv
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from rich.console import Console

from kwspipe.audio.microphone import load_sounddevice, open_microphone
from kwspipe.config import DetectorConfig, PipelineConfig
from kwspipe.core.image_info import ImageRequirements
from kwspipe.core.spotter import Spotter
from kwspipe.device.prerequisites import check_board
from kwspipe.errors import KwspipeError
from kwspipe.exchange.detector_overrides import changed_settings, describe_changes, override_detector
from kwspipe.listening.detection_recorder import DetectionRecorder
from kwspipe.listening.session import DetectionRecord, Limits, Report, listen, stop_on_signal
from kwspipe.listening.sources import find_recordings, from_input, from_recordings
from kwspipe.listening.views import LiveView, PlainView
from kwspipe.runs.artifacts import write_json
from kwspipe.stages import Stage
from kwspipe.terminal.lines import console, print_line


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes detections.csv and session.json in ``folder``, and audio of detections in ``listen.dump_dir``."""
    quantized = run_dir / "quantize"
    original = (quantized / "model.kws").read_bytes()
    changes = changed_settings(quantized, config.detector)
    if config.listen.latency_ms is not None:
        changes["latency_ms"] = config.listen.latency_ms
    if changes:
        print_line(f"detector as configured: {describe_changes(changes, original)}")
    image, detector = override_detector(original, config.detector, changes)
    recorder = _recorder(config, ImageRequirements.of(image).sample_rate_hz, detector)
    with stop_on_signal(signal.SIGINT) as stopped:
        report = _listen(config, image, detector, quantized / "golden.npz", recorder, stopped, console())
    _write(report, detector, folder)
    _print_report(report, recorder)


def _recorder(config: PipelineConfig, rate_hz: int, detector: DetectorConfig) -> DetectionRecorder | None:
    if config.listen.dump_dir is None:
        return None
    if config.listen.on == "board" and config.listen.source is None:
        raise KwspipeError(
            "listen.dump_dir",
            "a folder, while the board reads its own microphone",
            "null: the board sends detections without audio",
            "leave out listen.dump_dir, or feed recordings with listen.source",
        )
    length_ms = config.frontend.sample_length_ms + detector.average_window_duration_ms
    return DetectionRecorder(Path(config.listen.dump_dir).expanduser(), rate_hz, length_ms)


def _listen(
    config: PipelineConfig, image: bytes, detector: DetectorConfig, golden: Path, recorder: DetectionRecorder | None,
    stopped: Callable[[], bool], target: Console,
) -> Report:  # fmt: skip
    settings = config.listen
    if settings.on == "board":
        from kwspipe.listening.on_board import listen_on_board

        with PlainView(target) as view:
            return listen_on_board(
                config.board,
                image,
                golden,
                settings.source,
                settings.duration_s,
                view,
                recorder,
                stopped,
                target,
            )
    spotter, rate_hz = Spotter(image), ImageRequirements.of(image).sample_rate_hz
    with ExitStack() as stack:
        if settings.source is None:
            microphone = stack.enter_context(open_microphone(settings.device, "listen"))
            print_line(f"{microphone.name} at {microphone.rate_hz} Hz; Ctrl-C ends it")
            sounds = iter([from_input(microphone, rate_hz)])
        else:
            sounds = from_recordings(
                settings.source, rate_hz, lambda error: print_line(f"skipped: {error}", "yellow")
            )
        view = stack.enter_context(_view(target, spotter.labels, detector))
        realtime = settings.realtime and settings.source is not None
        return listen(
            spotter, rate_hz, sounds, view, recorder, Limits(stopped, settings.duration_s, realtime)
        )


def _view(target: Console, labels: tuple[str, ...], detector: DetectorConfig) -> PlainView:
    thresholds = detector.detection_threshold_list or (detector.detection_threshold,) * len(labels)
    return LiveView(target, labels, thresholds) if target.is_terminal else PlainView(target)


def _write(report: Report, detector: DetectorConfig, folder: Path) -> None:
    with (folder / "detections.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([column.name for column in fields(DetectionRecord)])
        table.writerows(astuple(detection) for detection in report.detections)
    summary: dict[str, Any] = {**vars(report), "detections": len(report.detections)}
    write_json(folder / "session.json", summary | {"detector": vars(detector)})


def _print_report(report: Report, recorder: DetectionRecorder | None) -> None:
    words: dict[str, int] = {}
    for detection in report.detections:
        words[detection.label] = words.get(detection.label, 0) + 1
    listed = ", ".join(f"{label} {count}" for label, count in sorted(words.items())) or "nothing"
    faster = report.audio_s / report.took_s if report.took_s > 0 else 0
    pace = f", {faster:.0f} times real time" if faster > 1.5 else ""
    print_line(f"detected {listed} in {report.audio_s:.1f} s of audio{pace}")
    if report.interrupted:
        print_line("ended by Ctrl-C")
    if recorder and report.detections:
        folder = recorder.folder
        print_line(f"stored in {folder}; after removal of wrong clips: dataset=folder dataset.root={folder}")


def check(config: PipelineConfig) -> None:
    """Checks the source, and the prerequisites of the board or of the microphone.

    Raises:
        KwspipeError: the source, a package, a compiler or the firmware is missing.
    """
    if config.listen.source is not None:
        find_recordings(config.listen.source)
    if config.listen.on == "board":
        check_board(config.board.name)
    elif config.listen.source is None:
        load_sounddevice("listen")


STAGE = Stage(
    name="listen",
    reads=("listen", "detector", "frontend", "board"),
    needs=("quantize",),
    run=run,
    check=check,
    always=True,
    interactive=True,
)

"""Stage ``record``: records takes of words below ``dataset.root``, in the layout of ``dataset=folder``."""

import signal
from dataclasses import asdict
from pathlib import Path

from kwspipe.audio.microphone import load_sounddevice, open_microphone
from kwspipe.config import PipelineConfig
from kwspipe.dataset.recordings import normalize_name
from kwspipe.errors import KwspipeError
from kwspipe.recording.display import Display
from kwspipe.recording.session import Report, Session
from kwspipe.runs.artifacts import write_json
from kwspipe.stages import Stage
from kwspipe.terminal.lines import console, print_line


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes recordings below ``dataset.root``, and session.json with the stored and repeated takes in ``folder``."""
    del run_dir
    root = _root(config)
    words = [normalize_name(word) for word in (config.record.words or config.dataset.words)]
    if config.record.speaker is None:
        raise KwspipeError(
            "record.speaker",
            "null",
            "the name of the speaker, the same for all takes of one person",
            "add record.speaker=ann",
        )
    interrupted: list[bool] = []
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
    try:
        with open_microphone(config.record.device, "record") as microphone, Display(console()) as display:
            display.show_message(
                f"{microphone.name} at {microphone.rate_hz} Hz; Ctrl-C ends the session; stored takes are kept"
            )
            session = Session(microphone, config.record, words, root, display, lambda: bool(interrupted))
            report = session.run()
    finally:
        signal.signal(signal.SIGINT, before)
    write_json(folder / "session.json", asdict(report))
    _print_report(report, root)


def _root(config: PipelineConfig) -> Path:
    if config.dataset.root is None:
        raise KwspipeError(
            "dataset.root", "null", "the folder for the takes", "set dataset.root=my/recordings"
        )
    return Path(config.dataset.root).expanduser()


def _print_report(report: Report, root: Path) -> None:
    num_takes = sum(bool(entry["word"]) for entry in report.filed)
    print_line(f"{num_takes} takes stored in {root}, {len(report.repeated)} repeated")
    if report.given_up:
        print_line(f"not recorded: {', '.join(report.given_up)}; run the same command again")
    if num_takes:
        print_line(f"train on these takes: dataset=folder dataset.root={root}")


STAGE = Stage(
    name="record",
    reads=("dataset", "record"),
    needs=(),
    run=run,
    check=lambda _: load_sounddevice("record"),
    always=True,
    interactive=True,
)

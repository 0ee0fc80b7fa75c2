"""Stage ``deploy``: pushes the model to a board and verifies its outputs bit for bit."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import read_pcm
from kwspipe.config import PipelineConfig
from kwspipe.config.threshold_text import threshold_text
from kwspipe.core.detector import Detection
from kwspipe.core.image_info import ImageRequirements
from kwspipe.core.spotter import Spotter
from kwspipe.device import boards
from kwspipe.device.boards import BoardHandle
from kwspipe.device.feed import feed_audio
from kwspipe.device.golden import SelfTestError, read_golden_vectors
from kwspipe.device.link import Link
from kwspipe.device.messages import Profile
from kwspipe.device.prerequisites import check_board
from kwspipe.device.push import PushReport
from kwspipe.device.push_progress import push_with_progress
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash
from kwspipe.runs.artifacts import write_json
from kwspipe.stages import Stage
from kwspipe.terminal.lines import console, print_line


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes ``<board>.json`` in ``folder``."""
    quantized = run_dir / "quantize"
    image = (quantized / "model.kws").read_bytes()
    golden = read_golden_vectors(quantized / "golden.npz", config.board.golden_inputs)
    facts = ImageRequirements.of(image)
    with boards.open_board(config.board.name, config.board.port, console()) as attached:
        report = push_with_progress(attached, image, facts, golden, console())
        with attached.connect() as link:
            profile = link.profile()
            result = summary(report, facts, attached, profile)
            if config.board.feed is not None:
                samples = read_pcm(Path(config.board.feed), facts.sample_rate_hz)
                result["feed"] = feed(link, image, samples, facts.sample_rate_hz, attached.baud)
    write_json(folder / f"{config.board.name}.json", result)
    pushed = (
        "has the model already" if report.was_active else f"runs the model, pushed in {report.push_s:.1f} s"
    )
    fewer = report.num_vectors < config.board.golden_inputs
    print_line(
        f"{report.hello.board} {pushed}; all outputs of {report.num_vectors} golden inputs"
        f"{', all that the model has,' if fewer else ''} are equal bit for bit"
    )


def summary(
    report: PushReport, facts: ImageRequirements, attached: BoardHandle, profile: Profile
) -> dict[str, Any]:
    """Returns the content of ``deploy/<board>.json``."""
    unit = report.hello.cycles_name
    return {
        "board": report.hello.board,
        "firmware": report.hello.firmware,
        f"{unit}_per_inference": profile.inference,
        f"{unit}_per_operator": list(profile.operators),
        "arena_bytes": facts.arena_bytes,
        "memory_bytes": facts.memory_bytes,
        "max_memory_bytes": report.fit.max_memory_bytes,
        "image_bytes": report.fit.image_bytes,
        "slot_bytes": report.fit.max_image_bytes,
        **attached.firmware.sizes(),
        "push_seconds": round(report.push_s, 3),
        "pushed": not report.was_active,
        "resumes": report.num_resumes,
        "parity": {"vectors": report.num_vectors, "equal": True},
    }


def feed(
    link: Link,
    image: bytes,
    samples: npt.NDArray[np.int16],
    sample_rate_hz: int,
    baud: int | None,
) -> dict[str, Any]:
    """Feeds a recording to the board, and compares its detections with those of the core on the host.

    Raises:
        SelfTestError: the detections differ.
    """
    link.hello()
    report = feed_audio(link, samples, sample_rate_hz, baud, console())
    found = [Detection(event.label, event.label_index, event.score, event.time_ms) for event in report.events]
    for detection in found:
        score = threshold_text(detection.score)
        print_line(f"{detection.time_ms / 1000:7.2f} s  {detection.label}, score {score}")
    print_line(f"{len(found)} detections in {report.audio_s:.1f} s of audio, fed in {report.feed_s:.1f} s")
    expected = Spotter(image).feed(samples)
    if found != expected:
        raise SelfTestError(
            "board.feed",
            f"the board detected {', '.join(map(str, found)) or 'nothing'}",
            f"the detections of the host: {', '.join(map(str, expected)) or 'nothing'}",
            "flash the firmware of this release and run again; if the error remains, report it with the recording",
        )
    return {
        "detections": [asdict(detection) for detection in found],
        "audio_seconds": round(report.audio_s, 3),
        "feed_seconds": round(report.feed_s, 3),
        "equal": True,
    }


def sources(config: PipelineConfig) -> dict[str, str]:
    """Returns the hash of the recording in ``board.feed``."""
    path = config.board.feed
    return {} if path is None or not Path(path).is_file() else {"board.feed": file_hash(Path(path))}


def check(config: PipelineConfig) -> None:
    """Checks the recording in ``board.feed``, and the prerequisites of the board.

    Raises:
        KwspipeError: the recording, a package, a compiler or the firmware is missing.
    """
    feed = config.board.feed
    if feed is not None and not Path(feed).is_file():
        raise KwspipeError(
            "board.feed", f"{feed!r}, which is not a file", "a recording", "correct or remove it"
        )
    check_board(config.board.name)


STAGE = Stage(
    name="deploy",
    reads=("board",),
    needs=("quantize",),
    run=run,
    check=check,
    sources=sources,
)

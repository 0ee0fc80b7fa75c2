"""Composed stream on the native board: the detections equal those that evaluate counts."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from kwspipe.core.image_info import ImageRequirements
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.device import firmware
from kwspipe.device.boards import open_link
from kwspipe.device.feed import feed_audio
from kwspipe.device.host import HostBoard
from kwspipe.device.push import PushCallbacks, push
from kwspipe.streaming.composition import compose
from kwspipe.streaming.scoring import score_with_progress
from support.small_model import golden_of, small_image
from support.streams import RATE_HZ, make_config, make_store  # noqa: F401  (a fixture)


def test_board_and_evaluate_have_equal_detections(
    make_store: Callable[..., ClipStore],  # noqa: F811
    tmp_path: Path,
) -> None:
    if shutil.which("make") is None:
        pytest.skip("needs make to build the native board")
    image = small_image(1)
    streams = compose(make_store(), make_config(words_minutes=0.25), "testing", 1)
    (noisy,) = [stream for stream in streams if stream.background == "noise"]
    (scored,) = score_with_progress(image, [noisy], RATE_HZ, 1)
    assert len(scored.detections) > 5
    with HostBoard(firmware.build("host").program, tmp_path / "flash.bin") as board:
        push(
            lambda: open_link(board.port),
            image,
            ImageRequirements.of(image).memory_bytes,
            golden_of(image),
            PushCallbacks(),
        )
        with open_link(board.port) as link:
            link.hello()
            fed = feed_audio(link, np.concatenate(noisy.pieces), RATE_HZ, None, Console(quiet=True))
    assert [(e.label, e.label_index, e.score, e.time_ms) for e in fed.events] == [
        (d.label, d.index, d.score, d.time_ms) for d in scored.detections
    ]

"""Lets a model listen to streams: its scores, once, from which any detector's decisions can be had again."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kwspipe.core.detector import Detection, Detector
from kwspipe.core.spotter import Inference, Spotter
from kwspipe.errors import KwspipeError
from kwspipe.streaming.streams import Stream

BLOCK_S = 10  # from one step of the progress bar to the next


@dataclass(frozen=True)
class StreamScores:
    """What a model made of a stream.

    Attributes:
        stream: the stream.
        times_ms: (inferences,) uint32: end of the audio each of them saw.
        scores: (inferences, classes) int8.
        detections: the words that fired, with the settings in the image.
    """

    stream: Stream
    times_ms: npt.NDArray[np.uint32]
    scores: npt.NDArray[np.int8]
    detections: tuple[Detection, ...]

    def detect(self, settings: bytes, labels: Sequence[str]) -> list[Detection]:
        """Returns what fires with other settings of the detector, as ``pack_settings`` makes them."""
        return Detector(settings, labels).process_many(self.scores, self.times_ms)


def listen(
    image: bytes, streams: Sequence[Stream], sample_rate_hz: int, threads: int, what: str = "listening"
) -> list[StreamScores]:
    """Runs a model image over streams, with a progress bar; see ``hear``.

    Args:
        image: a model image.
        streams: what to listen to.
        sample_rate_hz: of the streams.
        threads: streams listened to at the same time.
        what: for the progress bar.
    """
    columns = (TextColumn("    {task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=sum(stream.num_samples for stream in streams))
        return hear(image, streams, sample_rate_hz, threads, lambda samples: progress.advance(task, samples))


def hear(
    image: bytes,
    streams: Sequence[Stream],
    sample_rate_hz: int,
    threads: int,
    advance: Callable[[int], None],
) -> list[StreamScores]:
    """Runs a model image over streams: front end, int8 inference and detector as on a board, a thread a stream.

    Args:
        image: a model image.
        streams: what to listen to.
        sample_rate_hz: of the streams.
        threads: streams listened to at the same time; the core works outside the GIL.
        advance: told of samples heard.

    Returns:
        One for each stream, in their order.

    Raises:
        KwspipeError: an image the core refuses, or one for another sample rate.
    """
    check_rate(Spotter(image), sample_rate_hz)
    block = BLOCK_S * sample_rate_hz
    longest_first = sorted(range(len(streams)), key=lambda number: -streams[number].num_samples)
    with ThreadPoolExecutor(threads, thread_name_prefix="listen") as executor:
        futures = {n: executor.submit(_hear_one, image, streams[n], block, advance) for n in longest_first}
        try:
            return [futures[number].result() for number in range(len(streams))]
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _hear_one(image: bytes, stream: Stream, block: int, advance: Callable[[int], None]) -> StreamScores:
    spotter = Spotter(image)
    inferences: list[Inference] = []
    for piece in stream.pieces:
        for first in range(0, piece.size, block):
            inferences += spotter.infer(piece[first : first + block])
            advance(min(block, piece.size - first))
    scores = np.array([inference.scores for inference in inferences], np.int8)
    return StreamScores(
        stream,
        np.array([inference.time_ms for inference in inferences], np.uint32),
        scores.reshape(len(inferences), len(spotter.labels)),
        tuple(inference.detection for inference in inferences if inference.detection),
    )


def check_rate(spotter: Spotter, sample_rate_hz: int) -> None:
    """Raises KwspipeError where a model is made for another sample rate."""
    if spotter.sample_rate_hz != sample_rate_hz:
        raise KwspipeError(
            "model image",
            f"a front end for {spotter.sample_rate_hz} Hz",
            f"{sample_rate_hz} Hz, the sample rate of the streams",
            f"prepare again with frontend.sample_rate_hz={spotter.sample_rate_hz}",
        )

"""Scores of a model for streams. Detections with any settings of the detector are computed from them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.core.detector import Detection, Detector
from kwspipe.core.spotter import Inference, Spotter
from kwspipe.errors import KwspipeError
from kwspipe.streaming.streams import Stream
from kwspipe.terminal.progress import ProgressBars

BLOCK_S = 10  # audio between two updates of the progress


@dataclass(frozen=True)
class StreamScores:
    """Scores of a model for a stream.

    Attributes:
        stream: the stream.
        times_ms: (inferences,) uint32, end of the audio of each inference.
        scores: (inferences, classes) int8.
        detections: detections with the settings in the model image.
    """

    stream: Stream
    times_ms: npt.NDArray[np.uint32]
    scores: npt.NDArray[np.int8]
    detections: tuple[Detection, ...]

    def detect(self, settings: bytes, labels: Sequence[str]) -> list[Detection]:
        """Returns the detections with other packed settings of the detector (``pack_settings``)."""
        return Detector(settings, labels).process_many(self.scores, self.times_ms)


def score_with_progress(
    image: bytes, streams: Sequence[Stream], sample_rate_hz: int, threads: int, title: str = "streams"
) -> list[StreamScores]:
    """Computes the scores of streams with a progress bar; see ``score_streams``.

    Args:
        image: a model image.
        streams: the streams.
        sample_rate_hz: sample rate of the streams.
        threads: number of threads.
        title: title of the progress bar.
    """
    with ProgressBars("percent") as progress:
        task = progress.add_task(title, total=sum(stream.num_samples for stream in streams))
        return score_streams(
            image, streams, sample_rate_hz, threads, lambda samples: progress.advance(task, samples)
        )


def score_streams(
    image: bytes,
    streams: Sequence[Stream],
    sample_rate_hz: int,
    threads: int,
    advance: Callable[[int], None],
) -> list[StreamScores]:
    """Computes the scores of streams with front end, int8 inference and detector as on a board.

    Args:
        image: a model image.
        streams: the streams.
        sample_rate_hz: sample rate of the streams.
        threads: number of streams that are processed in parallel. The core releases the GIL.
        advance: called with the number of samples of each processed block.

    Returns:
        The scores in the order of the streams.

    Raises:
        KwspipeError: the image is invalid, or it has another sample rate.
    """
    check_sample_rate(Spotter(image), sample_rate_hz)
    block = BLOCK_S * sample_rate_hz
    longest_first = sorted(range(len(streams)), key=lambda index: -streams[index].num_samples)
    with ThreadPoolExecutor(threads, thread_name_prefix="score") as executor:
        futures = {
            index: executor.submit(_score_stream, image, streams[index], block, advance)
            for index in longest_first
        }
        try:
            return [futures[index].result() for index in range(len(streams))]
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _score_stream(image: bytes, stream: Stream, block: int, advance: Callable[[int], None]) -> StreamScores:
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


def check_sample_rate(spotter: Spotter, sample_rate_hz: int) -> None:
    """Raises KwspipeError if the front end of a model has another sample rate."""
    if spotter.sample_rate_hz != sample_rate_hz:
        raise KwspipeError(
            "model image",
            f"a front end for {spotter.sample_rate_hz} Hz",
            f"{sample_rate_hz} Hz, the sample rate of the streams",
            f"prepare again with frontend.sample_rate_hz={spotter.sample_rate_hz}",
        )

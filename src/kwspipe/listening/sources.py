"""Audio sources in blocks at the sample rate of the model: recordings and microphones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import soxr

from kwspipe.audio.microphone import AudioInput
from kwspipe.audio.pcm import SUFFIXES, AudioError, Pcm, float_from_pcm, pcm_from_float, read_pcm
from kwspipe.errors import KwspipeError

BLOCK_MS = 50  # length of a block, short enough for a level meter


@dataclass(frozen=True)
class Sound:
    """An audio source.

    Attributes:
        name: name of the recording or the microphone.
        blocks: (samples,) int16 each, at the sample rate of the model.
    """

    name: str
    blocks: Iterator[Pcm]


def find_recordings(source: str) -> list[Path]:
    """Returns the paths of the recordings of ``listen.source``, sorted.

    Raises:
        KwspipeError: the file or folder does not exist, or the folder has no recordings.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if not found:
        received = "a folder without recordings" if path.is_dir() else "neither a file nor a folder"
        raise KwspipeError(
            "listen.source",
            f"{source!r}, {received}",
            f"a recording or a folder of {', '.join(sorted(SUFFIXES))}",
            "correct the path, or leave it out to use the microphone",
        )
    return found


def read_recordings(
    source: str, rate_hz: int, skip: Callable[[AudioError], None]
) -> Iterator[tuple[str, Pcm]]:
    """Yields the name and the samples of each recording, (samples,) int16.

    Args:
        source: a recording or a folder.
        rate_hz: sample rate of the model.
        skip: receives the error of each recording of a folder that cannot be read.

    Raises:
        KwspipeError: there are no recordings.
        AudioError: ``source`` is a single recording that cannot be read.
    """
    paths = find_recordings(source)
    for path in paths:
        try:
            yield path.name, read_pcm(path, rate_hz)
        except AudioError as error:
            if len(paths) == 1:
                raise
            skip(error)


def from_recordings(source: str, rate_hz: int, skip: Callable[[AudioError], None]) -> Iterator[Sound]:
    """Yields the recordings as audio sources. Arguments and errors are those of ``read_recordings``."""
    size = rate_hz * BLOCK_MS // 1000
    for name, samples in read_recordings(source, rate_hz, skip):
        yield Sound(name, (samples[start : start + size] for start in range(0, len(samples), size)))


def from_input(microphone: AudioInput, rate_hz: int) -> Sound:
    """Returns a microphone as audio source. It ends when a read returns fewer samples than requested."""
    return Sound(microphone.name, _resampled(microphone, rate_hz))


def _resampled(microphone: AudioInput, rate_hz: int) -> Iterator[Pcm]:
    size = microphone.rate_hz * BLOCK_MS // 1000
    stream = soxr.ResampleStream(microphone.rate_hz, rate_hz, 1, dtype="float32", quality="HQ")
    while True:
        block = microphone.read(size)
        last = len(block) < size
        if microphone.rate_hz == rate_hz:
            yield block
        else:
            yield pcm_from_float(stream.resample_chunk(float_from_pcm(block), last))
        if last:
            return

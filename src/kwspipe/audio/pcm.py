"""Audio files as PCM, and the conversion between PCM and float samples.

PCM is int16, mono, at the sample rate of the front end. Float samples are in [-1, 1). Both conversions use the scale
2^15.
"""

import os
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from kwspipe.errors import KwspipeError

Pcm = npt.NDArray[np.int16]
Samples = npt.NDArray[np.float32]

PCM_SCALE = 32768.0
SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3"})
# Speech cannot be recognised below 4 kHz, and no converter samples above 768 kHz.
MIN_RATE_HZ = 4000
MAX_RATE_HZ = 768000
# By convention, the samples of float files do not exceed full scale. A peak above this factor indicates another unit,
# such as integers stored as floats.
MAX_OVER_SCALE = 10.0
# Programs that write WAV to a pipe write this length or a larger one, because the length is not yet determined.
UNKNOWN_WAV_BYTES = 0x7FFF0000
BLOCK_FRAMES = 1 << 18
LEVEL_FRAME_MS = 10
TRIM_MARGIN_MS = 50


class AudioError(KwspipeError):
    """A recording that cannot be used.

    Args:
        path: the recording.
        reason: a short code for counting: ``unreadable``, ``truncated``, ``empty``, ``sample_rate``, ``not_finite``,
            ``over_scale``, ``too_long``, ``too_short``, ``silent``, ``clipped``, ``bad_file`` or ``not_audio``.
        detail: the property of the recording that is rejected.
        allowed: the accepted values of this property.
    """

    def __init__(self, path: str, reason: str, detail: str, allowed: str) -> None:
        super().__init__(path, detail, allowed, "replace the recording, or leave it out")
        self.args = (path, reason, detail, allowed)  # pickle passes these to the constructor
        self.reason = reason
        self.detail = detail


def pcm_from_float(samples: npt.NDArray[np.floating]) -> Pcm:
    """Converts float samples to int16: rounds to the nearest integer and clips at full scale.

    Args:
        samples: finite values, nominally in [-1, 1).
    """
    return np.clip(np.rint(samples * PCM_SCALE), -PCM_SCALE, PCM_SCALE - 1).astype(np.int16)


def float_from_pcm(pcm: Pcm) -> Samples:
    """Converts int16 to float32 in [-1, 1). The conversion is exact: ``pcm_from_float`` returns the same int16."""
    return pcm.astype(np.float32) / np.float32(PCM_SCALE)


def peak_db(pcm: Pcm) -> float:
    """Returns the peak relative to full scale in dB, without a constant offset; -inf if there is no signal."""
    if pcm.size == 0:
        return -np.inf
    mean = pcm.mean()
    peak = max(pcm.max() - mean, mean - pcm.min())
    return float(20 * np.log10(peak / PCM_SCALE)) if peak > 0 else -np.inf


def word_bounds(pcm: Pcm, sample_rate_hz: int, trim_below_peak_db: float) -> tuple[int, int]:
    """Returns the bounds of the word in a clip.

    The word extends from the first to the last 10 ms frame whose level is near that of the loudest frame, with a margin
    of 50 ms on both sides.

    Args:
        pcm: (samples,) int16.
        sample_rate_hz: rate of ``pcm``.
        trim_below_peak_db: frames whose mean square is lower than that of the loudest frame by more than this, in dB,
            do not belong to the word.

    Returns:
        The first sample of the word and the sample after its last.
    """
    frame = max(1, sample_rate_hz * LEVEL_FRAME_MS // 1000)
    num_frames = -(-pcm.size // frame)
    if num_frames == 0:
        return 0, 0
    centred = np.zeros(num_frames * frame, np.float32)
    centred[: pcm.size] = pcm - pcm.mean(dtype=np.float64)
    level = np.square(centred).reshape(num_frames, frame).mean(axis=1)
    (loud,) = np.nonzero(level >= float(level.max()) * 10 ** (-trim_below_peak_db / 10))
    margin = sample_rate_hz * TRIM_MARGIN_MS // 1000
    return max(0, int(loud[0]) * frame - margin), min(pcm.size, int(loud[-1] + 1) * frame + margin)


def read_pcm(path: Path, sample_rate_hz: int, max_s: float | None = None) -> Pcm:
    """Reads a recording of any rate, width and channel count as mono int16 at ``sample_rate_hz``.

    Channels are averaged. The memory used depends on the number of samples read, not on the header of the file.

    Args:
        path: a file that libsndfile reads (wav, flac, ogg, opus, mp3). The format is detected from the content, not
            from the suffix.
        sample_rate_hz: rate of the result.
        max_s: maximum duration in seconds; None for no limit.

    Returns:
        (samples,) int16.

    Raises:
        AudioError: the file cannot be used; its ``reason`` is the cause.
    """
    name = str(path)
    try:
        if path.stat().st_size == 0:
            raise AudioError(name, "empty", "0 bytes", "an audio file")
        # soundfile rejects names that are not valid UTF-8, unless they are passed as bytes.
        with soundfile.SoundFile(os.fsencode(path)) as file:
            return _read_open(file, name, sample_rate_hz, max_s)
    except OSError as error:
        raise AudioError(name, "unreadable", error.strerror or str(error), "a readable file") from None
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        raise AudioError(name, "unreadable", _reason(error), "wav, flac, ogg, opus or mp3") from None


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Resamples mono float samples with soxr (quality HQ); returns ``samples`` if both rates are equal."""
    return samples if from_hz == to_hz else soxr.resample(samples, from_hz, to_hz, quality="HQ")


def _read_open(file: soundfile.SoundFile, name: str, sample_rate_hz: int, max_s: float | None) -> Pcm:
    rate = file.samplerate
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise AudioError(name, "sample_rate", f"{rate} Hz", f"{MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
    stream = soxr.ResampleStream(rate, sample_rate_hz, 1, dtype="float32", quality="HQ")
    parts: list[Pcm] = []
    num_read = 0
    while True:
        block = file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)  # (frames, channels)
        num_read += len(block)
        last = len(block) < BLOCK_FRAMES
        if max_s is not None and num_read > max_s * rate:
            raise AudioError(name, "too_long", f"longer than {max_s:g} s", f"at most {max_s:g} s")
        _check_block(block, name)
        mono = block.mean(axis=1)
        parts.append(pcm_from_float(mono if rate == sample_rate_hz else stream.resample_chunk(mono, last)))
        if last:
            break
    if num_read == 0:
        raise AudioError(name, "empty", "no samples", "an audio file")
    _check_complete(file, name, num_read)
    return np.concatenate(parts)


def _check_complete(file: soundfile.SoundFile, name: str, num_read: int) -> None:
    """Raises AudioError if the file is truncated, except for Ogg, which does not store its length."""
    # For formats without a length, libsndfile returns 0 or the largest integer.
    if num_read < file.frames < 2**40:
        raise AudioError(name, "truncated", f"{num_read} of {file.frames} frames", "a complete file")
    # For a WAV file, libsndfile returns the number of frames present. Only its log contains the size in the header.
    sizes = re.search(r"^data : (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if sizes and int(sizes[2]) < int(sizes[1]) < UNKNOWN_WAV_BYTES:
        raise AudioError(name, "truncated", f"{sizes[2]} of {sizes[1]} bytes", "a complete file")


def _check_block(block: Samples, name: str) -> None:
    """Raises AudioError if samples are not finite or are in another unit; ``block`` is (frames, channels)."""
    peak = np.abs(block).max(initial=0)
    if not np.isfinite(peak):
        raise AudioError(name, "not_finite", "samples that are NaN or infinite", "finite samples")
    if peak > MAX_OVER_SCALE:
        raise AudioError(
            name, "over_scale", f"a peak of {peak:g} times full scale", "float samples in [-1, 1]"
        )


def _reason(error: Exception) -> str:
    # The message of libsndfile, without the representation of the file object that soundfile puts in front of it.

    return str(getattr(error, "error_string", error)).strip().rstrip(".")

"""Reading recordings, and the only place where PCM meets float.

PCM is int16, mono, at the front end's sample rate. Float samples lie in [-1, 1); one scale, 2^15, holds both ways.
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
# Below 4 kHz there is no speech to recognise; above 768 kHz there is no converter.
MIN_RATE_HZ = 4000
MAX_RATE_HZ = 768000
# Float files hold up to full scale by convention. Beyond this factor they hold another unit (integers as floats).
MAX_OVER_SCALE = 10.0
# Programs that write WAV into a pipe cannot know its length, and claim this or more.
UNKNOWN_WAV_BYTES = 0x7FFF0000
BLOCK_FRAMES = 1 << 18
LEVEL_FRAME_MS = 10
TRIM_MARGIN_MS = 50


class AudioError(KwspipeError):
    """A recording that cannot be used.

    Args:
        path: the recording.
        reason: one of a few short codes, for counting: ``unreadable``, ``truncated``, ``empty``, ``sample_rate``,
            ``not_finite``, ``over_scale``, ``too_long``, ``too_short``, ``silent``, ``not_audio``.
        detail: what was found.
        allowed: what would have been accepted.
    """

    def __init__(self, path: str, reason: str, detail: str, allowed: str) -> None:
        super().__init__(path, detail, allowed, "replace the recording, or leave it out")
        self.args = (path, reason, detail, allowed)  # what pickling calls the class with
        self.reason = reason
        self.detail = detail


def pcm_from_float(samples: npt.NDArray[np.floating]) -> Pcm:
    """Converts float samples to int16: rounded to the nearest, clipped at full scale, never wrapped.

    Args:
        samples: finite values, nominally in [-1, 1).
    """
    return np.clip(np.rint(samples * PCM_SCALE), -PCM_SCALE, PCM_SCALE - 1).astype(np.int16)


def float_from_pcm(pcm: Pcm) -> Samples:
    """Converts int16 to float32 in [-1, 1); exact, so that ``pcm_from_float`` gives the same int16 back."""
    return pcm.astype(np.float32) / np.float32(PCM_SCALE)


def peak_db(pcm: Pcm) -> float:
    """Returns the peak below full scale in dB, a constant offset left out; -inf where there is no signal."""
    if pcm.size == 0:
        return -np.inf
    mean = pcm.mean()
    peak = max(pcm.max() - mean, mean - pcm.min())
    return float(20 * np.log10(peak / PCM_SCALE)) if peak > 0 else -np.inf


def word_bounds(pcm: Pcm, sample_rate_hz: int, trim_below_peak_db: float) -> tuple[int, int]:
    """Finds where the word is: from the first to the last 10 ms frame near the loudest one, and 50 ms around.

    Args:
        pcm: (samples,) int16.
        sample_rate_hz: rate of ``pcm``.
        trim_below_peak_db: frames whose mean square is more than this below the loudest frame's are not the word.

    Returns:
        First sample of the word and the one after its last.
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

    Channels are averaged. Memory is bounded by the result, whatever the file's header claims.

    Args:
        path: a file libsndfile reads (wav, flac, ogg, opus, mp3); its content decides, not its suffix.
        sample_rate_hz: rate of the result.
        max_s: longest recording accepted; None for any.

    Returns:
        (samples,) int16.

    Raises:
        AudioError: the file cannot be used; its ``reason`` says why.
    """
    name = str(path)
    try:
        if path.stat().st_size == 0:
            raise AudioError(name, "empty", "0 bytes", "an audio file")
        # As bytes: soundfile would fail on names that are no UTF-8.
        with soundfile.SoundFile(os.fsencode(path)) as file:
            return _read_open(file, name, sample_rate_hz, max_s)
    except OSError as error:
        raise AudioError(name, "unreadable", error.strerror or str(error), "a readable file") from None
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        raise AudioError(name, "unreadable", _reason(error), "wav, flac, ogg, opus or mp3") from None


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Resamples mono float samples with soxr's high quality; the same values where the rates agree."""
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
        mono = _checked(block, name).mean(axis=1)
        parts.append(pcm_from_float(mono if rate == sample_rate_hz else stream.resample_chunk(mono, last)))
        if last:
            break
    if num_read == 0:
        raise AudioError(name, "empty", "no samples", "an audio file")
    _check_whole(file, name, num_read)
    return np.concatenate(parts)


def _check_whole(file: soundfile.SoundFile, name: str, num_read: int) -> None:
    """Raises AudioError where the file ends before it should; a cut-off Ogg cannot be told from a short one."""
    # Formats that do not know their length say 0 or the largest number there is.
    if num_read < file.frames < 2**40:
        raise AudioError(name, "truncated", f"{num_read} of {file.frames} frames", "a whole file")
    # Of a WAV file libsndfile counts the frames that are there; what its header claims is in its log only.
    claim = re.search(r"^data : (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if claim and int(claim[2]) < int(claim[1]) < UNKNOWN_WAV_BYTES:
        raise AudioError(name, "truncated", f"{claim[2]} of {claim[1]} bytes", "a whole file")


def _checked(block: Samples, name: str) -> Samples:
    peak = np.abs(block).max(initial=0)
    if not np.isfinite(peak):
        raise AudioError(name, "not_finite", "samples that are NaN or infinite", "finite samples")
    if peak > MAX_OVER_SCALE:
        raise AudioError(
            name, "over_scale", f"a peak of {peak:g} times full scale", "float samples in [-1, 1]"
        )
    return block


def _reason(error: Exception) -> str:
    # libsndfile's own words, without the file object's representation in front of them.
    return str(getattr(error, "error_string", error)).strip().rstrip(".")

"""Quality check of takes: level, clipping, and position and length of the word."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import LEVEL_FRAME_MS, PCM_SCALE, Pcm
from kwspipe.config import RecordConfig

# A clipping converter repeats its largest value. A single sample at this level may be a real peak.
CLIPPED_LEVEL = 0.99
CLIPPED_RUN = 3
SILENCE_DB = -100.0
# Frames of a word are at least ABOVE_NOISE_DB above the noise and at most WORD_RANGE_DB below the loudest frame.
ABOVE_NOISE_DB = 6.0
WORD_RANGE_DB = 30.0
# Quantile of the frame levels of a take that estimates the noise without speech.
QUIET_SHARE = 0.2


@dataclass(frozen=True)
class TakeCheck:
    """Result of the check of a take.

    Attributes:
        fault: reason why the take must be repeated, as a text for the speaker; None if the take is accepted.
        peak_db: level of the largest sample relative to full scale.
        snr_db: level of the loudest 10 ms relative to the noise.
        start: index of the first sample of the word.
        end: index after the last sample of the word. Both are 0 if no word was found.
    """

    fault: str | None
    peak_db: float
    snr_db: float
    start: int
    end: int


def levels_db(pcm: Pcm, rate_hz: int) -> npt.NDArray[np.float64]:
    """Returns the mean power of each 10 ms in dB relative to full scale, without the constant offset, (frames,)."""
    frame = rate_hz * LEVEL_FRAME_MS // 1000
    num_frames = pcm.size // frame
    if num_frames == 0:
        return np.zeros(0)
    scaled = (pcm[: num_frames * frame] - pcm.mean(dtype=np.float64)) / PCM_SCALE
    power = np.square(scaled).reshape(num_frames, frame).mean(axis=1)
    return 10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10)))


def noise_db(pcm: Pcm, rate_hz: int) -> float:
    """Returns the noise level of a recording without speech in dB, the median of its frames; -100 for an empty one."""
    levels = levels_db(pcm, rate_hz)
    return float(np.median(levels)) if levels.size else SILENCE_DB


def is_clipped(pcm: Pcm) -> bool:
    """Returns whether at least three consecutive samples are at full scale."""
    full = np.abs(pcm.astype(np.int32)) >= CLIPPED_LEVEL * PCM_SCALE
    runs = np.convolve(full, np.ones(CLIPPED_RUN), "valid") if pcm.size >= CLIPPED_RUN else np.zeros(0)
    return bool((runs >= CLIPPED_RUN).any())


def check_take(pcm: Pcm, rate_hz: int, room_db: float, config: RecordConfig) -> TakeCheck:
    """Checks a take.

    Args:
        pcm: (samples,) int16.
        rate_hz: sample rate.
        room_db: level of the room noise from ``noise_db``. If the quiet part of the take is louder, its level is used,
            because the room noise may have changed.
        config: limits of the check.
    """
    levels = levels_db(pcm, rate_hz)
    peak = np.abs(pcm.astype(np.int32)).max(initial=0) / PCM_SCALE
    peak_db = float(20 * np.log10(peak)) if peak > 0 else SILENCE_DB
    if levels.size == 0 or peak == 0:
        return TakeCheck("digital silence: check whether the microphone is muted", peak_db, 0.0, 0, 0)
    noise = max(room_db, float(np.quantile(levels, QUIET_SHARE)))
    snr_db = float(levels.max()) - noise
    threshold = max(noise + ABOVE_NOISE_DB, levels.max() - WORD_RANGE_DB)
    (above,) = np.nonzero(levels >= threshold)
    start, end = (int(above[0]), int(above[-1]) + 1) if above.size else (0, 0)
    frame = rate_hz * LEVEL_FRAME_MS // 1000
    fault = _fault(is_clipped(pcm), peak_db, snr_db, (start, end), levels.size, config)
    return TakeCheck(fault, peak_db, snr_db, start * frame, end * frame)


def _fault(
    clipped: bool, peak_db: float, snr_db: float, word: tuple[int, int], num_frames: int, config: RecordConfig
) -> str | None:
    start, end = word
    word_ms = (end - start) * LEVEL_FRAME_MS
    if clipped:
        return "too loud, the recording clips: speak softer, move away, or reduce the gain of the microphone"
    if snr_db < config.min_snr_db:
        return f"no word above the room noise ({snr_db:.0f} dB, at least {config.min_snr_db:g}): speak louder"
    if peak_db < config.min_peak_db:
        return f"too soft (peak {peak_db:.0f} dB, at least {config.min_peak_db:g}): move closer, or increase the gain"
    if start == 0:
        return "the word starts before the recording: wait for the prompt"
    if end >= num_frames:
        return "the word is cut off at the end: speak sooner after the prompt"
    if word_ms < config.min_word_ms:
        return f"too short ({word_ms} ms, at least {config.min_word_ms}): possibly a click"
    if word_ms > config.max_word_ms:
        limit = f"{config.max_word_ms} of record.max_word_ms"
        return f"too long ({word_ms} ms, at most {limit}): speak only the word"
    return None

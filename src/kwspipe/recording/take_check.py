"""Is a take fit for training? Its level, its clipping, where its word is; and the reason where it is not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kwspipe.audio.pcm import LEVEL_FRAME_MS, PCM_SCALE, Pcm
from kwspipe.config import RecordConfig

# A converter that clips repeats its largest value; one sample there alone may be a true peak.
CLIPPED_LEVEL = 0.99
CLIPPED_RUN = 3
SILENCE_DB = -100.0
# A word's frames are above the room's noise by this much, and not more than WORD_RANGE_DB below the loudest frame.
ABOVE_NOISE_DB = 6.0
WORD_RANGE_DB = 30.0
# Of the take's frames, the quietest share tells the room's noise, where nobody speaks.
QUIET_SHARE = 0.2


@dataclass(frozen=True)
class Judgement:
    """What a take is like.

    Attributes:
        fault: why it has to be spoken again, for the speaker; None where it is good.
        peak_db: largest sample, below full scale.
        snr_db: loudest 10 ms above the noise.
        start: first sample of the word.
        end: the sample after its last; with ``start`` 0 where no word was heard.
    """

    fault: str | None
    peak_db: float
    snr_db: float
    start: int
    end: int


def levels_db(pcm: Pcm, rate_hz: int) -> npt.NDArray[np.float64]:
    """Returns the mean power of each 10 ms, below full scale, in dB; a constant offset is left out. (frames,)."""
    frame = rate_hz * LEVEL_FRAME_MS // 1000
    num_frames = pcm.size // frame
    if num_frames == 0:
        return np.zeros(0)
    scaled = (pcm[: num_frames * frame] - pcm.mean(dtype=np.float64)) / PCM_SCALE
    power = np.square(scaled).reshape(num_frames, frame).mean(axis=1)
    return 10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10)))


def noise_db(pcm: Pcm, rate_hz: int) -> float:
    """Returns the level of a room in which nobody speaks: the median of its frames; -100 for nothing at all."""
    levels = levels_db(pcm, rate_hz)
    return float(np.median(levels)) if levels.size else SILENCE_DB


def is_clipped(pcm: Pcm) -> bool:
    """Tells whether three samples or more in a row are at full scale."""
    full = np.abs(pcm.astype(np.int32)) >= CLIPPED_LEVEL * PCM_SCALE
    runs = np.convolve(full, np.ones(CLIPPED_RUN), "valid") if pcm.size >= CLIPPED_RUN else np.zeros(0)
    return bool((runs >= CLIPPED_RUN).any())


def judge(pcm: Pcm, rate_hz: int, room_db: float, config: RecordConfig) -> Judgement:
    """Judges a take.

    Args:
        pcm: (samples,) int16.
        rate_hz: its sample rate.
        room_db: level of the room's noise, as ``noise_db`` measures it; the take's own quiet part counts where that
            is louder, since a room changes.
        config: what is good enough.
    """
    levels = levels_db(pcm, rate_hz)
    peak = np.abs(pcm.astype(np.int32)).max(initial=0) / PCM_SCALE
    peak_db = float(20 * np.log10(peak)) if peak > 0 else SILENCE_DB
    if levels.size == 0 or peak == 0:
        return Judgement("nothing but digital silence: is the microphone muted?", peak_db, 0.0, 0, 0)
    noise = max(room_db, float(np.quantile(levels, QUIET_SHARE)))
    snr_db = float(levels.max()) - noise
    threshold = max(noise + ABOVE_NOISE_DB, levels.max() - WORD_RANGE_DB)
    (loud,) = np.nonzero(levels >= threshold)
    start, end = (int(loud[0]), int(loud[-1]) + 1) if loud.size else (0, 0)
    frame = rate_hz * LEVEL_FRAME_MS // 1000
    fault = _fault(is_clipped(pcm), peak_db, snr_db, (start, end), levels.size, config)
    return Judgement(fault, peak_db, snr_db, start * frame, end * frame)


def _fault(
    clipped: bool, peak_db: float, snr_db: float, word: tuple[int, int], num_frames: int, config: RecordConfig
) -> str | None:
    start, end = word
    word_ms = (end - start) * LEVEL_FRAME_MS
    if clipped:
        return "too loud, it clips: speak softer, or farther away, or turn the microphone down"
    if snr_db < config.min_snr_db:
        return (
            f"nothing heard above the room's noise ({snr_db:.0f} dB, wanted {config.min_snr_db:g}): speak up"
        )
    if peak_db < config.min_peak_db:
        return f"too soft (peak {peak_db:.0f} dB, wanted {config.min_peak_db:g}): come closer, or turn it up"
    if start == 0:
        return "it began before the recording did: wait for the prompt"
    if end >= num_frames:
        return "it was cut off at the end: speak sooner after the prompt"
    if word_ms < config.min_word_ms:
        return f"too short ({word_ms} ms, wanted {config.min_word_ms}): was it a click?"
    if word_ms > config.max_word_ms:
        return f"too long ({word_ms} ms, at most {config.max_word_ms}): only the word, please"
    return None

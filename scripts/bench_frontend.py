"""Benchmark of the front end: clips per second on one core with the default settings."""

import time
from collections.abc import Callable

import librosa
import numpy as np
from bench_entry import MLTK, Entry, entry
from bench_sounds import frontend_settings, speechlike

from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd

MLTK_CLIPS_PER_SECOND = 2344.0
"""Best of several runs of the binary of the peer on one core."""
NUM_CLIPS = 64
NUM_ROUNDS = 60


def measure() -> Entry:
    """Returns the entry of the best round, since the machine may have other load."""
    settings = frontend_settings()
    frontend = FrontEnd(settings)
    clips = speechlike(NUM_CLIPS, frontend.clip_samples)
    log_mel(settings, clips[0])  # the first call computes tables
    return entry(
        "frontend_clips_per_second",
        NUM_CLIPS / best_s(lambda: frontend.features(clips, threads=1), NUM_ROUNDS),
        "clips/s",
        1 / best_s(lambda: log_mel(settings, clips[0]), NUM_ROUNDS),
        "librosa's log-mel features of the same windows and channels, in float",
        MLTK_CLIPS_PER_SECOND,
        MLTK,
    )


def best_s(work: Callable[[], object], rounds: int) -> float:
    """Returns the shortest time of a call in seconds."""
    shortest_s = float("inf")
    for _ in range(rounds):
        start_s = time.perf_counter()
        work()
        shortest_s = min(shortest_s, time.perf_counter() - start_s)
    return shortest_s


def log_mel(settings: FrontendConfig, clip: np.ndarray) -> np.ndarray:
    """Returns librosa's log-mel features of one clip, (channels, frames)."""
    samples_per_ms = settings.sample_rate_hz // 1000
    mel = librosa.feature.melspectrogram(
        y=clip.astype(np.float32) / 32768,
        sr=settings.sample_rate_hz,
        n_fft=512,
        win_length=settings.window_size_ms * samples_per_ms,
        hop_length=settings.window_step_ms * samples_per_ms,
        n_mels=settings.filterbank_n_channels,
        fmin=settings.filterbank_lower_band_limit,
        fmax=settings.filterbank_upper_band_limit,
        center=False,
    )
    return np.log(mel + 1e-6)


if __name__ == "__main__":
    print(measure())

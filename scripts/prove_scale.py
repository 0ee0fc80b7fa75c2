"""Measurement of the memory that prepare and readers of a clip store need, by number of clips.

    python scripts/prove_scale.py [20000 100000 200000] [--duration-s 1.0]

The clips are generated (a tone and noise, different for each clip), so that no recordings are needed. All other steps
are those of ``prepare``: listing, splitting by speaker, selection, rejection, writing, hashing of the list. Each count
runs in a process of its own and in a temporary folder (32 kB per clip of one second).
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.config.parse import parse
from kwspipe.dataset.decode import map_in_order, num_workers
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.prepare import write_store
from kwspipe.dataset.recordings import Found, Recording
from kwspipe.dataset.store.clip_store import ClipStore

CONF = Path(__file__).resolve().parents[1] / "conf"
NUM_SPEAKERS = 2600  # number of speakers of Speech Commands
WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "other")
NOISE_S = 60.0
BATCH_SIZE = 64
NUM_BATCHES = 2000


@dataclass(frozen=True)
class GeneratedSource:
    """Source of generated clips.

    Attributes:
        num_clips: number of clips of all words.
        duration_s: duration of each clip.
    """

    num_clips: int
    duration_s: float
    name: str = "generated"
    synthetic: bool = True

    def check(self) -> None:
        """Accepts the source, which needs no files."""

    def find(self) -> Found:
        """Returns the list of the clips, and a recording of noise; see ``Source.find``."""
        noise = Recording("_background_noise_/hiss", "", "hiss", None, "0", "hiss")
        return Found(Listing.of(map(self._recording, range(self.num_clips))), (noise,))

    def fingerprint(self) -> None:
        """Returns None, because the attributes determine the clips; see ``Source.fingerprint``."""

    def read(self, recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        """Generates the clips on all cores; see ``Source.read``."""
        compute = partial(_compute, duration_s=self.duration_s, sample_rate_hz=sample_rate_hz)
        with ThreadPoolExecutor(num_workers()) as executor:
            yield from map_in_order(executor, compute, recordings)

    def close(self) -> None:
        """Does nothing, since the source holds no resources."""

    def _recording(self, number: int) -> Recording:
        word = WORDS[number % len(WORDS)]
        speaker = f"{number // len(WORDS) % NUM_SPEAKERS * 2654435761 % 2**32:08x}"
        path = f"{word}/{speaker}_nohash_{number}.wav"
        return Recording(
            path, word, speaker, None, f"/data/generated/{path}", f"{32044 + number % 1000}", number
        )


def _compute(recording: Recording, duration_s: float, sample_rate_hz: int) -> Pcm:
    """Generates a tone and noise for a clip, or noise for the recording of noise."""
    rng = np.random.default_rng(recording.changed_ns)
    num_samples = int((duration_s if recording.word else NOISE_S) * sample_rate_hz)
    noise = rng.integers(-300, 300, num_samples, np.int16)
    if not recording.word:
        return noise
    time_s = np.arange(num_samples, dtype=np.float32) / np.float32(sample_rate_hz)
    tone = np.sin(time_s * np.float32(2 * np.pi * rng.uniform(200, 3000)))
    return noise + (8000 * tone).astype(np.int16)


def settings() -> tuple[DatasetConfig, FrontendConfig, int]:
    """Returns the settings of an experiment with ten keywords, all other words unknown."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = f"dataset.words=[{','.join(repr(word) for word in WORDS[:-1])}]"
        config = parse(compose("config", ["++name=scale", f"++{words}"]))
    return config.dataset, config.frontend, config.seed


def rss_mb() -> float:
    """Returns the present memory of this process in MB, including mapped files."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def peak_rss_mb() -> float:
    """Returns the peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def write(num_clips: int, duration_s: float, folder: Path) -> dict[str, Any]:
    """Writes a store and returns the measurements."""
    dataset, frontend, seed = settings()
    before_mb, start = rss_mb(), time.perf_counter()
    source = GeneratedSource(num_clips, duration_s)
    found = source.find()
    listed_s = time.perf_counter() - start
    summary = write_store(source, found, dataset, frontend, seed, folder)
    seconds = time.perf_counter() - start
    os.sync()  # as the stage does; otherwise reading would wait for the disk
    written = sum(sum(counts.values()) for counts in summary["counts"].values())
    assert isinstance(found.words, Listing)
    return {
        "found": num_clips,
        "clips": written,
        "list_s": round(listed_s, 1),
        "seconds": round(seconds, 1),
        "clips_per_s": round(written / seconds),
        "bytes_a_recording": round(found.words.num_bytes / num_clips),
        "rss_before_mb": round(before_mb),
        "rss_peak_mb": round(peak_rss_mb()),
        "disk_mb": round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6),
        "files": len(list(folder.glob("clips-*"))),
    }


def read(folder: Path) -> dict[str, Any]:
    """Reads random batches of a store and returns the measurements."""
    before_mb, start = rss_mb(), time.perf_counter()
    store = ClipStore(folder)
    opened_s, opened_mb = time.perf_counter() - start, rss_mb()
    numbers = store.select("training")
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    total = 0
    for _ in range(NUM_BATCHES):
        for number in rng.choice(numbers, BATCH_SIZE):
            total += int(store.clip(number).sum())  # reads every sample
    seconds = time.perf_counter() - start
    return {
        "open_s": round(opened_s, 3),
        "open_mb": round(opened_mb - before_mb, 1),
        "read_clips_per_s": round(NUM_BATCHES * BATCH_SIZE / seconds),
        "read_mb": round(NUM_BATCHES * BATCH_SIZE * float(store.lengths[0]) * 2 / 1e6),
        "read_rss_before_mb": round(before_mb),
        "read_rss_peak_mb": round(peak_rss_mb()),
    }


def main() -> None:
    """Measures each count and prints one line of JSON per count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("counts", nargs="*", type=int, default=[20_000, 100_000, 200_000])
    parser.add_argument("--duration-s", type=float, default=1.0)
    parser.add_argument(
        "--folder",
        type=Path,
        help="folder for the stores (default: the system's temporary folder)",
    )
    options = parser.parse_args()
    # One process per measurement, since the peak of a process includes earlier measurements.
    context = multiprocessing.get_context("spawn")
    for count in options.counts:
        with tempfile.TemporaryDirectory(dir=options.folder, prefix="prove_scale.") as folder:
            result: dict[str, Any] = {}
            for function, arguments in ((write, (count, options.duration_s)), (read, ())):
                with context.Pool(1) as pool:
                    result |= pool.apply(function, (*arguments, Path(folder)))
            print(json.dumps(result))
            sys.stdout.flush()


if __name__ == "__main__":
    main()

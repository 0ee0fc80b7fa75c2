"""Google's speech embedding: a network trained on 200 million clips, and its embeddings of the clips of a store.

Source: Lin et al. 2020, "Training Keyword Spotters with Limited and Synthesized Speech Data", arXiv:2002.01322. The
package openwakeword contains the network as ONNX files (Apache-2.0). Every 80 ms the network computes 96 values from 76
frames of 32 mel bands, 10 ms apart.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from kwspipe.augment import crop_or_pad_around_word
from kwspipe.config import SpeechEmbeddingConfig
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.files import onnx_session
from kwspipe.files.hashing import file_hash, text_hash
from kwspipe.files.process import worker_pool
from kwspipe.runs.artifacts import outputs_hash, read_manifest
from kwspipe.terminal.progress import track

PACKAGE = "openwakeword"
# Files of openwakeword 0.1.1. Other files would give other embeddings.
FILES_SHA256 = {
    "melspectrogram.onnx": "ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
    "embedding_model.onnx": "ba754db3cd768a524c655ea90655ee5e6055a43b8dfd29366a11e93716ae9e51",
}
SAMPLE_RATE_HZ = 16000
NUM_SAMPLES = 24000  # 1.5 s with the word in the middle, which gives nine embeddings
NUM_BANDS = 32
WINDOW_FRAMES, STEP_FRAMES = 76, 8
NUM_VALUES = 864  # nine times 96
CLIPS_PER_TASK = 64
Embeddings = npt.NDArray[np.float16]
Indices = npt.NDArray[np.int64]


def check(sample_rate_hz: int) -> None:
    """Checks the prerequisites of the speech embedding.

    Raises:
        KwspipeError: the package is missing or has another version, or the clips have another sample rate.
    """
    folder = _folder()
    for name, expected in FILES_SHA256.items():
        path = folder / name
        if not path.is_file() or file_hash(path) != expected:
            raise KwspipeError(
                str(path),
                "not the file of openwakeword 0.1.1",
                f"a file of SHA-256 {expected}",
                "pip install --force-reinstall 'kwspipe[teacher]'",
            )
    if sample_rate_hz != SAMPLE_RATE_HZ:
        raise KwspipeError(
            "distill: the speech embedding",
            f"clips of {sample_rate_hz} Hz",
            f"{SAMPLE_RATE_HZ} Hz, the sample rate of its training data",
            "set frontend.sample_rate_hz=16000, or distill=none",
        )


def embeddings(prepared: Path, numbers: Indices, config: SpeechEmbeddingConfig, workers: int) -> Embeddings:
    """Returns the embeddings of clips of a store, (clips, 864), from the cache if it contains them.

    Args:
        prepared: folder of the stage prepare.
        numbers: (clips,) numbers of the clips in the store.
        config: cache_dir.
        workers: number of processes.

    Raises:
        KwspipeError: the cache cannot be written.
    """
    manifest = read_manifest(prepared)
    assert manifest is not None  # the pipeline runs prepare first
    network = "".join(FILES_SHA256.values())
    clips = hashlib.sha256(np.asarray(numbers, "<i8").tobytes()).hexdigest()
    key = text_hash(f"{network}{outputs_hash(manifest)}{clips}")
    path = Path(config.cache_dir).expanduser() / "teacher" / f"{key}.npy"
    if not path.is_file():
        with _lock(path):
            if not path.is_file():
                _write(path, np.concatenate(list(_compute(prepared, numbers, workers))))
    values: Embeddings = np.load(path)
    return values


def embed(pcm: npt.NDArray[np.int16]) -> Embeddings:
    """Returns the embeddings (clips, 864) of clips of 1.5 s, (clips, 24000)."""
    mel, network = _sessions()
    frames = mel.run(None, {"input": pcm.astype(np.float32)})[0].reshape(len(pcm), -1, NUM_BANDS)
    frames = frames / 10 + 2  # scale of the mel frames in the training of the network, from openwakeword
    starts = range(0, frames.shape[1] - WINDOW_FRAMES + 1, STEP_FRAMES)
    windows = np.stack([frames[:, start : start + WINDOW_FRAMES] for start in starts], axis=1)
    inputs = windows.reshape(-1, WINDOW_FRAMES, NUM_BANDS, 1)
    values: Embeddings = network.run(None, {"input_1": inputs})[0].reshape(len(pcm), -1).astype(np.float16)
    return values


def _compute(prepared: Path, numbers: Indices, workers: int) -> Iterator[Embeddings]:
    """Yields the embeddings of clips in parts, with a progress bar."""
    starts = range(0, len(numbers), CLIPS_PER_TASK)
    with worker_pool(workers) as pool:
        tasks = [
            pool.submit(_embed_clips, prepared, numbers[start : start + CLIPS_PER_TASK]) for start in starts
        ]
        for task in track(tasks, "speech embeddings", len(tasks)):
            yield task.result()


def _embed_clips(prepared: Path, numbers: Indices) -> Embeddings:
    store = ClipStore(prepared)
    unused = np.random.default_rng(0)  # the placement is fixed, so that nothing is drawn
    clips = [
        crop_or_pad_around_word(store.clip(number), store.word_bounds(number), NUM_SAMPLES, "center", unused)
        for number in numbers
    ]
    return np.concatenate([embed(clip[None]) for clip in clips])  # larger batches are not faster


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Holds the lock of a file of the cache, so that jobs that need the same embeddings compute them once."""
    lock = path.with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        acquired = FileLock(lock).acquire()
    except OSError as error:
        raise _unwritable(path.parent, error) from None
    with acquired:
        yield
        lock.unlink(missing_ok=True)  # a job that waits for the lock or creates it again finds the file


def _write(path: Path, values: Embeddings) -> None:
    """Writes a file of the cache atomically."""
    partial = path.with_suffix(".partial.npy")
    try:
        np.save(partial, values)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise _unwritable(path.parent, error) from None


def _unwritable(folder: Path, error: OSError) -> KwspipeError:
    return KwspipeError(
        str(folder),
        f"it cannot be written ({error.strerror or error})",
        f"a folder with space for {2 * NUM_VALUES} bytes per clip",
        "free disk space, or set distill.cache_dir to another folder",
    )


def _folder() -> Path:
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise KwspipeError(
            "distill: the speech embedding",
            f"the package {PACKAGE}, which contains the network, is not installed",
            "an installation with the extra teacher",
            "pip install 'kwspipe[teacher]', or set distill=none",
        )
    return Path(found.origin).parent / "resources" / "models"


@cache
def _sessions() -> tuple[Any, Any]:
    """Returns the sessions of the mel filter bank and the network."""
    mel, network = (onnx_session.create_session(str(_folder() / name)) for name in FILES_SHA256)
    return mel, network

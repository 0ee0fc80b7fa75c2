"""The teacher: Google's speech embedding, a network that has heard 200 million clips, and what it makes of our clips.

Lin et al. 2020 ("Training Keyword Spotters with Limited and Synthesized Speech Data", arXiv:2002.01322) describe it;
the package openwakeword has it as ONNX files (Apache-2.0). It sees 76 frames of 32 mel bands, 10 ms apart, every 80 ms,
and makes 96 numbers of them.
"""

import hashlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from rich.console import Console
from rich.progress import track

from kwspipe.augment import crop_or_pad_around_word
from kwspipe.config import SpeechEmbeddingConfig
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.files import onnx_session
from kwspipe.files.hashing import file_hash, text_hash
from kwspipe.files.process import exit_with_parent
from kwspipe.runs.artifacts import outputs_hash, read_manifest

PACKAGE = "openwakeword"
# As they are in openwakeword 0.1.1: other files would make other numbers.
FILES_SHA256 = {
    "melspectrogram.onnx": "ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
    "embedding_model.onnx": "ba754db3cd768a524c655ea90655ee5e6055a43b8dfd29366a11e93716ae9e51",
}
SAMPLE_RATE_HZ = 16000
NUM_SAMPLES = 24000  # 1.5 s, the word in the middle: nine embeddings
NUM_BANDS = 32
WINDOW_FRAMES, STEP_FRAMES = 76, 8
NUM_VALUES = 864  # nine times 96
CLIPS_A_TASK = 64
Embeddings = npt.NDArray[np.float16]
Indices = npt.NDArray[np.int64]


def check(sample_rate_hz: int) -> None:
    """Checks that the teacher can hear the clips.

    Raises:
        KwspipeError: its package is missing or another version, or the clips have another sample rate.
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
            f"{SAMPLE_RATE_HZ} Hz, which the teacher was trained with",
            "set frontend.sample_rate_hz=16000, or choose another distill",
        )


def embeddings(prepared: Path, numbers: Indices, config: SpeechEmbeddingConfig, workers: int) -> Embeddings:
    """Returns what the teacher makes of clips of a store, from the cache where it is there.

    Args:
        prepared: the folder of the stage prepare.
        numbers: (clips,) in the store.
        config: where the cache is.
        workers: processes.

    Returns:
        (clips, 864).
    """
    manifest = read_manifest(prepared)
    assert manifest is not None  # the pipeline runs no stage before prepare is whole
    teacher = "".join(FILES_SHA256.values())
    asked = hashlib.sha256(np.asarray(numbers, "<i8").tobytes()).hexdigest()
    key = text_hash(f"{teacher}{outputs_hash(manifest)}{asked}")
    path = Path(config.cache_dir).expanduser() / "teacher" / f"{key}.npy"
    if not path.is_file():
        with _made_once(path):
            if not path.is_file():
                _write(path, np.concatenate(list(_heard(prepared, numbers, workers))))
    values: Embeddings = np.load(path)
    return values


def embed(pcm: npt.NDArray[np.int16]) -> Embeddings:
    """Returns what the teacher makes of clips of 1.5 s, (clips, 24000) to (clips, 864)."""
    mel, network = _sessions()
    frames = mel.run(None, {"input": pcm.astype(np.float32)})[0].reshape(len(pcm), -1, NUM_BANDS)
    frames = frames / 10 + 2  # the scale of the mel frames the network was trained with, from openwakeword
    starts = range(0, frames.shape[1] - WINDOW_FRAMES + 1, STEP_FRAMES)
    windows = np.stack([frames[:, start : start + WINDOW_FRAMES] for start in starts], axis=1)
    inputs = windows.reshape(-1, WINDOW_FRAMES, NUM_BANDS, 1)
    values: Embeddings = network.run(None, {"input_1": inputs})[0].reshape(len(pcm), -1).astype(np.float16)
    return values


def _heard(prepared: Path, numbers: Indices, workers: int) -> Iterator[Embeddings]:
    """Yields the embeddings of clips, some at a time."""
    starts = range(0, len(numbers), CLIPS_A_TASK)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=exit_with_parent) as pool:
        tasks = [pool.submit(_hear, prepared, numbers[start : start + CLIPS_A_TASK]) for start in starts]
        console = Console(stderr=True)
        for task in track(tasks, "    the teacher listens", console=console):
            yield task.result()


def _hear(prepared: Path, numbers: Indices) -> Embeddings:
    store = ClipStore(prepared)
    centre = np.random.default_rng(0)  # not drawn from: the placement is fixed
    clips = [
        crop_or_pad_around_word(store.clip(i), store.word_bounds(i), NUM_SAMPLES, "center", centre)
        for i in numbers
    ]
    return np.concatenate([embed(clip[None]) for clip in clips])  # one by one: larger batches are no faster


@contextmanager
def _made_once(path: Path) -> Iterator[None]:
    """Lets one job at a time make a file of the cache, so that others that want the same wait for it."""
    lock = path.with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock).acquire()
    except OSError as error:
        raise _unwritable(path.parent, error) from None
    with held:
        yield
        lock.unlink(missing_ok=True)  # whoever still waits at it, or makes another, finds the file


def _write(path: Path, values: Embeddings) -> None:
    """Writes the cache's file whole or not at all."""
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
        f"a folder with room for {2 * NUM_VALUES} bytes a clip",
        "make room, or set distill.cache_dir to another folder",
    )


def _folder() -> Path:
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise KwspipeError(
            "distill: the speech embedding",
            f"the package {PACKAGE}, which has the teacher, is not installed",
            "an installation with the extra teacher",
            "pip install 'kwspipe[teacher]', or choose another distill",
        )
    return Path(found.origin).parent / "resources" / "models"


@cache
def _sessions() -> tuple[Any, Any]:
    """Loads both networks."""
    mel, network = (onnx_session.create_session(str(_folder() / name)) for name in FILES_SHA256)
    return mel, network

"""Two models of the vendor and features of recordings, from the reference material."""

import csv
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kwspipe.audio import pcm as audio
from kwspipe.compiler.compile import ImageSummary, compile_model
from kwspipe.core.frontend import FrontEnd
from support.default_settings import VENDOR_FRONTEND

NUM_CLASSES = {"keyword_spotting_mobilenetv2": 8, "keyword_spotting_with_transfer_learning": 11}


def tflite_of(name: str, shared_dir: Path) -> bytes:
    """Returns the .tflite of one of the archives."""
    with zipfile.ZipFile(shared_dir / "base" / f"{name}.mltk.zip") as archive:
        return archive.read(f"{name}.tflite")


def compiled(name: str, shared_dir: Path) -> tuple[bytes, bytes, ImageSummary]:
    """Returns (.tflite, image, summary) of one of the archives, without front end and detector."""
    tflite = tflite_of(name, shared_dir)
    labels = [f"class {i}" for i in range(NUM_CLASSES[name])]
    return tflite, *compile_model(tflite, labels, b"", b"", name)


def real_features(shared_dir: Path) -> npt.NDArray[np.int8]:
    """Returns features of 200 clips of speech and noise, (200, 59, 49) int8."""
    with (shared_dir / "data" / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    front_end = FrontEnd(VENDOR_FRONTEND)
    clips = np.zeros((200, front_end.clip_samples), np.int16)
    for clip, row in zip(clips, rows[:: len(rows) // 200], strict=False):
        pcm = audio.read_pcm(shared_dir / "data" / row["path"], 16000)[: len(clip)]
        clip[: len(pcm)] = pcm
    return front_end.features(clips)

"""Npm package with Kokoro voices."""

import io
import tarfile
from pathlib import Path

import numpy as np


def pack(path: Path, tables: dict[str, np.ndarray]) -> Path:
    """Writes voices in the format of the npm package and returns its path."""
    with tarfile.open(path, "w:gz") as package:
        for name, table in tables.items():
            content = table.astype("<f4").tobytes()
            member = tarfile.TarInfo(f"package/voices/{name}.bin")
            member.size = len(content)
            package.addfile(member, io.BytesIO(content))
        package.addfile(tarfile.TarInfo("package/README.md"))
    return path

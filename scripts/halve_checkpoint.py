"""Writes a checkpoint with its kernels in float16: half the size, for a teacher that comes with the package.

    python scripts/halve_checkpoint.py runs/large/train/model.weights.h5 teacher.weights.h5

Vectors stay as they are: BatchNorm's variances are beyond what float16 holds.
"""

import argparse
from pathlib import Path

import h5py
import numpy as np


def halve(source: Path, target: Path) -> None:
    """Copies the layers' weights, their names and places as they are."""
    with h5py.File(source, "r") as whole, h5py.File(target, "w") as half:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                values = item[()].astype(np.float16) if item.ndim > 1 else item[()]
                half.create_dataset(name, data=values, compression="gzip")
            else:
                half.require_group(name).attrs.update(item.attrs)

        layers = half.require_group("layers")
        layers.attrs.update(whole["layers"].attrs)
        whole["layers"].visititems(lambda name, item: copy(f"layers/{name}", item))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    halve(arguments.source, arguments.target)

"""Adds the outputs of the reference kernels to the .npz file of each network in a folder. Argument: the folder.

The process must not import TensorFlow, which does not work in one process with tflite-runtime. The kernels are those of
tflite-runtime. Those of TensorFlow 2.21 and ai-edge-litert 2.3 round once instead of twice in FULLY_CONNECTED.
"""

import sys
from pathlib import Path

import numpy as np

from support.reference_kernels import run_reference

for path in sorted(Path(sys.argv[1]).glob("*.tflite")):
    inputs = np.load(path.with_suffix(".npz"))["inputs"]
    outputs = run_reference(path.read_bytes(), inputs)
    np.savez_compressed(path.with_suffix(".npz"), inputs=inputs, outputs=outputs)
    print(path.name, path.stat().st_size, "bytes,", np.unique(outputs).size, "distinct outputs")

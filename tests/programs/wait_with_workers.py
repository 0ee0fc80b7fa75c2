"""Starts training batches with two workers, prints the process numbers of the workers, and waits.

Argument: the folder of a store.
"""

import sys
import time
from pathlib import Path

from kwspipe.config import AugmentConfig
from kwspipe.training.batches import TrainingBatches
from support.default_settings import FRONTEND

if __name__ == "__main__":  # the workers import this module
    with TrainingBatches(Path(sys.argv[1]), FRONTEND, AugmentConfig("random", ()), 8, 3, 2) as batches:
        stream = batches.epochs(0, 10**6)
        for _ in range(30):
            next(stream)
        print(*batches.pool._processes, flush=True)
        time.sleep(60)

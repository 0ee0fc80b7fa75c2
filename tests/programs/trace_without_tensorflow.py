"""Traces the weight shapes of a network, and prints the imported modules of TensorFlow and Keras as a JSON list."""

import json
import sys

import kwspipe.transfer.checkpoint_check  # noqa: F401
from kwspipe import models
from kwspipe.config import DsCnnConfig

models.weight_shapes(DsCnnConfig("ds_cnn", 4, 1, 2, 0.9), (8, 6), 3)
print(json.dumps(sorted({"tensorflow", "keras"} & set(sys.modules))))

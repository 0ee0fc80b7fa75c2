"""Loads the vendor's checkpoint into networks with 8, 5 and 11 classes, and prints numbers of layers as JSON.

Arguments: the checkpoint, and the file that receives the weights of the network with 8 classes.
"""

import json
import sys
from pathlib import Path

import numpy as np

from kwspipe import models
from kwspipe.config import MobileNetV2Config, PathTransferConfig
from kwspipe.transfer.layers import apply

CONFIG = PathTransferConfig("path", path=sys.argv[1], skip_mismatch=True, class_outputs=False, freeze=())
NETWORK = MobileNetV2Config("mobilenet_v2", alpha=0.15, last_block_filters=384, batch_norm_momentum=0.999)

result = {}
for num_classes in (8, 5, 11):
    model = models.build(NETWORK, (59, 49), num_classes)
    report = apply(model.layers, CONFIG, Path(sys.argv[1]))
    result[num_classes] = {
        "layers": len(model.layers),
        "parameters": model.count_params(),
        "loaded": len(report.loaded),
        "skipped": list(report.skipped),
    }
    if num_classes == 8:
        weights = {layer.name: layer.get_weights() for layer in model.layers}
        np.savez(
            sys.argv[2],
            **{f"{name}.{i}": array for name, arrays in weights.items() for i, array in enumerate(arrays)},
        )
print(json.dumps(result))

"""Generator of the small converted networks in tests/data/tflite, with the outputs of the reference kernels.

The script requires TensorFlow:

    python scripts/make_test_models.py tests/data/tflite
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

layers = tf.keras.layers
CLIPS = 16
TESTS = Path(__file__).resolve().parents[1] / "tests"
ADD_OUTPUTS = TESTS / "programs" / "add_reference_outputs.py"
# TensorFlow has no type annotations.
Tensor = Any
Model = Any
InputOutput = tuple[Tensor, Tensor]
"""Input and output of a network."""


def normalized(x: Tensor, activation: str | None = "relu") -> Tensor:
    """Adds batch normalization and activation, which the converter folds into the preceding convolution."""
    x = layers.BatchNormalization(momentum=0.0)(x)  # one batch sets the statistics
    return layers.Activation(activation)(x) if activation else x


def ds_cnn() -> InputOutput:
    """Depthwise separable convolutions (Zhang et al. 2017)."""
    inputs = x = layers.Input((49, 10, 1))
    x = normalized(layers.Conv2D(16, (10, 4), (2, 2), "same", use_bias=False)(x))
    for _ in range(2):
        x = normalized(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x))
        x = normalized(layers.Conv2D(16, 1, use_bias=False)(x))
    x = layers.AveragePooling2D((25, 5))(x)
    return inputs, layers.Dense(6, "softmax")(layers.Dropout(0.2)(layers.Flatten()(x)))


def inverted_residuals() -> InputOutput:
    """Inverted residuals (Sandler et al. 2018) with explicit padding."""
    inputs = x = layers.Input((20, 15, 1))
    x = normalized(layers.Conv2D(8, 3, 2, "same", use_bias=False)(x), "relu6")
    for stride in (1, 2, 1):
        skip = x
        x = normalized(layers.Conv2D(24, 1, use_bias=False)(x), "relu6")
        if stride == 2:
            x = layers.ZeroPadding2D(((0, 1), (1, 1)))(x)
        x = layers.DepthwiseConv2D(3, stride, "same" if stride == 1 else "valid", use_bias=False)(x)
        x = normalized(layers.Conv2D(8, 1, use_bias=False)(normalized(x, "relu6")), None)
        x = layers.Add()([skip, x]) if stride == 1 else x
    return inputs, layers.Dense(5, "softmax")(layers.GlobalAveragePooling2D()(x))


def residual() -> InputOutput:
    """Residual blocks (He et al. 2016): activation after the sum, shortcut with a convolution."""
    inputs = x = layers.Input((16, 12, 1))
    x = normalized(layers.Conv2D(6, 3, padding="same", use_bias=False)(x))
    for filters, stride in ((6, 1), (12, 2)):
        skip = x if stride == 1 else layers.Conv2D(filters, 1, stride)(x)
        x = normalized(layers.Conv2D(filters, 3, stride, "same", use_bias=False)(x))
        x = normalized(layers.Conv2D(filters, 3, padding="same", use_bias=False)(x), None)
        x = layers.ReLU()(layers.Add()([x, skip]))
    return inputs, layers.Dense(4, "softmax")(layers.GlobalAveragePooling2D()(x))


def temporal() -> InputOutput:
    """Temporal convolutions (Choi et al. 2019): the channels are those of the spectrum."""
    inputs = x = layers.Input((40, 12, 1))
    x = layers.Reshape((40, 1, 12))(x)
    x = normalized(layers.Conv2D(16, (3, 1), padding="same", use_bias=False)(x))
    for stride in (2, 1):
        skip = layers.Conv2D(16, 1, (stride, 1))(x)
        x = normalized(layers.Conv2D(16, (9, 1), (stride, 1), "same", use_bias=False)(x))
        x = normalized(layers.Conv2D(16, (9, 1), padding="same", use_bias=False)(x), None)
        x = layers.ReLU()(layers.Add()([x, skip]))
    return inputs, layers.Dense(4, "softmax")(layers.GlobalAveragePooling2D()(x))


def temporal_1d() -> InputOutput:
    """Temporal convolutions with Conv1D and SeparableConv1D."""
    inputs = x = layers.Input((30, 12, 1))
    x = layers.Reshape((30, 12))(x)
    x = normalized(layers.Conv1D(8, 5, 2, "same", use_bias=False)(x))
    x = normalized(layers.SeparableConv1D(12, 3, padding="same", use_bias=False)(x))
    return inputs, layers.Dense(4, "softmax")(layers.GlobalAveragePooling1D()(x))


def pooled() -> InputOutput:
    """Convolution, maximum pooling and two dense layers (Sainath and Parada 2015)."""
    inputs = x = layers.Input((24, 13, 1))
    x = layers.MaxPooling2D((1, 3))(layers.Conv2D(8, (8, 4), activation="relu", padding="same")(x))
    x = layers.MaxPooling2D(2, padding="same")(layers.Conv2D(8, (5, 3), activation="relu")(x))
    x = layers.Dense(12, "relu")(layers.Flatten()(x))
    return inputs, layers.Dense(5, "softmax")(x)


def dilated() -> InputOutput:
    """Dilated convolutions, several outputs per input channel, valid padding, sums of three."""
    inputs = x = layers.Input((22, 14, 2))
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=4, activation="relu")(x)
    one = layers.Conv2D(8, 3, dilation_rate=2, padding="same")(x)
    two = layers.DepthwiseConv2D(3, dilation_rate=(2, 3), padding="same")(x)
    three = layers.AveragePooling2D(3, 1, "same")(x)
    x = layers.ReLU(6.0)(layers.Add()([one, layers.Add()([two, three])]))
    x = layers.Conv2D(5, (4, 2), (3, 2), activation="linear")(x)
    return inputs, layers.Softmax()(layers.GlobalAveragePooling2D()(x))


def no_softmax() -> InputOutput:
    """Logits as the output, and activations as separate operators."""
    inputs = x = layers.Input((12, 10, 1))
    x = layers.ReLU()(layers.MaxPooling2D(2)(layers.Conv2D(7, 3)(x)))
    x = layers.ReLU(6.0)(layers.AveragePooling2D(2, 1)(layers.Conv2D(5, 3, padding="same")(x)))
    return inputs, layers.Dense(4)(layers.Flatten()(x))


NETWORKS: list[Callable[[], InputOutput]] = [
    ds_cnn, inverted_residuals, residual, temporal, temporal_1d, pooled, dilated, no_softmax,
]  # fmt: skip


def randomize(model: Model, examples: np.ndarray, rng: np.random.Generator) -> None:
    """Sets different scales per channel, as after training; some channels are almost zero."""
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            count = layer.gamma.shape[0]
            layer.gamma.assign(rng.uniform(0.3, 1.5, count) * rng.choice([1, 1, 1, 1e-3, 1e-5], count))
            layer.beta.assign(rng.normal(0, 0.5, count))
    model(examples.astype(np.float32), training=True)


def balance_classifier(model: Model, examples: np.ndarray) -> None:
    """Scales the classifier so that all classes are predicted."""
    dense = next((layer for layer in reversed(model.layers) if isinstance(layer, layers.Dense)), None)
    if dense is None:
        return
    values = tf.keras.Model(model.input, dense.input)(examples.astype(np.float32)).numpy()
    kernel, bias = dense.get_weights()
    logits = (values - values.mean(axis=0)) @ kernel
    dense.set_weights([kernel * 1.5 / logits.std(), bias - values.mean(axis=0) @ kernel * 1.5 / logits.std()])


def convert(model: Model, examples: np.ndarray) -> bytes:
    """Converts a network to int8."""
    function = tf.function(lambda x: model(x, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:]), tf.float32))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([clip[None].astype(np.float32)] for clip in examples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    tflite: bytes = converter.convert()
    return tflite


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for seed, network in enumerate(NETWORKS):
        tf.keras.utils.set_random_seed(seed)
        rng = np.random.default_rng(seed)
        model = tf.keras.Model(*network())
        examples = rng.integers(-128, 128, (50, *model.input_shape[1:])).astype(np.int8)
        randomize(model, examples, rng)
        balance_classifier(model, examples)
        (folder / f"{network.__name__}.tflite").write_bytes(convert(model, examples))
        clips = np.clip(examples[:CLIPS] * rng.uniform(0.2, 1.5, (CLIPS, 1, 1, 1)), -128, 127).astype(np.int8)
        clips[0], clips[1] = -128, 127
        np.savez_compressed(folder / f"{network.__name__}.npz", inputs=clips)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
    }
    subprocess.run([sys.executable, ADD_OUTPUTS, folder], env=environment, check=True)


if __name__ == "__main__":
    main()

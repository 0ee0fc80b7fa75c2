"""Runs a training step of the fused and of the Keras batch normalization, and prints the values of both as JSON.

The values are outputs, gradients of inputs and variables, moving averages, and outputs of inference.
"""

import json

import keras
import numpy as np
import tensorflow as tf

from kwspipe.models.normalization import BatchNormalization

maps = tf.constant(np.random.default_rng(1).normal(3, 2, (4, 5, 3, 6)), tf.float32)
results = []
for kind in (BatchNormalization, keras.layers.BatchNormalization):
    layer = kind(momentum=0.75, epsilon=0.01)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        outputs = layer(maps, training=True)
        loss = tf.reduce_sum(outputs**3)
    gradients = tape.gradient(loss, [maps, *layer.trainable_variables])
    values = [outputs, *gradients, layer.moving_mean, layer.moving_variance, layer(maps, training=False)]
    results.append([np.asarray(value).ravel().tolist() for value in values])
print(json.dumps(results))

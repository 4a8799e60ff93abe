"""Batch normalisation with the constants and the running variance of the paper's runs."""

from typing import Any

import keras
import tensorflow as tf

#: ε of the original runs. Keras' own default, 1e-3, breaks Theorem 3 visibly.
EPSILON = 1e-5
#: Share of the old running statistics kept at each step (PyTorch writes it as 0.1).
MOMENTUM = 0.9


@keras.saving.register_keras_serializable(package="tfluck")
class BatchNorm(keras.layers.Layer):
    """Normalise every node over the batch (and, for images, over positions).

    Training, with mean μ and biased variance σ² over the N values of a node:
    ``y = γ (x − μ) / √(σ² + ε) + β``, then ``running ← 0.9 running + 0.1 batch`` where
    the running variance takes the *unbiased* N/(N−1) σ².
    Inference uses the running statistics in place of μ and σ².

    Keras' own layer keeps the biased variance; at batch size 64 that alone moves every
    evaluation-mode activation by 0.8 %.

    Args:
        affine: learn a scale γ and a shift β per node; otherwise γ = 1 and β = 0.

    Shapes: ``[batch, ..., nodes]`` in and out.
    """

    def __init__(self, affine: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.affine = affine

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Create the statistics and, if affine, γ and β; all of shape [nodes]."""
        nodes = (input_shape[-1],)

        def statistic(name: str, start: str) -> Any:
            return self.add_weight(
                name=name, shape=nodes, initializer=start, trainable=False
            )

        if self.affine:
            self.gamma = self.add_weight(name="gamma", shape=nodes, initializer="ones")
            self.beta = self.add_weight(name="beta", shape=nodes, initializer="zeros")
        self.running_mean = statistic("running_mean", "zeros")
        self.running_variance = statistic("running_variance", "ones")

    def restart(self) -> None:
        """Forget what was seen and learned."""
        for weight in self.weights:
            ones = weight.name in ("gamma", "running_variance")
            weight.assign(tf.fill(weight.shape, tf.cast(ones, weight.dtype)))

    def call(self, x: Any, training: bool = False) -> Any:
        """Normalise ``x``; in training also move the running statistics."""
        if training and len(x.shape) == 4 and x.dtype == tf.float32:
            return self._normalize_images(x)
        mean, variance = self.running_mean.value, self.running_variance.value
        if training:
            mean, variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
            count = tf.cast(tf.size(x) // x.shape[-1], x.dtype)
            unbiased = variance * count / tf.maximum(count - 1, 1)
            self._move(self.running_mean, mean)
            self._move(self.running_variance, unbiased)
        scale = tf.math.rsqrt(variance + tf.constant(EPSILON, x.dtype))
        if self.affine:
            return (x - mean) * (scale * self.gamma.value) + self.beta.value
        return (x - mean) * scale

    def _normalize_images(self, x: Any) -> Any:
        """Do what training does to images by TensorFlow's one operation for it.

        It and its gradient pass over x far less often than the plain sums and theirs.
        """
        nodes, none = x.shape[-1:], tf.zeros((0,))
        y, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=tf.convert_to_tensor(self.gamma) if self.affine else tf.ones(nodes),
            offset=tf.convert_to_tensor(self.beta) if self.affine else tf.zeros(nodes),
            mean=none,
            variance=none,
            epsilon=EPSILON,
            is_training=True,
        )
        self._move(self.running_mean, mean)
        self._move(self.running_variance, unbiased)
        return y

    def _move(self, running: Any, batch: Any) -> None:
        keep = tf.constant(MOMENTUM, batch.dtype)
        running.assign(running.value * keep + tf.stop_gradient(batch) * (1 - keep))

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds the layer."""
        return super().get_config() | {"affine": self.affine}

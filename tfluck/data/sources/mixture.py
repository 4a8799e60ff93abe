"""``mixture:K``: K equally likely Gaussian clusters; half of the variance is between them.

With centres c₁ … c_K a sample is c_k + √½ z, k uniform and z from N(0, I), so that
E x = 0 and E x xᵀ = ½ I + Σ c_k c_kᵀ / K. Its trace is the number of coordinates: their
variances are 1 on average, and each has its own.
"""

import math
from functools import lru_cache
from typing import Any

from tfluck.data.sources.law import Law, Parameter


@lru_cache(maxsize=8)
def centres(seed: int, count: int, sample_shape: tuple[int, ...]) -> Any:
    """Place the clusters, float32 ``[count, *sample_shape]``.

    Drawn from N(0, 1), then shifted and scaled so that their mean is 0 in every
    coordinate and their mean square over coordinates and clusters is ½.
    """
    import numpy as np

    from tfluck.foundations.seeds import generator

    points = generator(seed, "data", "centres").standard_normal((count, *sample_shape))
    points -= points.mean(axis=0)
    return (points / np.sqrt(2 * (points**2).mean())).astype(np.float32)


def draw(noise: Any, shape: tuple[int, ...], k: float) -> Any:
    """Choose a cluster for each sample, and add noise to its centre."""
    import tensorflow as tf

    clusters = tf.constant(centres(noise.seed, int(k), shape[1:]))
    chosen = noise.part("cluster").uniform(shape[:1])
    index = tf.cast(chosen * int(k), tf.int32)
    spread = tf.constant(math.sqrt(0.5), tf.float32) * noise.part("noise").normal(shape)
    return tf.gather(clusters, index) + spread


def covariance(seed: int, size: int, k: float) -> Any:
    """Return ½ I + CᵀC / K for the centres C ``[K, size]``."""
    import numpy as np

    points = centres(seed, int(k), (size,)).astype(np.float64)
    return 0.5 * np.eye(size) + points.T @ points / len(points)


K = Parameter(
    "K", "mixture:K with a whole number K from 2 to 10000", 1, most=10_000, whole=True
)
MIXTURE = Law(kind="mixture", draw=draw, parameter=K, between=covariance)

"""Draw from a law so that batch t is a pure function of (seed, t)."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfluck.data.gaussian import gaussian_batches
from tfluck.data.stateless import bit_batches
from tfluck.experiment.inputs import InputLaw
from tfluck.foundations.seeds import child, generator

#: (seed, first batch, how many, shape of one batch) → float32 ``[count, *shape]``.
Draw = Callable[[int, tf.Tensor | int, int, tuple[int, ...]], tf.Tensor]


def sampler(law: InputLaw, seed: int, sample_shape: tuple[int, ...]) -> Draw:
    """Return what draws batches of ``law``: mean 0 and variance 1 in every coordinate.

    Args:
        law: what to draw from.
        seed: of the run; places the clusters of a mixture, the same for every stream.
        sample_shape: of one sample.
    """
    if law.name == "mixture":
        clusters = centres(seed, int(law.parameter or 1), sample_shape)
        return lambda *at: _mixture(clusters, *at)
    if law.name == "student-t":
        return lambda *at: _student_t(law.parameter or 1.0, *at)
    return {"gaus": gaussian_batches, "uniform": _uniform, "rademacher": _signs}[
        law.name
    ]


def centres(seed: int, count: int, sample_shape: tuple[int, ...]) -> np.ndarray:
    """Place the clusters of a mixture, float32 ``[count, *sample_shape]``.

    Drawn from N(0, 1), then shifted and scaled so that their mean is 0 in every
    coordinate and their mean square over coordinates and clusters is ½.
    """
    points = generator(seed, "data", "centres").standard_normal((count, *sample_shape))
    points -= points.mean(axis=0)
    return (points / np.sqrt(2 * (points**2).mean())).astype(np.float32)


def _open_interval(
    seed: int, first: tf.Tensor | int, count: int, shape: tuple[int, ...]
) -> tf.Tensor:
    """Return numbers of (0, 1), ends excluded, float64 with 32 random bits."""
    bits = bit_batches(seed, first, count, shape)
    return (tf.cast(bits, tf.float64) + 0.5) * 2.0**-32


def _uniform(
    seed: int, first: tf.Tensor | int, count: int, shape: tuple[int, ...]
) -> tf.Tensor:
    drawn = _open_interval(seed, first, count, shape)
    return tf.cast(np.sqrt(3) * (2 * drawn - 1), tf.float32)


def _signs(
    seed: int, first: tf.Tensor | int, count: int, shape: tuple[int, ...]
) -> tf.Tensor:
    drawn = bit_batches(seed, first, count, shape)
    return tf.where(drawn < 2**31, 1.0, -1.0)


def _student_t(
    nu: float, seed: int, first: tf.Tensor | int, count: int, shape: tuple[int, ...]
) -> tf.Tensor:
    """Bailey's polar form: √(ν (U^(−2/ν) − 1)) cos 2πV has ν degrees of freedom."""
    pairs = _open_interval(seed, first, count, (*shape, 2))
    radius = tf.sqrt(nu * tf.math.expm1(-2 / nu * tf.math.log(pairs[..., 0])))
    drawn = radius * tf.cos(2 * np.pi * pairs[..., 1])
    return tf.cast(drawn * np.sqrt((nu - 2) / nu), tf.float32)


def _mixture(
    clusters: np.ndarray,
    seed: int,
    first: tf.Tensor | int,
    count: int,
    shape: tuple[int, ...],
) -> tf.Tensor:
    chosen = _open_interval(child(seed, "cluster"), first, count, shape[:1])
    index = tf.cast(chosen * len(clusters), tf.int32)
    noise = gaussian_batches(child(seed, "noise"), first, count, shape)
    return tf.gather(clusters, index) + np.float32(np.sqrt(0.5)) * noise

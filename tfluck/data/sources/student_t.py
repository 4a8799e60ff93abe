"""``student-t:NU``: heavy tails of ν degrees of freedom, scaled to variance 1."""

import math
from typing import Any

from tfluck.data.sources.law import Law, Parameter


def draw(noise: Any, shape: tuple[int, ...], nu: float) -> Any:
    """Bailey's polar form: √(ν (U^(−2/ν) − 1)) cos 2πV has ν degrees of freedom."""
    import tensorflow as tf

    pairs = noise.uniform((*shape, 2))
    radius = tf.sqrt(nu * tf.math.expm1(-2 / nu * tf.math.log(pairs[..., 0])))
    drawn = radius * tf.cos(2 * math.pi * pairs[..., 1])
    return tf.cast(drawn * math.sqrt((nu - 2) / nu), tf.float32)


def fourth_moment(nu: float) -> float:
    """Return 3 + 6 / (ν − 4), and ∞ up to ν = 4."""
    return 3 + 6 / (nu - 4) if nu > 4 else math.inf


NU = Parameter(
    "NU", "student-t:NU with a number NU above 2, its variance's limit", above=2
)
STUDENT_T = Law(kind="student-t", draw=draw, parameter=NU, moment=fourth_moment)

"""The random numbers that laws are made of."""

from dataclasses import dataclass, replace

import tensorflow as tf

from tfluck.data.stateless import bit_batches, gaussian_batches
from tfluck.foundations.seeds import child


@dataclass(frozen=True)
class Noise:
    """Random numbers of batches ``first … first + count − 1``, a pure function of these.

    Asked twice, it gives the same numbers: take what is independent from parts of
    different names, or ask for a larger shape.

    Attributes:
        key: of the stream.
        first: the first batch.
        count: how many.
        seed: of the run, for what is the same in all of its streams.
    """

    key: int
    first: tf.Tensor | int
    count: int
    seed: int

    def part(self, name: str) -> "Noise":
        """Return noise that is independent of this one."""
        return replace(self, key=child(self.key, name))

    def normal(self, shape: tuple[int, ...]) -> tf.Tensor:
        """Return numbers of N(0, 1), float32 ``[count, *shape]``."""
        return gaussian_batches(self.key, self.first, self.count, shape)

    def bits(self, shape: tuple[int, ...]) -> tf.Tensor:
        """Return numbers of 32 random bits, uint32 ``[count, *shape]``."""
        return bit_batches(self.key, self.first, self.count, shape)

    def uniform(self, shape: tuple[int, ...]) -> tf.Tensor:
        """Return numbers of (0, 1), ends excluded, float64 with 32 random bits."""
        return (tf.cast(self.bits(shape), tf.float64) + 0.5) * 2.0**-32

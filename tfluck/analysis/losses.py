"""Losses as pure functions of outputs, with what scores of nodes need of them (X7).

Outputs are ``[…, samples, outputs]`` in float64.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

Array = NDArray[np.float64]


class Objective(Protocol):
    """A loss against fixed targets of some samples."""

    def each(self, outputs: Array) -> Array:
        """Return the loss of every sample, ``[…, samples]``."""

    def gradient(self, outputs: Array) -> Array:
        """Return ∂ℓ/∂y of every sample, ``[samples, outputs]``."""

    def curvature(self, outputs: Array, v: Array) -> Array:
        """Return vᵀ ∂²ℓ/∂y² v, ``[samples, n]``, for v ``[samples, outputs, n]``."""

    def right(self, outputs: Array) -> Array:
        """Tell of every sample whether the largest output is the right one."""

    def part(self, samples: slice) -> "Objective":
        """Return the loss against the targets of these samples."""


@dataclass(frozen=True)
class SquaredError:
    """ℓ = mean over outputs of (y − t)², with targets t, ``[samples, outputs]``."""

    target: Array

    def each(self, outputs: Array) -> Array:
        """Return the mean squared difference of every sample."""
        return np.asarray(np.square(outputs - self.target).mean(axis=-1))

    def gradient(self, outputs: Array) -> Array:
        """Return 2 (y − t) / outputs."""
        return 2 * (outputs - self.target) / outputs.shape[-1]

    def curvature(self, outputs: Array, v: Array) -> Array:
        """Return 2 ‖v‖² / outputs."""
        return np.asarray(2 * np.square(v).mean(axis=1))

    def right(self, outputs: Array) -> Array:
        """Compare the largest output with the largest target."""
        return np.asarray(outputs.argmax(axis=-1) == self.target.argmax(axis=-1))

    def part(self, samples: slice) -> "SquaredError":
        """Return the loss of these samples."""
        return SquaredError(self.target[samples])


@dataclass(frozen=True)
class CrossEntropy:
    """ℓ = −log softmax(y)[c], with classes c, ``[samples]``."""

    classes: NDArray[np.int64]

    def each(self, outputs: Array) -> Array:
        """Return the cross-entropy of every sample."""
        logs = log_softmax(outputs, axis=-1)
        return -np.asarray(logs[..., np.arange(len(self.classes)), self.classes])

    def gradient(self, outputs: Array) -> Array:
        """Return softmax(y) − e_c."""
        found = softmax(outputs, axis=-1)
        found[np.arange(len(self.classes)), self.classes] -= 1
        return np.asarray(found)

    def curvature(self, outputs: Array, v: Array) -> Array:
        """Return Σ p v² − (Σ p v)², the variance of v under p = softmax(y)."""
        p = softmax(outputs, axis=-1)[:, :, None]
        return np.asarray((p * np.square(v)).sum(1) - np.square((p * v).sum(1)))

    def right(self, outputs: Array) -> Array:
        """Compare the largest output with the class."""
        return np.asarray(outputs.argmax(axis=-1) == self.classes)

    def part(self, samples: slice) -> "CrossEntropy":
        """Return the loss of these samples."""
        return CrossEntropy(self.classes[samples])

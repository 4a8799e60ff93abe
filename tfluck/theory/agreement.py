"""How far a formula is from what it should equal."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """How ``found`` compares with ``true``, both taken as one long vector.

    Attributes:
        error: |found − true| / |true|; 0 where both are zero.
        cosine: of the angle between them; 1 where both are zero.
    """

    error: float
    cosine: float

    @classmethod
    def of(cls, found: Array, true: Array) -> "Agreement":
        """Compare two arrays of one shape."""
        size, other = float(np.linalg.norm(true)), float(np.linalg.norm(found))
        apart = float(np.linalg.norm(found - true))
        if size == 0 or other == 0:
            same = size == other
            return cls(0.0 if same else np.inf if size == 0 else 1.0, float(same))
        inner = float(np.vdot(found, true))
        return cls(apart / size, inner / (size * other))


def worst(found: Iterable[Agreement]) -> Agreement:
    """Return the largest error and the smallest cosine."""
    both = list(found)
    return Agreement(max(a.error for a in both), min(a.cosine for a in both))

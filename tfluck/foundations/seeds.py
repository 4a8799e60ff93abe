"""One number in, a tree of independent seeds out.

Nothing in tfluck reads a global generator. Every consumer of randomness asks for
the child of the run's seed under its own name, so adding a consumer, or changing the
order in which they are built, moves nobody else's numbers.
"""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def child(seed: int, *names: str | int) -> int:
    """Return the seed in [0, 2³¹) that belongs to the path ``names`` below ``seed``."""
    path = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8]) % 2**31


def generator(seed: int, *names: str | int) -> "np.random.Generator":
    """Return a NumPy generator for the path ``names`` below ``seed``."""
    import numpy as np

    return np.random.default_rng(child(seed, *names))

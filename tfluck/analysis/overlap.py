"""How much the activation regions of a layer's nodes overlap (D2, A3, Eq. 9).

For nodes f_j = ReLU(w_jᵀx + b_j) with gates f'_j and regions E_j = {f_j > 0},

    d_jk = E[f'_j f'_k] = P(E_j ∩ E_k),    l_jk = E[f_j f_k],
    ε_d(j, k) = d_jk / min(d_jj, d_kk),    ε_l(j, k) = l_jk / min(l_jj, l_kk).

Assumption 3 wants both far below 1 for every pair. Nodes that are never on have no
ratio and are left out. Every position of an image is a sample.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gram:
    """d and l of one layer as sums over samples; add them to join batches.

    ``regions`` and ``sizes`` are both ``[nodes, nodes]``.
    """

    count: int
    regions: Array
    sizes: Array

    @classmethod
    def of(cls, activations: ArrayLike) -> "Gram":
        """Sum up ReLU outputs, ``[samples, …, nodes]``."""
        f = np.asarray(activations, np.float64)
        f = f.reshape(-1, f.shape[-1])
        on = (f > 0).astype(np.float64)
        return cls(len(f), on.T @ on, f.T @ f)

    def __add__(self, other: "Gram") -> "Gram":
        return Gram(
            self.count + other.count,
            self.regions + other.regions,
            self.sizes + other.sizes,
        )

    def probabilities(self) -> Array:
        """Return P(E_j), ``[nodes]``."""
        return np.asarray(np.diag(self.regions) / self.count)


@dataclass(frozen=True)
class Spread:
    """Mean, median and largest of a set of numbers; all None if it is empty."""

    mean: float | None
    median: float | None
    max: float | None

    @classmethod
    def of(cls, values: Array) -> "Spread":
        """Sum up ``values``."""
        if not values.size:
            return cls(None, None, None)
        return cls(float(values.mean()), float(np.median(values)), float(values.max()))


@dataclass(frozen=True)
class Overlap:
    """The overlap of one layer's nodes, over all pairs of nodes that are ever on."""

    nodes: int
    live_nodes: int
    probability: Spread
    eps_d: Spread
    eps_l: Spread

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


def overlap(gram: Gram) -> Overlap:
    """Sum up ε_d and ε_l of one layer."""
    probability = gram.probabilities()
    live = probability > 0
    return Overlap(
        nodes=len(live),
        live_nodes=int(live.sum()),
        probability=Spread.of(probability),
        eps_d=Spread.of(pair_ratios(gram.regions[np.ix_(live, live)])),
        eps_l=Spread.of(pair_ratios(gram.sizes[np.ix_(live, live)])),
    )


def pair_ratios(matrix: Array) -> Array:
    """Return a_jk / min(a_jj, a_kk) of every pair j < k, ``[pairs]``."""
    j, k = np.triu_indices(len(matrix), 1)
    own = np.diag(matrix)
    return np.asarray(matrix[j, k] / np.minimum(own[j], own[k]))

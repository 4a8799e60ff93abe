"""Lemmas 2 to 4: how overlaps and their products change with the weights.

For unit vectors w_j, w_j′ and targets w*_j, w*_j′, with δw = w − w*,

    |Δp| = |w*_j′ d*_jj′ − w_j′ d_jj′| ≤ (1 + K_d) d*_jj′ |δw_j′|                  (Eq. 19)
    d*_jj′ ≤ ε_d (1 + K_d |δw_j|)² d*_jj                                 (Eq. 20, mended)
    |Δq| = |v*_j′ l*_jj′ − v_j′ l_jj′| ≤ l*_jj′ (|δv_j′| + K_l |v_j′||δw_j′|)   (Eq. 30, mended)

Eq. 20 and 31 print (1 + K|δw_j′|)(1 + K|δw_j|), though j′ stands still on both sides of
Eq. 26; Eq. 30 prints |δw_j′| alone, so moving v with w fixed breaks it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.theory.kernels import psi_d, psi_l, unit_columns

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Quadruples:
    """Many independent (w_j, w_j′, w*_j, w*_j′), each ``[d, count]`` with unit columns."""

    w: Array
    other: Array
    target: Array
    other_target: Array

    @classmethod
    def near(
        cls, count: int, dim: int, turn: float, draw: np.random.Generator
    ) -> "Quadruples":
        """Draw targets at random and turn each by up to ``turn`` radians."""
        targets = [unit_columns(draw.normal(size=(dim, count))) for _ in range(2)]
        moved = [_turned(t, turn * draw.uniform(size=count), draw) for t in targets]
        return cls(*moved, *targets)

    def where(self, chosen: NDArray[np.bool_]) -> "Quadruples":
        """Keep some."""
        parts = (self.w, self.other, self.target, self.other_target)
        return Quadruples(*(part[:, chosen] for part in parts))

    def angles(self) -> dict[str, Array]:
        """Return the angles that the lemmas speak of, each ``[count]``.

        ``cross`` is ∠(w_j, w*_j′), ``own`` ∠(w_j, w*_j), ``students`` ∠(w_j, w_j′),
        ``targets`` ∠(w*_j, w*_j′).
        """
        return {
            "cross": _angle(self.w, self.other_target),
            "own": _angle(self.w, self.target),
            "students": _angle(self.w, self.other),
            "targets": _angle(self.target, self.other_target),
        }

    def moved(self) -> tuple[Array, Array]:
        """Return |δw_j| and |δw_j′|."""
        return (
            np.linalg.norm(self.w - self.target, axis=0),
            np.linalg.norm(self.other - self.other_target, axis=0),
        )


def _angle(left: Array, right: Array) -> Array:
    return np.arccos(np.clip((left * right).sum(axis=0), -1, 1))


def _turned(vectors: Array, by: Array, draw: np.random.Generator) -> Array:
    across = draw.normal(size=vectors.shape)
    across = unit_columns(across - vectors * (across * vectors).sum(axis=0))
    return np.asarray(np.cos(by) * vectors + np.sin(by) * across)


def bottom_ratio(q: Quadruples, k_d: float) -> Array:
    """Return |Δp| over its bound of Eq. 19, ``[count]``."""
    t = q.angles()
    cross = psi_d(t["cross"])
    change = np.linalg.norm(
        q.other_target * cross - q.other * psi_d(t["students"]), axis=0
    )
    return np.asarray(change / ((1 + k_d) * cross * q.moved()[1]))


def overlap_ratio(
    q: Quadruples, k: float, *, which: str = "d", printed: bool = False
) -> Array:
    """Return d*_jj′ over its bound of Eq. 20 (or l*, Eq. 31), ε taken of each pair."""
    psi = psi_d if which == "d" else psi_l
    t, (own, other) = q.angles(), q.moved()
    eps = psi(t["targets"]) / psi(0.0)
    factor = (1 + k * own) * (1 + k * (other if printed else own))
    return np.asarray(psi(t["cross"]) / (eps * factor * psi(t["own"])))


def top_ratio(
    q: Quadruples, v: Array, v_target: Array, k_l: float, *, printed: bool = False
) -> Array:
    """Return |Δq| over its bound of Eq. 30; ``v`` and ``v_target`` are ``[outputs, count]``."""
    t, other = q.angles(), q.moved()[1]
    cross = psi_l(t["cross"])
    change = np.linalg.norm(v_target * cross - v * psi_l(t["students"]), axis=0)
    if printed:
        bound = (1 + k_l) * cross * other
    else:
        length = np.linalg.norm(v, axis=0)
        bound = cross * (np.linalg.norm(v - v_target, axis=0) + k_l * length * other)
    with np.errstate(divide="ignore"):
        return np.asarray(change / bound)

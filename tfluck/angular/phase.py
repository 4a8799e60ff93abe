"""Where Conjecture 5.5 holds, over the decay of the spectrum.

The family f_p(θ) = ½ + Σ_{n ≥ 1} cos(nθ)/(1 + n^p), p > 1, is AD with all coefficients
positive. At p = 2 it is π cosh(π − θ)/(2 sinh π), a Markov kernel: all weights but the two
neighbours' vanish. On random angles, rougher kernels (p < 2) violate the conjecture and
smoother ones (p > 2, as far as the signs can be decided) obey it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb

from tfluck.errors import BadInput
from tfluck.seeds import generator

from .functions import AngularFunction, Array, CosineSeries
from .matrices import TURN, checked_students
from .signs import HOLDS, UNDECIDED, VIOLATED, certified_signs

#: Angles are multiples of 2π/GRID, where the infinite sum folds into a finite one.
GRID = 4096
#: A bound on the error of the tabulated values (against balls: below 1e-15).
TABLE_ERROR = 1e-13


@dataclass(frozen=True)
class Phase:
    """Shares of random angles with each verdict, shape (decays, sizes).

    ``undecided`` holds what the float64 bound leaves open: the Markov case p = 2, where z
    is exactly 0, and its close neighbourhood.
    """

    decays: Array
    sizes: tuple[int, ...]
    samples: int
    holds: Array
    violated: Array
    undecided: Array


def folded_table(decay: float, grid: int = GRID) -> Array:
    """Return f_p(2πj/grid), j = 0 … grid/2.

    cos(nθ) at θ = 2πj/grid depends on n mod grid only, so the coefficients of a class are
    added up first: eight terms each, and the rest Σ_l 1/(1 + (r + l·grid)^p) by its
    expansion in Hurwitz zeta functions.
    """
    from scipy.special import zeta

    def class_sums(residue: Array) -> Array:
        near = sum(1 / (1 + (residue + grid * turn) ** decay) for turn in range(1, 8))
        far = sum(
            (-1) ** (k + 1) * grid ** (-k * decay) * zeta(k * decay, 8 + residue / grid)
            for k in (1, 2, 3)
        )
        total: Array = near + far
        return total

    residue = np.arange(grid, dtype=np.float64)
    one_sided = 1 / (1 + residue**decay) + class_sums(residue)
    one_sided[0] -= 0.5
    # cos is even: class r and class grid − r share their values.
    folded = np.fft.fft(one_sided).real
    table: Array = folded[: grid // 2 + 1]
    return table


def decay_family(decay: float) -> AngularFunction:
    """Return f_p on multiples of 2π/GRID, with a bound on the error of its table.

    Raises:
        BadInput: p < 1.1: towards 1 the sum diverges at θ = 0.
    """
    if not 1.1 <= decay <= 20:
        raise BadInput(f"The decay must be between 1.1 and 20; it is {decay!r}.")
    table = folded_table(decay)

    def look_up(distances: Array) -> Array:
        return table[np.rint(distances * (GRID / TURN)).astype(np.int64)]

    return AngularFunction(
        f"decay {decay:g}",
        formula=None,
        callable=look_up,
        float_error=TABLE_ERROR,
        series=CosineSeries(
            lambda k: 1 / (1 + arb(k) ** arb(decay)) if k else arb(0.5),
            "c_n = 1/(1 + n^p) > 0",
        ),
    )


def phase_diagram(
    decays: Sequence[float],
    sizes: Sequence[int] = (3, 5),
    samples: int = 1500,
    seed: int = 0,
) -> Phase:
    """Judge ``samples`` random angle sets for every decay p and every m.

    Raises:
        BadInput: nothing to do, m < 3, or a decay outside [1.1, 20].
    """
    if not decays or not sizes or samples < 1:
        raise BadInput("The phase diagram needs decays, sizes m ≥ 3 and samples ≥ 1.")
    for m in sizes:
        checked_students(m, least=3)
    shares = np.zeros((3, len(decays), len(sizes)))
    for row, decay in enumerate(decays):
        function = decay_family(decay)
        for column, m in enumerate(sizes):
            random = generator(seed, "ad-phase", m)
            steps = random.integers(1, GRID, size=(m, samples))
            angles = steps.astype(np.float64) * (TURN / GRID)
            verdicts = certified_signs(function, angles).verdicts
            verdicts = verdicts[~_coincident(angles)]
            for kind, code in enumerate((HOLDS, VIOLATED, UNDECIDED)):
                shares[kind, row, column] = (verdicts == code).mean()
    return Phase(np.asarray(decays, dtype=np.float64), tuple(sizes), samples, *shares)


def _coincident(angles: Array) -> np.ndarray:
    gaps = np.diff(np.sort(angles, axis=0), axis=0)
    return np.asarray((gaps < TURN / GRID / 2).any(axis=0))

"""Where the determinant condition fails, over the decay of the spectrum.

The family f_p(θ) = ½ + Σ_{n ≥ 1} cos(nθ)/(1 + n^p), p > 1, is AD with all coefficients
positive. For p < 2 all weights are positive everywhere (Theorem A1); at p = 2 the kernel
is Markov and the least determinant exactly 0 (A10); for 2 < p < 4 three nodes violate the
condition, two of them very close to the teacher on both sides (A4); for p ≥ 6.8 it holds
(A3). In between nothing is proved. Random angles see nothing of A4, which is why a share
of random violations is no evidence.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
from flint import arb

from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator

from .angle import AnyAngle
from .balls import ball_distance
from .clusters import hunt_exactly
from .criteria import Criterion, criteria, decide
from .engine import precision
from .functions import AngularFunction, Array, CosineSeries
from .matrices import TURN, checked_students
from .signs import VIOLATED, certified_signs
from .spectral import power
from .verdicts import Check

#: Angles are multiples of 2π/GRID, where the infinite sum folds into a finite one.
GRID = 4096
#: A bound on the error of the tabulated values (against balls: below 1e-15).
TABLE_ERROR = 1e-13


#: certified violation: exact nodes with all weights positive, by balls. certified absence
#: and exactly zero: by the theorem named. none found: nothing is known.
Mark: TypeAlias = Literal[
    "certified violation", "certified absence", "exactly zero", "none found"
]


@dataclass(frozen=True)
class Point:
    """What is known at one decay p and one number m of students.

    Attributes:
        theorem: the theorem that decides p, if one does.
        witness: the check of ``nodes``, where every det M_i > 0, if any were found.
        tried: how many sets of nodes were looked at.
        random_share: the share of uniform random angles with a certified violation.
    """

    decay: float
    m: int
    mark: Mark
    theorem: str | None
    witness: Check | None
    nodes: tuple[AnyAngle, ...] | None
    tried: int
    random_share: float

    @property
    def nearest(self) -> float:
        """Return how near to the teacher the nearest node of the witness is."""
        with precision(512):
            gaps = [ball_distance(node, 0.0) for node in self.nodes or ()]
            return min((float(gap.mid()) for gap in gaps), default=math.nan)


@dataclass(frozen=True)
class Phase:
    """All points, by decay and then by m; ``samples`` random angle sets at each."""

    points: tuple[Point, ...]
    samples: int


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
    decays: Sequence[float | Fraction],
    sizes: Sequence[int] = (3,),
    samples: int = 500,
    seed: int = 0,
    progress: Callable[[int], object] = lambda done: None,
) -> Phase:
    """Ask the theorems and search for violations, for every decay p and every m.

    Raises:
        BadInput: nothing to do, m < 3, or a decay outside [1.1, 20].
    """
    if not decays or not sizes or samples < 1:
        raise BadInput("The phase diagram needs decays, sizes m ≥ 3 and samples ≥ 1.")
    for m in sizes:
        checked_students(m, least=3)
    for decay in decays:
        if not 1.1 <= float(decay) <= 20:
            raise BadInput(
                f"The decay must be between 1.1 and 20; it is {float(decay)!r}."
            )
    points = []
    for decay in decays:
        function = power(Fraction(decay))
        decided = decide(criteria(function))
        for m in sizes:
            points.append(_point(function, decided, Fraction(decay), m, samples, seed))
            progress(1)
    return Phase(tuple(points), samples)


def _point(
    function: AngularFunction,
    decided: Criterion,
    decay: Fraction,
    m: int,
    samples: int,
    seed: int,
) -> Point:
    share, tried = random_share(float(decay), m, samples, seed), samples
    witness = None
    if decided.decision not in ("nw", "zero"):
        witness, more = hunt_exactly(function, m)
        tried += more
    mark: Mark = "none found"
    if witness is not None:
        mark = "certified violation"
    elif decided.decision == "nw":
        mark = "certified absence"
    elif decided.decision == "zero":
        mark = "exactly zero"
    # A4 is about three nodes; the other theorems are about every m.
    silent = decided.decision == "undecided" or (decided.decision == "fails" and m > 3)
    theorem = None if silent else decided.theorem
    checked, nodes = (witness.check, witness.nodes) if witness else (None, None)
    return Point(float(decay), m, mark, theorem, checked, nodes, tried, share)


def random_share(decay: float, m: int, samples: int, seed: int) -> float:
    """Return the share of uniform angle sets at which every det M_i > 0, certified."""
    random = generator(seed, "ad-phase", m)
    steps = random.integers(1, GRID, size=(m, samples))
    angles = steps.astype(np.float64) * (TURN / GRID)
    verdicts = certified_signs(decay_family(decay), angles).verdicts
    apart = ~_coincident(angles)
    return float((verdicts[apart] == VIOLATED).mean()) if apart.any() else 0.0


def _coincident(angles: Array) -> np.ndarray:
    gaps = np.diff(np.sort(angles, axis=0), axis=0)
    return np.asarray((gaps < TURN / GRID / 2).any(axis=0))

"""The paper's lemmas about f and about matrices, as functions that check them.

Each returns a :class:`Finding`. For the paper's f the lemmas are identities: f′ =
−(π − θ) sin θ gives Lemma 4.2, and f′² − f f″ = (π − θ)² − sin² θ > 0 makes log f strictly
concave, which gives Lemma 4.3, since (α, β) lies between (α + β, 0) and its mirror image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from flint import arb

from .balls import ball_matrix
from .eigenvalue import pivots
from .engine import precision
from .functions import AngularFunction, Array
from .matrices import associated, checked_angles


@dataclass(frozen=True)
class Finding:
    """Whether a statement held where it was checked.

    Attributes:
        statement: the statement, in symbols.
        holds: whether it held; None when it could not be decided.
        margin: the least margin seen (negative: it failed), in the statement's own units.
        where: the angles at which the margin was seen.
        certified: True when ball arithmetic proves it there, False on a float64 grid.
    """

    statement: str
    holds: bool | None
    margin: float
    where: tuple[float, ...]
    certified: bool


def decreasing(function: AngularFunction, points: int = 1001) -> Finding:
    """Check that f decreases strictly on a grid of [0, π] (Lemma 4.2).

    In ball arithmetic where the function allows it: the differences on the grid are then
    certified (between the grid's points nothing is).
    """
    grid = np.linspace(0, np.pi, points)[:-1]
    certified = function.provable
    if certified:
        with precision(256):
            values = [function.ball(arb(t)) for t in grid.tolist()]
            balls = [left - right for left, right in pairwise(values)]
        drops = np.array([float(ball.mid()) for ball in balls])
        sure = all(ball > 0 or ball <= 0 for ball in balls)
    else:
        drops, sure = -np.diff(function.values(grid)), True
    worst = int(drops.argmin())
    return Finding(
        "f is strictly decreasing on [0, π]",
        bool(drops[worst] > 0) if sure else None,
        float(drops[worst]),
        (float(grid[worst]),),
        certified=certified and sure,
    )


def end_values(function: AngularFunction) -> tuple[float, float]:
    """Return f(0) and f(π) (π and 0 for the paper's f, Lemma 4.2)."""
    first, last = function.values(np.array([0.0, np.pi])).tolist()
    return first, last


def product_inequality(function: AngularFunction, points: int = 160) -> Finding:
    """Check f(α)f(β) > f(α + β)f(0) on a grid of α, β > 0, α + β < π (Lemma 4.3).

    The margin is divided by sin α sin β, which takes out its zeros on the border.
    """
    grid = np.linspace(0, np.pi, points + 1)[1:-1]
    alpha, beta = np.meshgrid(grid, grid, indexing="ij")
    inside = alpha + beta < np.pi - 1e-9
    a, b = alpha[inside], beta[inside]
    f = function.values
    excess = f(a) * f(b) - f(a + b) * float(f(np.zeros(1))[0])
    margins = excess / (np.sin(a) * np.sin(b))
    worst = int(margins.argmin())
    within_noise = abs(margins[worst]) <= 1e-12 * np.abs(f(grid)).max() ** 2
    return Finding(
        "f(α)f(β) > f(α + β)f(0) for α, β, α + β in (0, π)",
        None if within_noise else bool(margins[worst] > 0),
        float(margins[worst]),
        (float(a[worst]), float(b[worst])),
        certified=False,
    )


def log_concavity_defect(distances: Array) -> Array:
    """Return f′² − f f″ of the paper's f, computed from f, f′ and f″ (see the module).

    It equals (π − θ)² − sin² θ, which is positive on [0, π): a proof of Lemma 4.3.
    """
    u = np.pi - distances
    sine, cosine = np.sin(distances), np.cos(distances)
    defect: Array = (u * sine) ** 2 - (sine + u * cosine) * (sine - u * cosine)
    return defect


def positive_definite(
    function: AngularFunction, angles: Sequence[float] | Array
) -> Finding:
    """Prove or refute M ≻ 0 at ``angles`` by its pivots in ball arithmetic.

    Lemma 4.5 says M ≻ 0 for f = π − θ without antipodal pairs; Definition 5.7 asks it of
    a PAD function. The margin is the least pivot of the elimination (det M_{1..k} over
    det M_{1..k−1}), or the least eigenvalue for a plain callable.
    """
    theta = checked_angles(angles)
    statement = "M is positive definite"
    if not function.provable:
        matrix, _ = associated(function, theta[:, None])
        least = float(np.linalg.eigvalsh(matrix[:, :, 0])[0])
        return Finding(
            statement, least > 0, least, tuple(theta.tolist()), certified=False
        )
    rank = function.series.rank if function.series else None
    if len(set(theta.tolist())) < len(theta) or (
        rank is not None and rank < len(theta)
    ):
        return Finding(statement, False, 0.0, tuple(theta.tolist()), certified=True)
    with precision(512):
        steps = pivots([row[:-1] for row in ball_matrix(function, theta.tolist())])
        least = min(float(pivot.mid()) for pivot in steps)
        if all(pivot > 0 for pivot in steps):
            holds: bool | None = True
        else:
            holds = False if any(pivot < 0 for pivot in steps) else None
    return Finding(statement, holds, least, tuple(theta.tolist()), holds is not None)


def quadratic_form(function: AngularFunction, weights: Array) -> float:
    """Return ΣΣ h_i K(x_i, x_j) h_j (2π/n)² on n equal steps: Definition 5.2's integral.

    ``weights`` holds h at x_i = 2πi/n, shape (n,); the sum is a circular convolution.
    """
    count = len(weights)
    grid = 2 * np.pi * np.arange(count) / count
    kernel = function.values(np.minimum(grid, 2 * np.pi - grid).clip(0, np.pi))
    smooth = np.fft.irfft(np.fft.rfft(kernel) * np.fft.rfft(weights), count)
    return float(weights @ smooth * (2 * np.pi / count) ** 2)

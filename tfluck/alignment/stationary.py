"""Critical points of the loss with one teacher (or several): find them, name them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator

from .descent import VANISHED
from .geometry import Array, angles_between, norms
from .loss import population_loss, weight_gradient

#: aligned: zero loss, every student that has not vanished on a teacher.
#: antipodal: zero loss, but some student opposite a teacher.
#: stationary: the gradient vanishes at positive loss (impossible for one teacher).
#: vanished: all students are (nearly) zero, where the loss has no gradient.
#: open: the solver did not reach a critical point.
Kind: TypeAlias = Literal["aligned", "antipodal", "stationary", "vanished", "open"]

#: Gradient and loss below which a point counts as critical, and as of zero loss.
CRITICAL, ZERO_LOSS = 1e-8, 1e-6
#: Weights a start may have: a step solves a system of so many equations.
MOST_UNKNOWNS = 400
#: Steps of the solver per start.
ROUNDS = 200
#: At a gradient of size g the angles are only determined to about g^{1/3}.
ALIGNED = 0.03


@dataclass(frozen=True)
class CriticalPoint:
    """One end point of the solver, students (m, d) and what they are."""

    students: Array = field(repr=False)
    kind: Kind
    loss: float
    gradient: float
    max_angle: float
    length_error: float
    flat_directions: int
    negative_directions: int


@dataclass(frozen=True)
class Survey:
    """All end points, from ``starts`` random starts."""

    points: tuple[CriticalPoint, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many end points there are of each kind."""
        return dict(Counter(point.kind for point in self.points))


def hessian(students: Array, teachers: Array, step: float = 1e-5) -> Array:
    """Return the Hessian of ℓ in all student weights by central differences, (md, md)."""
    flat = students.ravel()
    columns = []
    for k in range(flat.size):
        shift = np.zeros_like(flat)
        shift[k] = step
        up = weight_gradient((flat + shift).reshape(students.shape), teachers)
        down = weight_gradient((flat - shift).reshape(students.shape), teachers)
        columns.append((up - down).ravel() / (2 * step))
    matrix = np.array(columns)
    symmetric: Array = (matrix + matrix.T) / 2
    return symmetric


def classify(students: Array, teachers: Array) -> CriticalPoint:
    """Name the point ``students`` (m, d) for ``teachers`` (k, d).

    The curvature is that of the students that have not vanished.
    """
    lengths = norms(students)
    alive = lengths > VANISHED * norms(teachers).max()
    gradient = float(np.linalg.norm(weight_gradient(students, teachers)))
    loss = population_loss(students, teachers)
    nearest = angles_between(students[alive], teachers).angle.min(
        axis=1, initial=np.inf
    )
    largest = float(nearest.max(initial=0.0))
    curvatures = (
        np.linalg.eigvalsh(hessian(students[alive], teachers))
        if alive.any()
        else np.empty(0)
    )
    return CriticalPoint(
        students=students,
        kind=_kind(bool(alive.any()), loss, gradient, largest),
        loss=loss,
        gradient=gradient,
        max_angle=largest,
        length_error=float(abs(lengths.sum() - norms(teachers).sum())),
        flat_directions=int((np.abs(curvatures) <= 1e-4).sum()),
        negative_directions=int((curvatures < -1e-4).sum()),
    )


def _kind(any_alive: bool, loss: float, gradient: float, largest: float) -> Kind:
    if not any_alive:
        return "vanished"
    if gradient > CRITICAL:
        return "open"
    if loss > ZERO_LOSS:
        return "stationary"
    return "aligned" if largest < ALIGNED else "antipodal"


def survey(
    m: int,
    starts: int,
    seed: int = 0,
    teachers: Array | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Survey:
    """Solve ∇ℓ = 0 by Levenberg–Marquardt from ``starts`` random starts.

    ``teachers`` (k, d) default to one unit teacher in the plane.

    Raises:
        BadInput: m or starts below 1, or more weights than can be solved for.
    """
    from scipy.optimize import least_squares

    if m < 1 or starts < 1:
        raise BadInput(f"m and the number of starts must be at least 1: {m}, {starts}.")
    teachers = np.array([[1.0, 0.0]]) if teachers is None else teachers
    if m * teachers.shape[1] > MOST_UNKNOWNS:
        raise BadInput(
            f"{m} students have {m * teachers.shape[1]} weights to solve for; at most "
            f"{MOST_UNKNOWNS} are solved for in reasonable time."
        )
    random = generator(seed, "align-stationary", m)
    shape, points = (m, teachers.shape[1]), []
    for _ in range(starts):
        start = random.standard_normal(shape) * 10.0 ** random.uniform(-1.5, 0.5)
        answer = least_squares(
            lambda flat: weight_gradient(flat.reshape(shape), teachers).ravel(),
            start.ravel(),
            jac=lambda flat: hessian(flat.reshape(shape), teachers, 1e-7),
            method="lm",
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
            max_nfev=ROUNDS,
        )
        points.append(classify(answer.x.reshape(shape), teachers))
        progress(1)
    return Survey(tuple(points))

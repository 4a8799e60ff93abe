"""Gradient flow w_i′ = −∂ℓ/∂w_i of one teacher, and the proved bounds on its loss.

Theorems B0 to B6 of docs/alignment.md. The loss has no gradient where a student is zero.
The convention here is that of code whose ReLU′(0) is 0: a student that reaches 0 is
removed. That is a choice, not a consequence of the word "flow".
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tfluck.foundations.errors import BadInput

from .descent import measure
from .geometry import Array, angles_between, checked_size, kernel, norms
from .loss import population_loss, weight_gradient

#: A student this much shorter than the teacher is dead.
DEAD = 1e-9
#: Relative tolerance of the integrator.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Bounds:
    """What B3 and B5 promise from one start.

    Attributes:
        start: ℓ(0).
        length: r_0.
        reach: A_0 = min(a_max(0), a_*), a the angle from the antipode: by B2 some
            student stays that far from it.
        constant: C = r_0 + 2√ℓ(0) + π r_0/(A_0 − sin A_0).
    """

    start: float
    length: float
    reach: float
    constant: float

    def first(self, t: Array) -> Array:
        """Return B3: ℓ(t) ≤ 1/(1/ℓ(0) + 4t/C²)."""
        return np.asarray(1 / (1 / self.start + 4 * t / self.constant**2))

    def second(self, t: Array, since: float, loss: float) -> Array:
        """Return B5 from ``since`` on, where the loss was ``loss`` ≤ r_0²/(36π)."""
        slow = (t - since) / (1323 * self.length ** (2 / 3))
        return np.asarray((loss ** (-1 / 3) + slow) ** -3)


def bounds(students: Array, teacher: Array) -> Bounds:
    """Return the constants of B3 and B5 for a start (m, d).

    Raises:
        BadInput: a student is zero, or all are exactly opposite the teacher: then they
            shrink to nothing and the loss tends to r_0²/4.
    """
    length = float(np.linalg.norm(teacher))
    if not length or (norms(students) == 0).any():
        raise BadInput("The bounds are about nonzero students and a nonzero teacher.")
    loss = max(population_loss(students, teacher[None]), 0.0)
    away = float(angles_between(students, teacher[None]).supplement.max())
    if away == 0:
        raise BadInput(
            "All students are exactly opposite the teacher: they shrink to nothing, and "
            "the loss tends to a quarter of the teacher's squared length."
        )
    most = length + 2 * math.sqrt(math.pi * loss)
    reach = min(away, math.pi / 4, (7 * length / (8 * most)) ** (1 / 3))
    constant = length + 2 * math.sqrt(loss) + math.pi * length / _slack(reach)
    return Bounds(loss, length, reach, constant)


def _slack(a: float) -> float:
    """Return a − sin a, to full precision near 0."""
    return a**3 / 6 * (1 - a * a / 20) if a < 1e-2 else a - math.sin(a)


@dataclass(frozen=True)
class Flow:
    """A trajectory at some times, with the proved bounds.

    Attributes:
        times, losses: shape (n,), from t = 0 on.
        first: the bound of B3, shape (n,).
        second: that of B5 once ℓ ≤ r_0²/(36π), infinite before; shape (n,).
        deaths: how many students reached 0.
        least_reach: the least seen of a_max(t)/A_0, which B2 says is at least 1.
        students: the living ones at the end (m′, d).
    """

    times: Array
    losses: Array
    first: Array
    second: Array
    deaths: int
    least_reach: float
    students: Array = field(repr=False)

    @property
    def bound(self) -> Array:
        """Return the lesser of both bounds, shape (n,)."""
        return np.minimum(self.first, self.second)

    @property
    def worst(self) -> float:
        """Return max ℓ(t)/bound(t), t > 0; above 1 a theorem or the integrator is wrong."""
        return float((self.losses / self.bound)[1:].max())

    @property
    def cube(self) -> float:
        """Return t³ℓ(t) at the end; B5 says its lim sup is at most 149.9 r_0²."""
        return float(self.times[-1] ** 3 * self.losses[-1])


def _checked_times(students: Array, teacher: Array, end: float, points: int) -> Array:
    checked_size(len(students) + 1, students.shape[1])
    if not 0 < end <= 1e9 or not 2 <= points <= 10_000:
        raise BadInput(
            f"The time must be in (0, 1e9] and the points 2 to 10000: {end:g}, {points}."
        )
    first = min(1e-2, end / 10)
    return np.concatenate([[0.0], np.geomspace(first, end, points - 1)])


def flow(
    students: Array,
    teacher: Array,
    end: float,
    points: int = 60,
    progress: Callable[[int], object] = lambda done: None,
    tolerance: float = TOLERANCE,
) -> Flow:
    """Integrate the flow of ``students`` (m, d) up to time ``end``.

    SciPy's LSODA chooses its steps and its stiffness; a student that comes within
    ``DEAD`` of 0 stops it and is removed.

    Raises:
        BadInput: as :func:`bounds`, or senseless times.
    """
    promised = bounds(students, teacher)
    times = _checked_times(students, teacher, end, points)
    alive, losses, reaches, deaths, now = students.copy(), [], [], 0, 0.0
    for k, time in enumerate(times.tolist()):
        while now < time and len(alive):
            alive, now, died = _advance(alive, teacher, now, time, tolerance)
            deaths += died
        losses.append(population_loss(alive, teacher[None]))
        reaches.append(_reach(alive, teacher))
        if k:
            progress(1)
    return _summary(
        promised, times, np.array(losses), deaths, min(reaches) / promised.reach, alive
    )


def _reach(students: Array, teacher: Array) -> float:
    return float(angles_between(students, teacher[None]).supplement.max(initial=0.0))


def _advance(
    students: Array, teacher: Array, now: float, end: float, tolerance: float
) -> tuple[Array, float, int]:
    """Integrate to ``end``, or to the first death; return students, time, deaths."""
    from scipy.integrate import solve_ivp

    shape, threshold = students.shape, DEAD * float(np.linalg.norm(teacher))

    def slope(_: float, flat: Array) -> Array:
        return -weight_gradient(flat.reshape(shape), teacher[None]).ravel()

    def death(_: float, flat: Array) -> float:
        return float(norms(flat.reshape(shape)).min() - threshold)

    vars(death).update(terminal=True, direction=-1)
    answer = solve_ivp(
        slope,
        (now, end),
        students.ravel(),
        method="LSODA",
        rtol=tolerance,
        atol=tolerance * threshold / DEAD * 1e-3,
        events=death,
    )
    if not answer.success:
        raise BadInput(
            f"The integrator gave up at t = {answer.t[-1]:g}: {answer.message}"
        )
    found = answer.y[:, -1].reshape(shape)
    kept = found[norms(found) > 2 * threshold]
    died = len(found) - len(kept) if answer.status == 1 else 0
    return (kept if died else found), float(answer.t[-1]), died


def descend_as_flow(
    students: Array, teacher: Array, end: float, rate: float, points: int = 60
) -> Flow:
    """Return gradient descent with step ``rate``, at times rate · steps, as a :class:`Flow`.

    B3 and B5 are proved for the flow; for descent B6 is, and near the solution only.

    Raises:
        BadInput: as :func:`flow`, or a rate that is not positive, or 10⁸ steps and more.
    """
    promised = bounds(students, teacher)
    times = _checked_times(students, teacher, end, points)
    if not 0 < rate <= end or end / rate > 1e8:
        raise BadInput(f"The rate {rate:g} makes no sense for a time of {end:g}.")
    wanted = np.unique(np.rint(times / rate).astype(np.int64))
    now, losses, reaches, students = 0, [], [], students.copy()
    for step in wanted.tolist():
        for _ in range(step - now):
            students -= rate * weight_gradient(students, teacher[None])
        now = step
        losses.append(population_loss(students, teacher[None]))
        reaches.append(_reach(students, teacher))
    least = min(reaches) / promised.reach
    steps = wanted.astype(np.float64) * rate
    return _summary(promised, steps, np.array(losses), 0, least, students)


def _summary(
    promised: Bounds,
    times: Array,
    losses: Array,
    deaths: int,
    least: float,
    students: Array,
) -> Flow:
    first, second = promised.first(times), np.full_like(times, np.inf)
    small = np.flatnonzero(losses <= promised.length**2 / (36 * math.pi))
    if small.size and losses[small[0]] > 0:
        k = small[0]
        after = slice(k + 1, None)
        since, there = float(times[k]), float(losses[k])
        second[after] = promised.second(times[after], since, there)
    return Flow(times, losses, first, second, deaths, least, students)


def slacks(students: Array, teacher: Array) -> dict[str, float]:
    """Return right over left of B0 (a) to (d), B3, B4 and the variant of B3.

    Each is at least 1 by theorem; one whose hypothesis fails is left out, and so are
    those whose left side is 0 or drowns in the rounding of the loss.
    """
    length, lengths = float(np.linalg.norm(teacher)), norms(students)
    loss = population_loss(students, teacher[None])
    scale = (length + lengths.sum()) ** 2
    if loss < 1e-10 * scale:
        return {}
    angles = angles_between(students, teacher[None])
    alpha, away = angles.angle[:, 0], float(angles.supplement.max())
    slope = float(np.linalg.norm(weight_gradient(students, teacher[None])))
    root = math.sqrt(math.pi * loss)
    lune = np.where(
        alpha < 1e-2,
        2 * alpha**3 / 3 * (1 - alpha**2 / 5),
        alpha - np.sin(2 * alpha) / 2,
    )
    sides = {
        "B0 (a)": (float(np.linalg.norm(students)), length + 2 * math.sqrt(loss)),
        "B0 (b)": (abs(float(lengths.sum()) - length), 2 * root),
        "B0 (c)": (float(lengths @ (2 * np.sin(alpha / 2) ** 2)), 4 * root),
        "B0 (d)": (float(lengths**2 @ lune), 4 * math.pi * loss),
        "B3": (
            2 * loss,
            slope * (length + 2 * math.sqrt(loss) + math.pi * length / _slack(away))
            if away
            else math.inf,
        ),
    }
    if loss <= length**2 / (36 * math.pi):
        sides["B4"] = (loss ** (2 / 3), 21 * length ** (1 / 3) * slope)
    share = 1 - 4 * loss / length**2
    if share > 0:
        nearest = angles_between(students[[int(alpha.argmin())]], teacher[None])
        sides["variant"] = (math.sqrt(math.pi * share), float(kernel(nearest)[0, 0]))
    return {name: right / left for name, (left, right) in sides.items() if left > 0}


def final_alignment(found: Flow, teacher: Array) -> float:
    """Return the largest angle to the teacher among students that have not vanished."""
    return measure(0, found.students, teacher[None]).max_angle

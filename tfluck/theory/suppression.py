"""Theorem 5: more students than teacher nodes, two layers, and what becomes of the rest.

Columns of W (students, n) and W* (teacher, m) have length 1, rows of V and V* are fan-outs,
all nodes have one bias, inputs are N(0, I). The u-set are the first m students, each
close to its own teacher node; the others, the r-set, are irrelevant. With the kernels of
:mod:`tfluck.theory.kernels`, h*_jj′ = d*_jj′ v_j·v*_j′ and h_jj′ = d_jj′ v_j·v_j′,

    Ẇ = P⊥ (W* H*ᵀ − W Hᵀ),    V̇ = L* V* − L V.

The theorem's theses are W_u → W*, V_u → V* and V_r → 0.

With W held still, V → L⁻¹ L* V* at the rate of L's smallest eigenvalue; if W_u = W* that
limit is [V*; 0], whatever the overlaps: the robust core of the theorem.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput, Diverged
from tfluck.theory.kernels import angles_between, psi_d, psi_l, unit_columns
from tfluck.theory.recovery import start_at

Array = NDArray[np.float64]
#: A fan-out of this size will not come back.
TOO_LARGE = 1e6


@dataclass(frozen=True)
class TwoLayer:
    """A teacher and a student: ``w`` is ``[d, nodes]``, ``v`` is ``[nodes, outputs]``."""

    teacher_w: Array
    teacher_v: Array
    w: Array
    v: Array
    bias: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no over-parameterised pair.

        Raises:
            BadInput: shapes do not fit, a number is not finite, or there are too few nodes.
        """
        m, n = self.teacher_w.shape[1], self.w.shape[1]
        fits = (
            self.teacher_w.shape[0] == self.w.shape[0]
            and self.teacher_v.shape[0] == m
            and self.v.shape == (n, self.teacher_v.shape[1])
        )
        if not fits or not 1 <= m <= n:
            raise BadInput(
                "Theorem 5 needs at least as many students as teacher nodes."
            )
        arrays = (self.teacher_w, self.teacher_v, self.w, self.v, np.array(self.bias))
        if not all(np.isfinite(array).all() for array in arrays):
            raise BadInput("Weights and biases must be finite numbers.")

    @property
    def relevant(self) -> int:
        """Return m, the size of the u-set."""
        return self.teacher_w.shape[1]

    def kernels(self) -> tuple[Array, Array, Array, Array]:
        """Return D*, D ``[n, m], [n, n]`` and L*, L of the same shapes."""
        cross = angles_between(self.w, self.teacher_w)
        own = angles_between(self.w, self.w)
        np.fill_diagonal(own, 0)
        b = self.bias
        return psi_d(cross, b), psi_d(own, b), psi_l(cross, b), psi_l(own, b)

    def flow(self) -> tuple[Array, Array]:
        """Return P⊥ Ẇ and V̇."""
        d_cross, d, l_cross, l = self.kernels()  # noqa: E741
        h_cross, h = d_cross * (self.v @ self.teacher_v.T), d * (self.v @ self.v.T)
        pull = self.teacher_w @ h_cross.T - self.w @ h.T
        pull = pull - self.w * (self.w * pull).sum(axis=0)
        return pull, l_cross @ self.teacher_v - l @ self.v

    def step(self, rate: float, *, frozen: bool = False) -> "TwoLayer":
        """Take one Euler step and scale the columns of W to length 1."""
        pull, change = self.flow()
        w = self.w if frozen else unit_columns(self.w + rate * pull)
        return replace(self, w=w, v=self.v + rate * change)

    def sines(self) -> Array:
        """Return sin θ_j of the u-set, ``[m]``, precise near 0."""
        unit = self.w[:, : self.relevant]
        along = (unit * self.teacher_w).sum(axis=0)
        return np.asarray(np.linalg.norm(unit - self.teacher_w * along, axis=0))

    def slowest(self) -> float:
        """Return the smallest eigenvalue of L, V's rate with W held still."""
        return float(np.linalg.eigvalsh(self.kernels()[3])[0])


@dataclass(frozen=True)
class Suppression:
    """A simulated course.

    Attributes:
        steps: at which the student was looked at, ``[times]``.
        sines: sin θ_j of the u-set, ``[times, m]``.
        errors: |v_j − v*_j| of the u-set, ``[times, m]``.
        fan_out: |v_j| of all students, ``[times, n]``.
        moved: |w_j − w_j(0)| of the r-set, ``[times, n − m]``.
        last: the student at the end.
        rate: η.
    """

    steps: NDArray[np.int64]
    sines: Array
    errors: Array
    fan_out: Array
    moved: Array
    last: TwoLayer
    rate: float

    @property
    def relevant(self) -> Array:
        """Return the u-set's fan-outs, ``[times, m]``."""
        return self.fan_out[:, : self.sines.shape[1]]

    @property
    def irrelevant(self) -> Array:
        """Return the r-set's fan-outs, ``[times, n − m]``."""
        return self.fan_out[:, self.sines.shape[1] :]

    def decay(self, values: Array, share: float = 0.5) -> float | None:
        """Return r of values ← (1 − η r) values over the last ``share`` of the course.

        None if they are zero or there are too few looks.
        """
        late = np.flatnonzero(
            (self.steps >= (1 - share) * self.steps[-1]) & (values > 1e-13)
        )
        if len(late) < 2:
            return None
        first, last = late[[0, -1]]
        ratio = values[last] / values[first]
        per_step = ratio ** (1 / (self.steps[last] - self.steps[first]))
        return float((1 - per_step) / self.rate)


@dataclass(frozen=True)
class Split:
    """The fan-outs of a course, students split anew into two sets."""

    steps: NDArray[np.int64]
    relevant: Array
    irrelevant: Array


def split(course: Suppression, relevant: NDArray[np.bool_]) -> Split:
    """Call the students ``relevant``, ``[n]``, the u-set."""
    return Split(
        course.steps, course.fan_out[:, relevant], course.fan_out[:, ~relevant]
    )


def course(
    start: TwoLayer, *, steps: int, rate: float, frozen: bool = False
) -> Iterator[TwoLayer]:
    """Yield the student at steps 0, 1, …, ``steps``."""
    here = start
    yield here
    for _ in range(steps):
        here = here.step(rate, frozen=frozen)
        yield here


def suppress(
    start: TwoLayer,
    *,
    steps: int,
    rate: float,
    every: int = 10,
    frozen: bool = False,
    advance: Callable[[int], object] = lambda count: None,
) -> Suppression:
    """Follow Theorem 5's dynamics by Euler steps of size ``rate``, looking ``every`` steps.

    Raises:
        Diverged: the rate is too large.
    """
    m, looks = start.relevant, []
    here = start
    for at, here in enumerate(course(start, steps=steps, rate=rate, frozen=frozen)):
        if not np.abs(here.v).max() < TOO_LARGE:
            raise Diverged(f"V left every bound at step {at}: use a smaller rate.", at)
        advance(min(at, 1))  # the start is no step
        if at % every == 0 or at == steps:
            looks.append(
                (
                    at,
                    here.sines(),
                    np.linalg.norm(here.v[:m] - here.teacher_v, axis=1),
                    np.linalg.norm(here.v, axis=1),
                    np.linalg.norm(here.w[:, m:] - start.w[:, m:], axis=0),
                )
            )
    columns = (np.array(column) for column in zip(*looks, strict=True))
    steps_seen, sines, errors, fan_out, moved = columns
    return Suppression(steps_seen, sines, errors, fan_out, moved, here, rate)


def separated(
    m: int,
    n: int,
    *,
    angle: float,
    bias: float,
    spread: float,
    size: float,
    draw: np.random.Generator,
    dim: int | None = None,
) -> TwoLayer:
    """Return an instance made for the theorem: W* and W_r(0) orthonormal, V* = 1.

    Args:
        m, n: teacher nodes and students.
        angle: θ_j at the start, all the same.
        bias: of every node.
        spread: |v_j − v*_j| of the u-set at the start.
        size: |v_j| of the r-set at the start.
        draw: chooses directions.
        dim: inputs; n + 2 unless given.
    """
    inputs = n + 2 if dim is None else dim
    if inputs < n or m > n:
        raise BadInput("Separated weights need m ≤ n and at least n dimensions.")
    if not 0 <= angle < np.pi / 2:
        raise BadInput(f"θ₀ must be a finite angle in [0, π/2), not {angle!r}.")
    basis = np.eye(inputs)[:, :n]
    # Away from all others' directions, so that the initial angles are what was asked for.
    apart = draw.normal(size=(inputs, m))
    apart[:n] = 0
    if inputs > n:
        across = unit_columns(apart)
        w_u = np.cos(angle) * basis[:, :m] + np.sin(angle) * across
    else:
        w_u = start_at(basis[:, :m], angle, draw)
    noise = unit_columns(draw.normal(size=(m, n))).T  # unit rows
    scale = np.where(np.arange(n) < m, spread, size)[:, None]
    v = scale * noise + np.vstack([np.eye(m), np.zeros((n - m, m))])
    return TwoLayer(basis[:, :m], np.eye(m), np.hstack([w_u, basis[:, m:]]), v, bias)


def random_pair(
    inputs: int,
    m: int,
    outputs: int,
    n: int,
    draw: np.random.Generator,
    *,
    noise: float | None = None,
    bias: float = 0.0,
) -> TwoLayer:
    """Return a random teacher and a random student, or one that is the teacher + noise.

    With ``noise`` the student starts at [teacher, 0] plus normal noise of that size in
    every weight, as the authors' script does with ``perturb``.
    """
    teacher_w = unit_columns(draw.normal(size=(inputs, m)))
    teacher_v = unit_columns(draw.normal(size=(m, outputs)))
    near = 0.0 if noise is None else 1.0
    size = 1.0 if noise is None else noise
    w = near * np.hstack([teacher_w, np.zeros((inputs, n - m))])
    v = near * np.vstack([teacher_v, np.zeros((n - m, outputs))])
    w = unit_columns(w + size * draw.normal(size=w.shape))
    v = v + size * draw.normal(size=v.shape)
    if noise is None:
        v = unit_columns(v)
    return TwoLayer(teacher_w, teacher_v, w, v, bias)


def group_by_teacher(similarity: Array, threshold: float) -> NDArray[np.int64]:
    """Return whose node each student is, ``[n]``; −1 where it is nobody's.

    Several students may belong to one teacher node (many-to-one, section 3.3).

    Args:
        similarity: of teacher node and student, ``[m, n]``: cosines or correlations.
        threshold: below it a student is nobody's.
    """
    best = similarity.argmax(axis=0)
    return np.where(similarity.max(axis=0) >= threshold, best, -1)


def grouped_fan_out(v: Array, owner: NDArray[np.int64], m: int) -> Array:
    """Return the summed fan-out of each teacher node's students, ``[m, outputs]``."""
    found = np.zeros((m, v.shape[1]))
    np.add.at(found, owner[owner >= 0], v[owner >= 0])
    return found

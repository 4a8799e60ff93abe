"""Gradient descent on the exact population loss, or on fresh Gaussian batches (Figure 1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from tfluck.foundations.errors import BadInput, Diverged

from .forced import is_alignment_forced
from .geometry import Array, angles_between, checked_size, norms
from .loss import (
    population_gradient,
    population_loss,
    sampled_gradient,
    weight_gradient,
)

Method: TypeAlias = Literal["population", "sgd"]

#: Students shorter than this share of the longest teacher have vanished: they add nothing
#: to the output, and their direction is an accident.
VANISHED = 1e-3
#: A student counts as aligned within this angle of a teacher, in radians.
ALIGNED = 0.01


@dataclass(frozen=True)
class Snapshot:
    """The students (n, d) after ``step`` steps, their loss, and how far from teachers.

    ``max_angle`` and ``median_angle`` are angles to the nearest teacher over students that
    have not vanished; ``max_angle_mod_pi`` is to the nearest teacher line;
    ``aligned_fraction`` is the share of the total length within ``ALIGNED`` of a teacher.
    ``outputs`` are the students' output weights (n,) where they were trained.
    """

    step: int
    students: Array = field(repr=False)
    loss: float
    max_angle: float
    median_angle: float
    max_angle_mod_pi: float
    aligned_fraction: float
    outputs: Array | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Descent:
    """A run: its snapshots in order of steps, and whether zero loss forces alignment."""

    teachers: Array = field(repr=False)
    snapshots: tuple[Snapshot, ...]
    forced: bool

    @property
    def final(self) -> Snapshot:
        """Return the last snapshot."""
        return self.snapshots[-1]


def measure(
    step: int, students: Array, teachers: Array, outputs: Array | None = None
) -> Snapshot:
    """Return the loss and the alignment of ``students``, vanished neurons left out.

    With output weights v a student counts by |v_i||w_i|, its share of the output.
    """
    lengths = norms(students) if outputs is None else np.abs(outputs) * norms(students)
    angles = angles_between(students, teachers)
    nearest = angles.angle.min(axis=1)
    line = np.minimum(angles.angle, angles.supplement).min(axis=1)
    counted = lengths > VANISHED * norms(teachers).max()
    if not counted.any():
        counted[:] = True
    total = float(lengths[counted].sum())
    aligned = float(lengths[counted & (nearest < ALIGNED)].sum())
    return Snapshot(
        step=step,
        students=students.copy(),
        loss=population_loss(students, teachers, outputs),
        outputs=None if outputs is None else outputs.copy(),
        max_angle=float(nearest[counted].max()),
        median_angle=float(np.median(nearest[counted])),
        max_angle_mod_pi=float(line[counted].max()),
        aligned_fraction=aligned / total if total else 0.0,
    )


def initial_students(count: int, dimension: int, scale: float, seed: int) -> Array:
    """Return Gaussian students of standard deviation ``scale``, shape (count, dimension)."""
    if count < 1:
        raise BadInput(f"At least one student is needed; {count} were asked for.")
    checked_size(count, dimension)
    return np.random.default_rng(seed).normal(0.0, scale, (count, dimension))


def descend(
    teachers: Array,
    students: Array,
    steps: int,
    learning_rate: float,
    snapshots: Sequence[int] = (),
    method: Method = "population",
    batch: int = 64,
    seed: int = 0,
    progress: Callable[[int], object] = lambda step: None,
    outputs: Array | None = None,
) -> Descent:
    """Train ``students`` (n, d) on ``teachers`` (k, d), the teachers' output weights 1.

    The students' output weights are 1 as well, unless ``outputs`` (n,) are given: then
    they are trained with the same rate, by the population gradient.

    With n students on one teacher the largest curvature is n/2, so learning rates below
    4/n are stable. Snapshots are taken at the steps asked for and at the end; ``progress``
    hears of every hundredth step.

    Raises:
        BadInput: a negative number of steps, or a snapshot outside 0 … steps.
        Diverged: a weight is no longer finite (learning rate too large).
    """
    wanted = sorted({*snapshots, steps})
    if steps < 0 or wanted[0] < 0 or wanted[-1] > steps:
        raise BadInput(f"Snapshots must lie between 0 and {steps} steps.")
    checked_size(len(students) + len(teachers), teachers.shape[1])
    forced = is_alignment_forced(teachers)
    random = np.random.default_rng([seed, 1])
    if outputs is not None and method == "sgd":
        raise BadInput("Output weights are trained by the population gradient only.")
    students, taken = students.copy(), []
    trained = None if outputs is None else outputs.copy()
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is reported by name
        for step in range(steps + 1):
            if step in wanted:
                taken.append(measure(step, students, teachers, trained))
            if step == steps:
                break
            if trained is not None:
                both = population_gradient(students, teachers, trained)
                gradient = both.weights
                trained -= learning_rate * both.outputs
            elif method == "sgd":
                inputs = random.standard_normal((batch, students.shape[1]))
                gradient = sampled_gradient(students, teachers, inputs)
            else:
                gradient = weight_gradient(students, teachers)
            students -= learning_rate * gradient
            if step % 100 == 0 or step + 1 in wanted:
                _refuse_divergence(students, step + 1, learning_rate)
            if step % 100 == 0:
                progress(step)
    return Descent(teachers, tuple(taken), forced)


def _refuse_divergence(students: Array, step: int, learning_rate: float) -> None:
    if not np.isfinite(students).all() or np.abs(students).max() > 1e12:
        raise Diverged(
            f"The students diverged by step {step} at learning rate {learning_rate:g}; "
            f"below {4 / len(students):.2g} (4 over the number of students) is stable.",
            step,
        )

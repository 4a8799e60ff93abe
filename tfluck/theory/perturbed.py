"""The authors' own experiment on Theorem 5: a perturbed teacher in a student twice as wide.

Layers have unit columns, biases included; the dynamics are Eq. 6 on fresh N(0, I) batches
(:func:`tfluck.theory.matrix_dynamics.descend`). Teachers have no biases.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.theory.matrix_dynamics import descend, normalized, unstacked
from tfluck.theory.nets import weight_gradients

Array = NDArray[np.float64]
#: Standard deviation of the noise in every weight at the start.
NOISE = 0.1


def unit_teacher(widths: Sequence[int], draw: np.random.Generator) -> list[Array]:
    """Return [W*; 0] of each layer, normal weights scaled to unit columns."""
    return [
        normalized(np.vstack([draw.normal(size=(below, above)), np.zeros((1, above))]))
        for below, above in itertools.pairwise(widths)
    ]


def perturbed_student(
    teacher: Sequence[Array], multiplier: int, draw: np.random.Generator
) -> list[Array]:
    """Return [teacher, 0] plus noise in every weight, hidden layers ``multiplier`` × wider.

    The first nodes of each hidden layer are the lucky ones.
    """
    found = []
    for at, w in enumerate(teacher):
        below, above = len(w) - 1, w.shape[1]
        rows = below if at == 0 else below * multiplier
        columns = above if at == len(teacher) - 1 else above * multiplier
        wide = np.zeros((rows + 1, columns))
        wide[:below, :above] = w[:-1]
        found.append(normalized(wide + NOISE * draw.normal(size=wide.shape)))
    return found


@dataclass(frozen=True)
class PerturbedCourse:
    """Fan-outs into the top layer as training goes on.

    Attributes:
        steps: ``[times]``.
        relevant: |v_j| of the m lucky nodes, ``[times, m]``.
        irrelevant: |v_j| of the others, ``[times, n − m]``.
        start, last: the students' weights before and after.
    """

    steps: NDArray[np.int64]
    relevant: Array
    irrelevant: Array
    start: list[Array]
    last: list[Array]


def perturbed_course(
    widths: Sequence[int],
    draw: np.random.Generator,
    *,
    steps: int,
    every: int,
    multiplier: int = 2,
    batch: int = 64,
    rate: float = 0.05,
    advance: Callable[[int], object] = lambda count: None,
) -> PerturbedCourse:
    """Train and look at the top layer's rows ``every`` steps."""
    teacher = unit_teacher(widths, draw)
    start = here = perturbed_student(teacher, multiplier, draw)
    looks = [(0, *_rows(here[-1], widths[-2]))]
    for at in range(every, steps + 1, every):
        here = descend(here, teacher, draw, steps=every, batch=batch, rate=rate)
        advance(every)
        looks.append((at, *_rows(here[-1], widths[-2])))
    return _course(looks, start, here)


def true_course(
    widths: Sequence[int],
    draw: np.random.Generator,
    *,
    steps: int,
    every: int,
    multiplier: int = 2,
    batch: int = 64,
    rate: float = 0.2,
) -> PerturbedCourse:
    """Do the same by plain SGD on ½‖·‖²: the true gradient, nothing normalised.

    With three layers Eq. 6 is too far from it to follow for long (T2).
    """
    teacher = unit_teacher(widths, draw)
    start = here = perturbed_student(teacher, multiplier, draw)
    labels = unstacked(teacher)
    looks = [(0, *_rows(here[-1], widths[-2]))]
    for at in range(1, steps + 1):
        x = draw.normal(size=(batch, widths[0]))
        flow = weight_gradients(unstacked(here), x, labels.activations(x)[-1])
        here = [w + rate * change for w, change in zip(here, flow, strict=True)]
        if at % every == 0:
            looks.append((at, *_rows(here[-1], widths[-2])))
    return _course(looks, start, here)


def _course(
    looks: list[tuple[int, Array, Array]], start: list[Array], last: list[Array]
) -> PerturbedCourse:
    at_steps, relevant, irrelevant = zip(*looks, strict=True)
    return PerturbedCourse(
        np.array(at_steps), np.array(relevant), np.array(irrelevant), start, last
    )


def _rows(top: Array, lucky: int) -> tuple[Array, Array]:
    lengths = np.linalg.norm(top[:-1], axis=1)
    return lengths[:lucky], lengths[lucky:]

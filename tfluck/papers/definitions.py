"""What the alignment paper defines, tried: functions, residuals, AD functions, ranks."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from tfluck.alignment import descend, initial_students, population_gradient
from tfluck.alignment.forced import separate_teachers
from tfluck.alignment.geometry import norms
from tfluck.angular import associated, named, spectrum_of
from tfluck.foundations.errors import Diverged
from tfluck.foundations.seeds import generator
from tfluck.papers.statistics import Array

Numbers: TypeAlias = dict[str, float | list[float | None] | None]
#: Inputs at which two networks are compared.
INPUTS = 100
#: Gradients below and above these are zero and are not.
ZERO, SOMETHING = 1e-12, 1e-6
#: Eigenvalues and singular values below this share of the largest are none.
ROUNDING = 1e-9


def functions(m: int, dim: int, trials: int) -> Numbers:
    """Compare what aligned students compute with their teacher, relative to its largest."""
    random, error = generator(0, "claim-functions", m, dim), 0.0
    for _ in range(trials):
        students, teacher = _aligned(random, m, dim)
        x = random.normal(size=(INPUTS, dim))
        ours, wanted = _computed(x, students), _computed(x, teacher)
        error = max(error, float(np.abs(ours - wanted).max() / wanted.max()))
    return {"error": error}


def _aligned(random: np.random.Generator, m: int, dim: int) -> tuple[Array, Array]:
    teacher = random.normal(size=(1, dim))
    return random.dirichlet(np.ones(m))[:, None] * teacher, teacher


def _computed(x: Array, weights: Array) -> Array:
    return np.asarray(np.maximum(x @ weights.T, 0).sum(axis=1))


def residuals(m: int, dim: int, trials: int) -> Numbers:
    """Count aligned students with a residual, and random ones without."""
    random, wrong = generator(0, "claim-residuals", m, dim), 0
    for _ in range(trials):
        wrong += max(_parts(*_aligned(random, m, dim))) > ZERO
        students, teacher = random.normal(size=(m, dim)), random.normal(size=(1, dim))
        wrong += max(_parts(students, teacher)) < SOMETHING
    return {"wrong": wrong}


def _parts(students: Array, teacher: Array) -> tuple[float, float]:
    """Return the largest radial and tangential part of the students' gradients."""
    found = population_gradient(students, teacher).weights
    directions = students / norms(students)[:, None]
    radial = (found * directions).sum(axis=1)
    tangential = found - radial[:, None] * directions
    return float(np.abs(radial).max()), float(norms(tangential).max())


def told_apart(ad: Sequence[str], others: Sequence[str], m: int, draws: int) -> Numbers:
    """Count functions that coefficients misjudge, or whose matrices say otherwise."""
    wrong = 0
    for name in (*ad, *others):
        expected = name in ad
        negative = _least(name, m, draws) < -ROUNDING
        wrong += spectrum_of(named(name)).ad != ("yes" if expected else "no")
        wrong += negative == expected
    return {"wrong": wrong}


def _least(name: str, m: int, draws: int) -> float:
    """Return the least eigenvalue of matrices at random angles, over the largest."""
    values = np.linalg.eigvalsh(_matrices(name, m, draws))
    return float((values[:, 0] / values[:, -1]).min())


def _matrices(name: str, m: int, draws: int) -> Array:
    """Return M at ``draws`` random sets of angles, ``[draws, m, m]``."""
    angles = generator(0, "claim-matrices", m).uniform(0, 2 * np.pi, (m, draws))
    matrix, _ = associated(named(name), np.sort(angles, axis=0))
    return np.moveaxis(matrix, -1, 0)


def ranks(function: str, rank: int, sizes: Sequence[int], draws: int) -> Numbers:
    """Count matrices whose rank is not the least of ``rank`` and their size."""
    wrong = 0
    for m in sizes:
        values = np.linalg.svd(_matrices(function, m, draws), compute_uv=False)
        found = (values > ROUNDING * values[:, :1]).sum(axis=1)
        wrong += int((found != min(rank, m)).sum())
    return {"wrong": wrong}


def stuck(
    *,
    teachers: int,
    students: int,
    dim: int,
    steps: int,
    rate: float,
    start: float,
    above: float,
    seeds: int,
) -> Numbers:
    """Tell for each start whether descent ends at a loss ``above`` this: 1, else 0.

    Teachers are orthonormal where there is room. A start that diverges has no number.
    """
    found: list[float | None] = []
    for seed in range(seeds):
        fixed = separate_teachers(teachers, dim, seed)
        begun = initial_students(students, dim, start, seed)
        try:
            loss = descend(fixed, begun, steps, rate).final.loss
        except Diverged:
            found.append(None)
            continue
        found.append(float(loss > above))
    return {"stuck": found}

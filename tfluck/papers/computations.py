"""What claims are judged by that need no run: calls of the library, by name.

Each returns numbers by their names: one alone, or a list with one for each seed. None says
that it could not be computed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from tfluck.alignment import (
    challenge,
    descend,
    initial_students,
    polar,
    population_gradient,
    population_loss,
    survey,
)
from tfluck.alignment.geometry import angles_between, kernel, norms
from tfluck.angular import named, sample, spectrum_of
from tfluck.angular.lemmas import decreasing, positive_definite, product_inequality
from tfluck.foundations.errors import BadInput, Diverged
from tfluck.foundations.seeds import generator
from tfluck.papers.definitions import functions, ranks, residuals, stuck, told_apart
from tfluck.papers.determinants import at_angles, proof, rational, search, surfaces
from tfluck.papers.set_ups import correlations, separated, setting
from tfluck.papers.statistics import Array, monotone

Numbers: TypeAlias = dict[str, float | list[float | None] | None]
#: Scale of random starts of descents.
START = 0.5


def gradient(m: int, dim: int, trials: int) -> Numbers:
    """Hold the gradient's formula against differences of the loss, relative errors.

    ``printed_error`` is that of the paper's constant, half of ours.
    """
    random, step = generator(0, "claim-gradient", m, dim), 1e-5
    errors: list[tuple[float, float]] = []
    for _ in range(trials):
        students, teachers = random.normal(size=(m, dim)), random.normal(size=(1, dim))
        formula = population_gradient(students, teachers).weights
        slopes = np.empty_like(students)
        for place in np.ndindex(m, dim):
            shift = np.zeros_like(students)
            shift[place] = step
            rise = population_loss(students + shift, teachers) - population_loss(
                students - shift, teachers
            )
            slopes[place] = rise / (2 * step)
        size = float(np.linalg.norm(slopes))
        wrong = [float(np.linalg.norm(c * formula - slopes)) / size for c in (1.0, 0.5)]
        errors.append((wrong[0], wrong[1]))
    corrected, printed = np.max(errors, axis=0).tolist()
    return {"corrected_error": corrected, "printed_error": printed}


def aligned(m: int, dim: int, trials: int) -> Numbers:
    """Measure the gradient where students are aligned, and what merging two changes."""
    random, residual, merged = generator(0, "claim-aligned", m, dim), 0.0, 0.0
    for _ in range(trials):
        teacher = random.normal(size=dim)
        shares = random.dirichlet(np.ones(m))[:, None]
        found = population_gradient(shares * teacher, teacher[None]).weights
        residual = max(residual, float(np.abs(found).max()))
        students = random.normal(size=(m, dim))
        students[1] = students[0] * random.uniform(0.1, 2.0)
        fewer = np.concatenate([students[:1] + students[1:2], students[2:]])
        apart = population_gradient(students, teacher[None]).weights
        together = population_gradient(fewer, teacher[None]).weights
        change = np.abs(np.delete(apart, 1, axis=0) - together).max()
        merged = max(merged, float(change))
    return {"residual": residual, "merge_error": merged}


def projection(m: int, trials: int) -> Numbers:
    """Compare 2π u_i·∂ℓ/∂w_i with Σ_j f(θ_ij) ρ_j − f(θ_i0) ρ_0 in the plane."""
    random, error = generator(0, "claim-projection", m), 0.0
    for _ in range(trials):
        students, teacher = random.normal(size=(m, 2)), random.normal(size=(1, 2))
        found = population_gradient(students, teacher).weights
        radial = 2 * np.pi * np.einsum("ij,ij->i", found, students) / norms(students)
        system = _f(students, students) @ norms(students)
        system -= _f(students, teacher) @ norms(teacher)
        error = max(error, float(np.abs(radial - system).max()))
    return {"error": error}


def _f(left: Array, right: Array) -> Array:
    return kernel(angles_between(left, right))


def inequality(m: int, dim: int, samples: int) -> Numbers:
    """Count violations of the loss-gradient inequality."""
    found = challenge(m, dim, samples)
    return {"violations": found.violations, "min_slack": found.min_slack}


def critical(m: int, starts: int) -> Numbers:
    """Count critical points that are not aligned; vanished students are none."""
    counts = survey(m, starts).counts
    wrong = counts.get("stationary", 0) + counts.get("antipodal", 0)
    solved = starts - counts.get("open", 0) - counts.get("vanished", 0)
    return {"non_trivial": wrong if solved else None, "solved": solved}


def descent(
    teachers: Sequence[float], students: int, steps: int, rate: float, seeds: int
) -> Numbers:
    """Descend on the population loss from random starts; a number for each."""
    fixed, shares, losses = polar(np.array(teachers)), [], []
    for seed in range(seeds):
        start = initial_students(students, 2, START, seed)
        final = descend(fixed, start, steps, rate).final
        shares.append(final.aligned_fraction)
        losses.append(final.loss)
    return {"aligned_fraction": list(shares), "loss": list(losses)}


def movement(widths: Sequence[int], steps: int, dim: int, seeds: int) -> Numbers:
    """Correlate ‖W − W₀‖/‖W₀‖ after descent with the width, for each start.

    The start's scale shrinks as 1/√width, so that all begin with outputs of a size.
    """
    taus: list[float | None] = []
    for seed in range(seeds):
        teacher = generator(seed, "claim-movement").normal(size=(1, dim))
        moved = [_moved(teacher, width, steps, seed) for width in widths]
        known = [one for one in moved if one is not None]
        taus.append(monotone(np.array(known)) if len(known) == len(moved) else None)
    return {"tau": taus}


def _moved(teacher: Array, width: int, steps: int, seed: int) -> float | None:
    start = initial_students(width, teacher.shape[1], 1 / np.sqrt(width), seed)
    try:
        end = descend(teacher, start, steps, 1.0 / width).final.students
    except Diverged:
        return None
    return float(np.linalg.norm(end - start) / np.linalg.norm(start))


def spectrum(function: str) -> Numbers:
    """Tell whether f is AD and PAD, and the margins of Lemmas 4.2 and 4.3."""
    f, answers = named(function), {"yes": 1.0, "no": 0.0}
    found = spectrum_of(f)
    falls, product = decreasing(f), product_inequality(f)
    return {
        "ad": answers.get(found.ad),
        "pad": answers.get(found.pad),
        "decreasing_margin": falls.margin if falls.holds is not None else None,
        "product_margin": product.margin,
    }


def definite(m: int, function: str, samples: int) -> Numbers:
    """Count random sets of angles at which M is not positive definite."""
    random, f = generator(0, "claim-definite", m), named(function)
    found = [
        positive_definite(f, np.sort(random.uniform(0, 2 * np.pi, m))).holds
        for _ in range(samples)
    ]
    return {"not_definite": found.count(False), "undecided": found.count(None)}


def signs(m: int, samples: int, turn: float = 1.0) -> Numbers:
    """Count random angles at which every det M_i is positive, on a share of the circle."""
    if turn == 1.0:
        found = sample(named("relu"), m, samples)
        return {"violated": found.violated, "undecided": found.undecided}
    from tfluck.papers.determinants import signs_within

    return signs_within(m, samples, turn)


COMPUTATIONS: Mapping[str, Callable[..., Numbers]] = {
    one.__name__: one
    for one in (
        *(gradient, aligned, projection, inequality, critical, descent, movement),
        *(spectrum, definite, signs, at_angles, proof, rational, search, surfaces),
        *(functions, residuals, told_apart, ranks, stuck),
        *(correlations, setting, separated),
    )
}
#: These take the number of seeds.
SEEDED = frozenset({"descent", "movement", "stuck"})
#: These load TensorFlow.
WITH_TENSORFLOW = frozenset({"separated"})


def compute(name: str, settings: Mapping[str, Any]) -> Numbers:
    """Call a computation by its name.

    Raises:
        BadInput: there is none, or it does not take these settings.
    """
    if name not in COMPUTATIONS:
        raise BadInput(f"No computation {name!r}; there are {', '.join(COMPUTATIONS)}.")
    try:
        return COMPUTATIONS[name](**settings)
    except TypeError as error:
        raise BadInput(f"The computation {name} cannot be called: {error}.") from error

"""Trying to break the loss-gradient inequality: random and adversarial configurations."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator

from .geometry import Array, angles_between, checked_size
from .theorem import Balance, balance

#: Rounding: a slack above −TOLERANCE of its terms' size counts as nonnegative.
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Trial:
    """Outcome of :func:`challenge`.

    Attributes:
        samples: configurations tried.
        identity_error: the largest |slack − identity| relative to the terms.
        min_slack: the least slack relative to the terms (rounding may push it below 0).
        min_gradient_bound: the least |∇ℓ|(|W| + b(1 + k)|w_0|) − 2ℓ, likewise.
        violations: configurations with a relative slack below −``TOLERANCE``.
        worst: students of the configuration with the least slack, shape (m, d).
    """

    samples: int
    identity_error: float
    min_slack: float
    min_gradient_bound: float
    violations: int
    worst: Array


def configuration(
    random: np.random.Generator, m: int, dimension: int
) -> tuple[Array, Array]:
    """Draw students (m, d) and a teacher (d,): generic, nearly aligned, or nearly opposed.

    Lengths spread over six decades, distances from (anti-)alignment over eight.
    """
    teacher = random.standard_normal(dimension) * 10.0 ** random.uniform(-2, 2)
    lengths = 10.0 ** random.uniform(-3, 3, (m, 1))
    generic = random.standard_normal((m, dimension))
    kind = (
        random.integers(3, size=(m, 1)) if random.random() < 0.7 else random.integers(3)
    )
    near = teacher / np.linalg.norm(teacher) * np.where(kind == 1, 1.0, -1.0)
    close = near + generic * 10.0 ** random.uniform(-8, 0, (m, 1))
    students = np.where(kind == 0, generic, close)
    return lengths * students / np.linalg.norm(students, axis=1, keepdims=True), teacher


def challenge(
    m: int,
    dimension: int,
    samples: int,
    seed: int = 0,
    progress: Callable[[int], object] = lambda done: None,
) -> Trial:
    """Evaluate identity and inequality at ``samples`` configurations.

    Nine tenths are drawn; the last tenth descends on the relative slack from the least
    one found.

    Raises:
        BadInput: m, dimension or samples below 1, or more neurons than fit.
    """
    if min(m, dimension, samples) < 1:
        raise BadInput("m, the dimension and the number of samples must be at least 1.")
    checked_size(m + 1, dimension)
    random = generator(seed, "align-inequality", m, dimension)
    identity_error, bound, violations = 0.0, np.inf, 0
    least, worst = np.inf, (np.zeros((m, dimension)), np.zeros(dimension))
    for number in range(samples):
        if number < 0.9 * samples or not np.isfinite(least):
            students, teacher = configuration(random, m, dimension)
        else:
            scale = 10.0 ** random.uniform(-6, -0.5)
            students = worst[0] * (1 + scale * random.standard_normal(worst[0].shape))
            teacher = worst[1]
        found = _safely(students, teacher, int(random.integers(m)))
        if found is None:
            continue
        slack = found.slack / found.scale
        identity_error = max(
            identity_error, abs(found.slack - found.identity) / found.scale
        )
        bound = min(bound, found.gradient_bound / found.scale)
        violations += slack < -TOLERANCE
        if slack < least:
            least, worst = slack, (students, teacher)
        if number % 100 == 99:
            progress(100)
    return Trial(samples, identity_error, least, bound, violations, worst[0])


def _safely(students: Array, teacher: Array, i: int) -> Balance | None:
    """Evaluate the balance, or None when student i is opposite up to rounding.

    There b exceeds any power of the precision, and both sides are rounding only.
    """
    supplement = angles_between(students[i][None], teacher[None]).supplement[0, 0]
    return balance(students, teacher, i) if supplement > 1e-7 else None

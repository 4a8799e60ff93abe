"""What claims ask of a run: courses of its numbers, student by student."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from tfluck.papers.claim import Claim
from tfluck.papers.evidence import Part
from tfluck.papers.statistics import Array, monotone
from tfluck.runs import Run, tidy_rows

#: (layer or None, metric) → epochs and values, both in the order of the epochs.
Courses: TypeAlias = Mapping[tuple[int | None, str], tuple[Array, Array]]
#: The metric against the teacher that the student never saw.
NULLS = {
    "mean_best_correlation": "null_mean_best_correlation",
    "mean_best_correlation_live": "null_mean_best_correlation_live",
}


def courses(run: Run) -> dict[int, Courses]:
    """Return the courses of every student of ``run``; what is not finite is NaN.

    Raises:
        Damaged: rows were changed or are lost.
    """
    gathered: dict[int, dict[tuple[int | None, str], dict[int, float]]] = {
        seed: {} for seed in run.seeds
    }
    for seed, row in tidy_rows(run):
        if row.split == "eval":
            value = np.nan if row.value is None else float(row.value)
            key = row.layer, row.metric
            gathered[seed].setdefault(key, {})[row.epoch] = value
    return {
        seed: {key: _ordered(course) for key, course in found.items()}
        for seed, found in gathered.items()
    }


def _ordered(course: Mapping[int, float]) -> tuple[Array, Array]:
    epochs = sorted(course)
    return np.array(epochs, np.float64), np.array([course[e] for e in epochs])


def _early(epochs: Array, values: Array) -> float:
    """Return the value at the first evaluation after a tenth of the epochs."""
    return float(values[np.searchsorted(epochs, max(1.0, 0.1 * epochs[-1]))])


def _late_growth(epochs: Array, values: Array) -> float:
    middle = int(np.searchsorted(epochs, epochs[-1] / 2))
    return float(values[-1] - values[middle])


def _time_to(epochs: Array, values: Array, level: float = 0.95) -> float:
    """Return the epoch at which ``level`` is reached; one after the last if it never is."""
    reached = np.flatnonzero(values >= level)
    return float(epochs[reached[0]] if len(reached) else epochs[-1] + 1)


#: What is made of one course.
REDUCTIONS: dict[str, Callable[[Array, Array], float]] = {
    "start": lambda epochs, values: float(values[0]),
    "end": lambda epochs, values: float(values[-1]),
    "lowest-lead": lambda epochs, values: float(values[-1]),
    "change": lambda epochs, values: float(values[-1] - values[0]),
    "early": _early,
    "tau": lambda epochs, values: monotone(values),
    "late-growth": _late_growth,
    "average": lambda epochs, values: float(values[1:].mean()),
    "drift": lambda epochs, values: abs(float(values[-1] / values[0]) - 1),
    "fall": lambda epochs, values: 1 - float(values[-1] / values[0]),
    "time-to-0.95": _time_to,
}


def number(
    found: Courses, layer: int | None, quantity: str, value: str
) -> float | None:
    """Return what ``value`` makes of a quantity's course in one layer of a student.

    None where it was not recorded, or is not finite, or only one evaluation is there.
    """
    if value in ("above-null", "of-null"):
        null = number(found, layer, NULLS.get(quantity, ""), "end")
        if value == "of-null" or null is None:
            return null
        end = number(found, layer, quantity, "end")
        return None if end is None else end - null
    epochs, values = found.get((layer, quantity), (np.zeros(0), np.zeros(0)))
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        reduced = REDUCTIONS[value](epochs, values)
    return reduced if np.isfinite(reduced) else None


def parts_of(claim: Claim, students: Sequence[Courses], depth: int) -> tuple[Part, ...]:
    """Return what a claim asks of the students of one run, part by part.

    Args:
        claim: says which quantity, what is made of it, and of which layers.
        students: their courses, in the order of the seeds.
        depth: number of hidden layers.
    """

    def values(layer: int | None) -> tuple[float | None, ...]:
        return tuple(
            number(one, layer, claim.quantity, claim.value) for one in students
        )

    if claim.layers == "none":
        return (Part("", values(None)),)
    columns = [values(layer) for layer in range(depth)]
    if claim.value == "lowest-lead":
        return (
            Part("layer 0 above the others", _minus(columns[0], _mean(columns[1:]))),
        )
    if claim.layers == "lowest":
        return (Part("layer 0", columns[0]),)
    if claim.layers == "mean":
        return (Part("mean of layers", _mean(columns)),)
    return tuple(Part(f"layer {at}", column) for at, column in enumerate(columns))


def minus(left: Sequence[Part], right: Sequence[Part]) -> tuple[Part, ...]:
    """Subtract part from part, student from student."""
    return tuple(
        Part(a.name, _minus(a.values, b.values))
        for a, b in zip(left, right, strict=True)
    )


Column: TypeAlias = tuple[float | None, ...]


def _minus(left: Column, right: Column) -> Column:
    return tuple(
        None if a is None or b is None else a - b
        for a, b in zip(left, right, strict=True)
    )


def _mean(columns: Sequence[Column]) -> Column:
    return tuple(
        None if None in row else float(np.mean([v for v in row if v is not None]))
        for row in zip(*columns, strict=True)
    )

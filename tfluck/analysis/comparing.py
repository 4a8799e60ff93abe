"""Two networks' activations on the same inputs, summed up layer by layer."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis import Moments
from tfluck.analysis.correlation import Array, centre, deviations, flat
from tfluck.analysis.matching import linear_cka
from tfluck.foundations.errors import BadInput

#: inputs → activations of each hidden layer, nodes last.
Hidden = Callable[[Any], Sequence[Any]]


class Compared(NamedTuple):
    """One layer: ρ, ``[m, n]``, which of m teacher nodes are live, and linear CKA."""

    rho: Array
    live: NDArray[np.bool_]
    cka: float | None


def compare_layers(
    teacher: Hidden, student: Hidden, batches: Iterable[Any], *, cka: bool = True
) -> list[Compared]:
    """Stream ``batches`` of inputs through both networks; moments are in float64.

    Args:
        teacher, student: give as many layers each, and the same positions per sample.
        batches: of inputs, at least one.
        cka: compute it too; it costs n² per sample more.

    Raises:
        BadInput: the layers do not pair up.
    """
    centres: tuple[list[Array], list[Array]] = [], []
    total: list[list[Moments]] = []
    for batch in batches:
        pair = [flat(a) for a in teacher(batch)], [flat(a) for a in student(batch)]
        if not total:
            _check(*pair)
            centres = [centre(t) for t in pair[0]], [centre(s) for s in pair[1]]
        found = [
            _moments(deviations(t, t0), deviations(s, s0), cka)
            for t, s, t0, s0 in zip(*pair, *centres, strict=True)
        ]
        total = (
            [
                [a + b for a, b in zip(have, more, strict=True)]
                for have, more in zip(total, found, strict=True)
            ]
            if total
            else found
        )
    return [
        Compared(
            sums[0].correlation(), sums[0].live(), linear_cka(*sums) if cka else None
        )
        for sums in total
    ]


def _moments(teacher: Array, student: Array, cka: bool) -> list[Moments]:
    cross = [Moments.of(teacher, student)]
    if not cka:
        return cross
    return [*cross, Moments.of(teacher, teacher), Moments.of(student, student)]


def _check(teacher: list[NDArray[Any]], student: list[NDArray[Any]]) -> None:
    if len(teacher) != len(student):
        raise BadInput(
            f"The teacher has {len(teacher)} hidden layers and the student "
            f"{len(student)}; name as many of each."
        )
    for index, (t, s) in enumerate(zip(teacher, student, strict=True)):
        if len(t) != len(s):
            raise BadInput(
                f"Layer {index} has {len(t)} samples × positions in the teacher and "
                f"{len(s)} in the student; their nodes cannot be correlated."
            )

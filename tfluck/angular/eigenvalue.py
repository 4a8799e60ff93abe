"""The least eigenvalue of M between two proved bounds.

From above by a Rayleigh quotient, from below by Cholesky pivots of M − xI: if all of them
are positive, every eigenvalue exceeds x.
"""

from collections.abc import Sequence

import numpy as np
from flint import arb

from .angle import AnyAngle
from .balls import ball_matrix
from .engine import precision
from .functions import AngularFunction

#: Relative widths tried below the Rayleigh quotient, the finest first.
_WIDTHS = (1e-14, 1e-12, 1e-9, 1e-6, 1e-3)


def least_eigenvalue(
    function: AngularFunction, angles: Sequence[AnyAngle], bits: int = 256
) -> tuple[arb, arb]:
    """Return balls (low, high) with low ≤ λ_min(M) ≤ high; low may be −∞."""
    with precision(bits):
        rows = [row[:-1] for row in ball_matrix(function, angles)]
        high = _rayleigh(rows)
        for width in _WIDTHS:
            low = high - (abs(high) + arb(2) ** -bits) * width
            if all(pivot > 0 for pivot in pivots(_shifted(rows, low))):
                return low.lower(), high.upper()
        # Gershgorin always holds.
        low = min(
            (
                row[i] - sum((abs(x) for k, x in enumerate(row) if k != i), arb(0))
            ).lower()
            for i, row in enumerate(rows)
        )
        return low, high.upper()


def _shifted(rows: list[list[arb]], by: arb) -> list[list[arb]]:
    return [
        [x - by if i == j else x for j, x in enumerate(row)]
        for i, row in enumerate(rows)
    ]


def _rayleigh(rows: list[list[arb]]) -> arb:
    """Return vᵀMv/vᵀv, v refined by inverse iteration in balls' midpoints."""
    from flint import arb_mat

    m = len(rows)
    middle = arb_mat([[x.mid() for x in row] for row in rows])
    floats = np.array([[float(x.mid()) for x in row] for row in rows])
    vector = arb_mat([[arb(float(x))] for x in np.linalg.eigh(floats)[1][:, 0]])
    for _ in range(3):
        try:
            found = middle.solve(vector)
        except ZeroDivisionError:
            break
        size = max(abs(float(found[i, 0].mid())) for i in range(m))
        if not np.isfinite(size) or not size:
            break
        vector = arb_mat([[found[i, 0].mid() / size] for i in range(m)])
    entries = [vector[i, 0].mid() for i in range(m)]
    above = sum(
        (entries[i] * rows[i][j] * entries[j] for i in range(m) for j in range(m)),
        arb(0),
    )
    return above / sum((x * x for x in entries), arb(0))


def pivots(rows: list[list[arb]]) -> list[arb]:
    """Eliminate without exchange and return the pivots, ending at one that holds zero."""
    work = [list(row) for row in rows]
    found = []
    for k in range(len(work)):
        found.append(work[k][k])
        if work[k][k].contains(0):
            break
        for i in range(k + 1, len(work)):
            factor = work[i][k] / work[k][k]
            for j in range(k + 1, len(work)):
                work[i][j] -= factor * work[k][j]
    return found

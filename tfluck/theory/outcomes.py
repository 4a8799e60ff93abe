"""What an audit says of the end of training: Theorem 3, Theorem 5 and section 3.4."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.weights import fan_out_norms
from tfluck.theory.conjecture import blocks
from tfluck.theory.measured import Row, State, judged
from tfluck.theory.suppression import group_by_teacher

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: ρ from which a student is a teacher node's own.
OWN = 0.95
#: Fan-outs and weights below these shares of the others' or of their start have vanished.
GONE, VANISHED = 0.01, 0.1
#: Norms that moved by no more than this are conserved.
STILL = 0.05


def norms(state: State) -> list[Row]:
    """Measure how far Theorem 3's conserved quantity has moved since the start."""
    name, rows = "Theorem 3, drift", []
    for at in range(len(state.rho)):
        squares = [
            np.square(kernel).reshape(-1, kernel.shape[-1]).sum(axis=0) + bias**2
            for kernel, bias in (
                (state.kernels[at], state.biases[at]),
                (state.start[at], state.start_biases[at]),
            )
        ]
        drift = float(np.mean(np.abs(np.sqrt(squares[0] / squares[1]) - 1)))
        if state.batch_norm and not state.untrained:
            rows.append(judged("T3", name, at, drift, STILL, "√(‖w‖² + b²) of a node"))
        else:
            why = (
                "the start" if state.untrained else "no BatchNorm: nothing is conserved"
            )
            verdict = "diagnostic" if state.untrained else "vacuous"
            rows.append(Row("T3", name, at, drift, None, verdict, why))
    return rows


def outcomes(state: State) -> list[Row]:
    """Measure what Theorem 5 and section 3.4 say of the end."""
    rows: list[Row] = []
    owner = [
        group_by_teacher(np.where(live[:, None], rho, -1.0), OWN)
        for rho, live in zip(state.rho, state.live, strict=True)
    ]
    for at, owned in enumerate(owner):
        lucky = owned >= 0
        size = fan_out_norms(state.kernels[at + 1], len(lucky))
        later = [*_suppressed(at, size, lucky), _conjectured(state, owner, at)]
        if state.untrained:  # a claim about the end, so only its size at the start
            later = [replace(row, verdict="diagnostic") for row in later]
        rows += later
        counts = np.bincount(owned[lucky], minlength=1)
        shared = float((counts > 1).sum())
        taken, live = int((counts > 0).sum()), int(state.live[at].sum())
        note = f"{taken} of {live} live nodes have a student"
        rows.append(
            Row(
                "S3.3-many",
                "Shared teacher nodes",
                at,
                shared,
                None,
                "diagnostic",
                note,
            )
        )
    return rows


def _suppressed(at: int, size: Array, lucky: Mask) -> list[Row]:
    """Compare the fan-out of nobody's students with that of teacher nodes' own."""
    name = "Theorem 5, V_r / V_u"
    if lucky.all() or not lucky.any():
        why = f"{int(lucky.sum())} of {len(lucky)} students have ρ ≥ {OWN}"
        return [Row("T5", name, at, None, GONE, "diagnostic", why)]
    ratio = float(size[~lucky].mean() / size[lucky].mean())
    note = f"{int(lucky.sum())} of {len(lucky)} students are some teacher node's own"
    return [judged("T5", name, at, ratio, GONE, note)]


def _conjectured(state: State, owner: list[NDArray[np.int64]], at: int) -> Row:
    """Compare the weights from irrelevant to lucky nodes above with those at the start."""
    name, low = "Section 3.4, block", owner[at] >= 0
    if at + 1 == len(owner):
        high = np.ones(state.kernels[-1].shape[-1], bool)  # every output is a teacher's
    else:
        high = owner[at + 1] >= 0
    shape = (-1, len(low), len(high))
    table = blocks(
        state.kernels[at + 1].reshape(shape),
        state.start[at + 1].reshape(shape),
        low,
        high,
    )
    block = table[2]
    if block.size is None or not block.start:
        return Row("C-ML", name, at, None, VANISHED, "diagnostic", "An empty block.")
    words = "irrelevant → lucky weights over those at the start"
    return judged("C-ML", name, at, block.size / block.start, VANISHED, words)

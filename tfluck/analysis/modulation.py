"""Top-down modulation: who would correct whom through all layers above (E2, T1, F10).

With Jᵀ of student and teacher (:mod:`tfluck.analysis.relu_net`), one sample has

    β*(x) = J_s(x)ᵀ J_t(x)      β(x) = J_s(x)ᵀ J_s(x)         (Eq. 3 of paper 1)

Theorem 1 says that the negative gradient of ½‖y_t − y_s‖² at the students'
pre-activations is G_s (β* f_t − β f_s), with G the diagonal matrix of the gates and
augmented nodes f = [f, 1]. Averages over samples meet the gates in two ways:

    H* = E[β*] ∘ D*, D* = E[g_s g_tᵀ],  H = E[β] ∘ D, D = E[g_s g_sᵀ]      (at Eq. 6)
    E[G_s β* G_t],                      E[G_s β G_s]     (what the authors' code calls H)

They agree where gates and β are independent (Assumption 1), and always in the highest
hidden layer, whose β is the same for every sample; below they differ by up to a half.

An average over samples is one product of two matrices whose rows are (sample, output);
no [samples, n, m] array is ever made. In a convolutional layer a node is a channel:
rows are (sample, output, position), which pairs every position of the student with the
same position of the teacher and sums; D averages over positions too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import Jacobian, ReluNet, jacobians
from tfluck.foundations.errors import BadInput

Array = NDArray[np.float64]
#: Bytes that the Jacobian of the widest layer may take in one piece.
PIECE = 64 * 2**20


@dataclass(frozen=True)
class LayerModulation:
    """Averages over samples at one hidden layer; the last row and column is the bias.

    Attributes:
        beta_cross: β*, ``[student nodes + 1, teacher nodes + 1]``.
        h_cross: H* = β* ∘ D*, the same shape.
        gated_cross: E[G β* G], the same shape.
        beta: β, ``[student nodes + 1, student nodes + 1]``.
        h: H = β ∘ D, the same shape.
        gated: E[G β G], the same shape.
    """

    beta_cross: Array
    h_cross: Array
    gated_cross: Array
    beta: Array
    h: Array
    gated: Array


def modulation(student: ReluNet, teacher: ReluNet, x: Array) -> list[LayerModulation]:
    """Average β* and β, with and without gates, over ``x``, ``[samples, …]``, by layer.

    Memory is one piece's Jacobians plus the results; time grows linearly in samples.

    Raises:
        BadInput: the networks differ in depth or outputs, or there are no samples.
    """
    if not len(x):
        raise BadInput("Modulation needs at least one sample.")
    if len(student.layers) != len(teacher.layers):
        raise BadInput(
            f"Modulation pairs layer with layer, but the student has "
            f"{len(student.layers)} of them and the teacher {len(teacher.layers)}."
        )
    x = np.asarray(x, np.float64)
    size = _piece(student, x[:1])
    total: list[list[Array]] | None = None
    for at in range(0, len(x), size):
        found = list(_sums(student, teacher, x[at : at + size]))
        if total is None:
            total = found
        else:
            for have, more in zip(total, found, strict=True):
                for into, matrix in zip(have, more, strict=True):
                    into += matrix
    return [_averages(sums, len(x)) for sums in reversed(total or [])]


def _averages(sums: list[Array], samples: int) -> LayerModulation:
    beta_cross, gated_cross, d_cross, beta, gated, d = (m / samples for m in sums)
    return LayerModulation(
        beta_cross, beta_cross * d_cross, gated_cross, beta, beta * d, gated
    )


def _piece(student: ReluNet, x: Array) -> int:
    """Return how many samples' Jacobians fit in :data:`PIECE`."""
    *hidden, output = student.activations(x)
    widest = max(layer.size for layer in hidden) * output.size * 8
    return max(1, PIECE // widest)


def _sums(student: ReluNet, teacher: ReluNet, x: Array) -> Iterator[list[Array]]:
    """Yield the six sums of each layer, the highest layer first."""
    teacher_active, student_active = teacher.activations(x), student.activations(x)
    if teacher_active[-1].shape != student_active[-1].shape:
        raise BadInput("Teacher and student must have the same outputs.")
    pairs: Iterable[tuple[Jacobian, Jacobian]] = zip(
        jacobians(student, student_active),
        jacobians(teacher, teacher_active),
        strict=True,
    )
    for s, t in pairs:
        on, teacher_on = s.gated, t.gated
        yield [
            _product(s, t),
            _product(on, teacher_on),
            _both_on(s, t),
            _product(s, s),
            _product(on, on),
            _both_on(s, s),
        ]


def _both_on(left: Jacobian, right: Jacobian) -> Array:
    """Return Σ over samples of the augmented g_left g_rightᵀ, its mean over positions."""
    g, h = (
        np.pad(j.gates.astype(np.float64), ((0, 0), (0, 0), (0, 1)), constant_values=1)
        for j in (left, right)
    )
    return np.asarray(np.einsum("spn,spm->nm", g, h, optimize=True) / g.shape[1])


def _product(left: Jacobian, right: Jacobian) -> Array:
    """Return Σ over samples and outputs of the augmented J_leftᵀ J_right."""
    n, m = left.nodes.shape[-1], right.nodes.shape[-1]
    out = np.empty((n + 1, m + 1))
    out[:n, :m] = left.nodes.reshape(-1, n).T @ right.nodes.reshape(-1, m)
    out[:n, m] = left.nodes.sum(axis=2).reshape(-1, n).T @ right.bias.ravel()
    out[n, :m] = right.nodes.sum(axis=2).reshape(-1, m).T @ left.bias.ravel()
    out[n, m] = left.bias.ravel() @ right.bias.ravel()
    return out

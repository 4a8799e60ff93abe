"""Theorem 1: the gradient at every node, by the recursion of Eq. 3, sample by sample.

With augmented matrices A_l = [W_l b_l; 0 1] and gates G_l (1 for the bias node),

    β*_l = A_sᵀ G_s β*_{l+1} G_t A_t        β_l = A_sᵀ G_s β_{l+1} G_s A_s      (Eq. 3)
    g_l  = G_s (β*_l f_t − β_l f_s),        f = [activations, 1]                (Eq. 2)

starting from the identity at the outputs. The paper writes no biases; without the bias
node the recursion is not the gradient of a network that has them. A convolution is a
matrix between (position, channel) nodes, so the rule holds for it as it stands.

The matrices are made per sample, ``[samples, n + 1, m + 1]``: this is the theorem as it
is printed, for nets of tens of nodes. :mod:`tfluck.analysis.modulation` has the averages
of large nets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import Affine, ReluNet
from tfluck.foundations.errors import BadInput

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LayerRule:
    """Eq. 2 at one layer of n student and m teacher nodes; the last node is the bias.

    Attributes:
        beta_cross: β*, ``[samples, n + 1, m + 1]``.
        beta: β, ``[samples, n + 1, n + 1]``.
        gates: G_s of the n nodes, ``[samples, n]``.
        teacher_gates: G_t, ``[samples, m]``.
        from_teacher: the teacher's part of Eq. 2, ``[samples, n]`` (Eq. 10 to 14).
        from_student: the student's part.
    """

    beta_cross: Array
    beta: Array
    gates: Array
    teacher_gates: Array
    from_teacher: Array
    from_student: Array

    @property
    def gradient(self) -> Array:
        """g at the pre-activations, ``[samples, n]``."""
        return self.from_teacher - self.from_student


def gradient_rule(
    student: ReluNet, teacher: ReluNet, x: Array, *, bias_node: bool = True
) -> list[LayerRule]:
    """Return Eq. 2 and 3 at every hidden layer, the lowest first.

    Args:
        student: any widths, the depth and outputs of the teacher.
        teacher: the network that gives the labels.
        x: ``[samples, …]``.
        bias_node: count biases as weights from a node that is always 1; without it
            Eq. 3 is taken literally.

    Raises:
        BadInput: the networks differ in depth or outputs, or are no chains.
    """
    if student.skips or teacher.skips:
        raise BadInput("Theorem 1 is about chains of layers; here some skip others.")
    if len(student.layers) != len(teacher.layers):
        raise BadInput("Theorem 1 pairs layers: both networks need the same depth.")
    ours, theirs = _Walk(student, x, bias_node), _Walk(teacher, x, bias_node)
    if ours.outputs != theirs.outputs:
        raise BadInput("Theorem 1 needs a teacher and a student of the same outputs.")
    identity = np.tile(np.eye(ours.outputs), (len(x), 1, 1))
    cross, own, found = identity, identity, []
    for s, t in zip(ours.downwards(), theirs.downwards(), strict=True):
        cross, own = _congruent(s[0], cross, t[0]), _congruent(s[0], own, s[0])
        found.append(
            LayerRule(
                cross,
                own,
                s[2],
                t[2],
                s[2] * _times(cross, t[1])[:, :-1],
                s[2] * _times(own, s[1])[:, :-1],
            )
        )
    return found[::-1]


def _congruent(left: Array, middle: Array, right: Array) -> Array:
    return np.asarray(left.transpose(0, 2, 1) @ middle @ right)


def _times(matrices: Array, vectors: Array) -> Array:
    return np.asarray((matrices @ vectors[..., None])[..., 0])


class _Walk:
    """One network on ``x``: gated matrices and augmented activations, from the top down."""

    def __init__(self, net: ReluNet, x: Array, bias_node: bool) -> None:
        self.always = 1.0 if bias_node else 0.0
        active = net.activations(x)
        self.outputs = active[-1].shape[-1]
        shapes = [x.shape[1:], *(f.shape[1:] for f in active)]
        layers = net.bare or net.layers
        self.matrices = [
            augmented_matrix(a, shape) for a, shape in zip(layers, shapes, strict=False)
        ]
        self.hidden = [f.reshape(len(f), -1) for f in active[:-1]]

    def downwards(self) -> "Sequence[tuple[Array, Array, Array]]":
        """Return (G A of the layer above, [f, 1], gates) of each hidden layer."""
        count = len(self.hidden[0])
        ones = np.full((count, 1), self.always)
        above = np.ones((count, self.outputs))
        found = []
        for matrix, f in zip(self.matrices[:0:-1], self.hidden[::-1], strict=True):
            gated = above[..., None] * matrix[None, : above.shape[1]]
            gates = (f > 0).astype(np.float64)
            found.append((gated, np.concatenate([f, ones], axis=1), gates))
            above = np.concatenate([gates, ones], axis=1)
        return found


def augmented_matrix(affine: Affine, shape: tuple[int, ...]) -> Array:
    """Return A = [W b; 0 1], ``[out + 1, in + 1]``, of a layer that reads ``shape``."""
    inputs = int(np.prod(shape))
    shift = affine(np.zeros((1, *shape))).reshape(-1)
    columns = affine(np.eye(inputs).reshape(inputs, *shape)).reshape(inputs, -1) - shift
    corner = np.append(np.zeros(inputs), 1.0)
    return np.vstack([np.column_stack([columns.T, shift]), corner])

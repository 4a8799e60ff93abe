"""Theorem 2: the gradient flow as products of averaged matrices (Eq. 6).

In the layout of the authors' matrix script, W_l is ``[in + 1, out]`` with the biases as
its last row, and with F = [f, 1] and gates G (1 for the bias node), averages over samples,

    L_l = E[F_s F_sᵀ]    L*_l = E[F_s F_tᵀ]    D_l = E[G_s G_sᵀ]    D*_l = E[G_s G_tᵀ]
    β_l = Ŵ_l H_{l+1} Ŵ_lᵀ              H_l = β_l ∘ D_l              (star: W, W*)
    Ẇ_l = L*_l Ŵ*_l H*_{l+1}ᵀ − L_l Ŵ_l H_{l+1}ᵀ                     (Eq. 6)

from H = H* = 1 at the outputs. Ŵ = [W, e] has a last column that carries the bias node
of one layer to the next. The script leaves it out (``bias_column=False``): then biases of
upper layers are forgotten, and even one sample's gradient is not exact. Paper's slip: H is
student × teacher, so Eq. 6 needs its transpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import Affine, ReluNet

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LayerDynamics:
    """The matrices of Eq. 6 at one layer; H and β are those of its output nodes.

    With the bias column H and β count the bias node as the last of the n + 1 (m + 1).

    Attributes:
        update: Ẇ, ``[in + 1, n]``.
        l, l_cross: L ``[in + 1, in + 1]`` and L* of its inputs.
        beta, beta_cross, h, h_cross: of its outputs.
    """

    update: Array
    l: Array  # noqa: E741  (the paper's letter)
    l_cross: Array
    beta: Array
    beta_cross: Array
    h: Array
    h_cross: Array


def stacked(net: ReluNet) -> list[Array]:
    """Return [W; b] of every dense layer, ``[in + 1, out]``."""
    return [np.vstack([a.kernel, a.bias]) for a in net.layers]


def unstacked(weights: Sequence[Array]) -> ReluNet:
    """Return the network with these [W; b]."""
    return ReluNet(tuple(Affine(w[:-1], w[-1]) for w in weights))


def matrix_dynamics(
    student: Sequence[Array],
    teacher: Sequence[Array],
    x: Array,
    *,
    bias_column: bool = True,
) -> list[LayerDynamics]:
    """Return Eq. 6 for every layer, the lowest first.

    Args:
        student: W of each layer, ``[in + 1, out]``.
        teacher: W* of each layer.
        x: inputs, ``[samples, in]``.
        bias_column: False forgets the biases of upper layers, as the authors' code does.
    """
    inputs = _augmented(x)
    # One array for both: L and L* of the inputs are then the same to the last bit.
    ours, theirs = _forward(student, inputs), _forward(teacher, inputs)
    beta = cross = h = h_cross = np.eye(student[-1].shape[1])
    found: list[LayerDynamics] = []
    for at in reversed(range(len(student))):
        f, t = ours[at], theirs[at]
        w, v = student[at], teacher[at]
        if bias_column and at < len(student) - 1:
            w, v = _with_bias_column(w), _with_bias_column(v)
        l, l_cross = f.T @ f / len(x), f.T @ t / len(x)  # noqa: E741
        nodes = student[at].shape[1]
        update = l_cross @ v @ h_cross[:nodes].T - l @ w @ h[:nodes].T
        found.append(LayerDynamics(update, l, l_cross, beta, cross, h, h_cross))
        if at == 0:  # nobody asks for H of the inputs
            break
        on, teacher_on = (f > 0).astype(float), (t > 0).astype(float)
        beta, cross = w @ h @ w.T, w @ h_cross @ v.T
        h = beta * (on.T @ on) / len(x)
        h_cross = cross * (on.T @ teacher_on) / len(x)
        if not bias_column:
            beta, cross, h, h_cross = (m[:-1, :-1] for m in (beta, cross, h, h_cross))
    return found[::-1]


def _with_bias_column(weights: Array) -> Array:
    column = np.zeros((len(weights), 1))
    column[-1] = 1
    return np.hstack([weights, column])


def _forward(weights: Sequence[Array], inputs: Array) -> list[Array]:
    """Return what each layer reads, [f, 1], from ``inputs``, [x, 1]."""
    found = [inputs]
    for w in weights[:-1]:
        found.append(_augmented(np.maximum(found[-1] @ w, 0)))
    return found


def _augmented(f: Array) -> Array:
    return np.concatenate([f, np.ones((len(f), 1))], axis=1)


def normalized(weights: Array) -> Array:
    """Scale every column, its bias included, to length 1, as the script does."""
    return np.asarray(weights / np.linalg.norm(weights, axis=0))


def descend(
    student: Sequence[Array],
    teacher: Sequence[Array],
    draw: np.random.Generator,
    *,
    steps: int,
    batch: int = 64,
    rate: float = 0.05,
    normalize_top: bool = True,
) -> list[Array]:
    """Follow Eq. 6 from ``student`` with fresh N(0, I) inputs, as the script does.

    Columns are scaled to length 1 after each step, those of the last layer only with
    ``normalize_top``. The bias column is left out.
    """
    weights = [w.copy() for w in student]
    inputs = len(weights[0]) - 1
    for _ in range(steps):
        x = draw.normal(size=(batch, inputs))
        found = matrix_dynamics(weights, teacher, x, bias_column=False)
        weights = [w + rate * one.update for w, one in zip(weights, found, strict=True)]
        last = len(weights) if normalize_top else len(weights) - 1
        weights = [normalized(w) for w in weights[:last]] + weights[last:]
    return weights

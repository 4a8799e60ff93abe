"""Claims about averages: Assumption 1, Theorem 2 and what its matrices are at the ends."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import ReluNet
from tfluck.foundations.seeds import generator
from tfluck.theory.agreement import Agreement
from tfluck.theory.assumption import layer_inputs, separation
from tfluck.theory.checks.gradients import EXACT, dense_pair
from tfluck.theory.checks.registry import Finding, at_least, at_most, claim, diagnostic
from tfluck.theory.gradient_rule import gradient_rule
from tfluck.theory.matrix_dynamics import (
    LayerDynamics,
    matrix_dynamics,
    stacked,
)
from tfluck.theory.nets import dense_net, weight_gradients

Array = NDArray[np.float64]


def _separated(std: float, samples: int, own: bool) -> list[Agreement]:
    student, teacher, x = dense_pair(std, samples)
    rules = gradient_rule(student, teacher, x)
    sides = [layer_inputs(x, net.activations(x)) for net in (student, teacher)]
    found = [separation(*given) for given in zip(rules, *sides, strict=True)]
    return [one.own if own else one.cross for one in found]


def _assumption(std: float, own: bool) -> Finding:
    found = _separated(std, 2048, own)
    words = ", ".join(f"{one.error:.2f} (cosine {one.cosine:.2f})" for one in found)
    return diagnostic(
        max(one.error for one in found), f"Relative errors L0 up: {words}."
    )


for _std in (1, 10):
    for _own, _equation in ((False, 4), (True, 5)):
        claim(
            f"A1.eq{_equation}-{_std}",
            f"How wrong Eq. {_equation} is at the start (inputs of size {_std}).",
            "diagnostic",
        )(partial(_assumption, float(_std), _own))


@claim(
    "A1.exact",
    "Both sides of Assumption 1 are equal (to 5 %) at the start.",
    "violated",
)
def _exact() -> Finding:
    error = max(one.error for one in _separated(1.0, 2048, False))
    return at_most(error, 0.05, "10 → 8-9-10 → 7, student ×3, 2048 samples.")


@claim("A1.one-sample", "With one sample they are equal.")
def _one_sample() -> Finding:
    errors = [one.error for own in (False, True) for one in _separated(1.0, 1, own)]
    return at_most(max(errors), EXACT)


@claim("A1.gate-printed", "Eq. 4, left side, has f_j° without its prime.", "violated")
def _printed_gate() -> Finding:
    """Compare E[β f′_j f_j° f_k f_k°] with the proof's E[β f′_j f′_j° f_k f_k°]."""
    student, teacher, x = dense_pair(1.0, 512)
    rule = gradient_rule(student, teacher, x)[0]
    active = teacher.activations(x)[0]
    meant = rule.beta_cross[:, :-1, :-1] * rule.gates[:, :, None]
    shape = (len(x), -1)
    below = (x[:, :, None] * x[:, None]).reshape(shape)
    sides = [
        (meant * gate[:, None]).reshape(shape).T @ below
        for gate in (active, rule.teacher_gates)
    ]
    found = Agreement.of(*sides)
    return at_most(found.error, EXACT, "Against the left side that Eq. 15 needs.")


@claim(
    "A1.gate-corrected",
    "Eq. 4, left side, with f′_j°, is the gradient's term (Eq. 15).",
)
def _corrected_gate() -> Finding:
    """Contract E[β* f′_j f′_j° f_k f_k°] with W* and compare with the teacher's part."""
    student, teacher, x = dense_pair(1.0, 256)
    rule, above = gradient_rule(student, teacher, x)[0], teacher.layers[0]
    ones = np.ones((len(x), 1))
    inputs = np.hstack([x, ones])
    gated = rule.beta_cross[:, :-1] * rule.gates[:, :, None]
    gated = gated * np.hstack([rule.teacher_gates, ones])[:, None]
    weights = np.vstack([above.kernel, above.bias])
    found = np.einsum("njp,nk,nq,qp->jk", gated[..., :-1], inputs, inputs, weights)
    found += gated[..., -1].T @ inputs
    return at_most(Agreement.of(found, rule.from_teacher.T @ inputs).error, EXACT)


def eq_6(
    student: ReluNet, teacher: ReluNet, x: Array, *, bias_column: bool = True
) -> list[Agreement]:
    """Compare Eq. 6 with the true gradient, layer by layer, outputs last."""
    found = matrix_dynamics(
        stacked(student), stacked(teacher), x, bias_column=bias_column
    )
    true = weight_gradients(student, x, teacher.activations(x)[-1])
    return [Agreement.of(one.update, g) for one, g in zip(found, true, strict=True)]


@claim("T2.top", "Eq. 6 is the exact gradient of the top layer.")
def _top() -> Finding:
    errors = [eq_6(*dense_pair(std, 1024))[-1].error for std in (1.0, 10.0)]
    return at_most(max(errors), EXACT, "Assumption 1 is not needed there.")


def _single(bias_column: bool) -> Finding:
    student, teacher, x = dense_pair(1.0, 8)
    found = [eq_6(student, teacher, one[None], bias_column=bias_column) for one in x]
    worst = max(one.error for layers in found for one in layers)
    return at_most(worst, EXACT, "Eight single samples.")


claim("T2.one-sample", "For one sample Eq. 6 is exact in every layer.")(
    partial(_single, True)
)
claim(
    "T2.one-sample-no-bias-column",
    "It is so without the bias column, as in the authors' script.",
    "violated",
)(partial(_single, False))


def _below(std: float) -> Finding:
    found = eq_6(*dense_pair(std, 4096))[:-1]
    words = ", ".join(f"{one.error:.2f} (cosine {one.cosine:.2f})" for one in found)
    return diagnostic(found[0].error, f"Relative errors L0 up: {words}.")


for _std in (1, 10):
    claim(
        f"T2.below-{_std}",
        f"How far Eq. 6 is from the gradient below the top (inputs of size {_std}).",
        "diagnostic",
    )(partial(_below, float(_std)))


@claim("T2.gradient", "Eq. 6 is the gradient (to 5 %) in every layer.", "violated")
def _gradient() -> Finding:
    found = eq_6(*dense_pair(1.0, 4096))
    return at_most(max(one.error for one in found), 0.05, "Assumption 1 does not hold.")


@claim("T2.aligned", "It always has a positive cosine with it.")
def _aligned() -> Finding:
    cosines = [
        one.cosine for std in (1.0, 3.0, 10.0) for one in eq_6(*dense_pair(std, 2048))
    ]
    return at_least(min(cosines), 0.2, "Inputs of size 1, 3 and 10, at the start.")


def _transposed(transpose: bool) -> Finding:
    """Give the student the teacher's widths, so that both forms have the same shapes."""
    draw = generator(0, "theory", "transpose")
    student, teacher = (dense_net([5, 6, 4, 3], draw) for _ in range(2))
    x = draw.normal(size=(1, 5))
    found = matrix_dynamics(stacked(student), stacked(teacher), x)[0]
    w, v = (
        np.hstack([stacked(net)[0], np.eye(6)[:, -1:]]) for net in (student, teacher)
    )
    h_cross, h = (m.T if transpose else m for m in (found.h_cross, found.h))
    flow = found.l_cross @ v @ h_cross - found.l @ w @ h
    true = weight_gradients(student, x, teacher.activations(x)[-1])[0]
    return at_most(Agreement.of(flow[:, :-1], true).error, EXACT, "One sample, n = m.")


claim(
    "T2.transpose-printed", "Eq. 6 reads L*W*H* − LWH with H indexed j, j°.", "violated"
)(partial(_transposed, False))
claim("T2.transpose-corrected", "Eq. 6 reads L*W*H*ᵀ − LWHᵀ with H indexed j, j°.")(
    partial(_transposed, True)
)


@claim("T2.fixed-point", "Where student and teacher are equal Eq. 6 stands still.")
def _fixed() -> Finding:
    _, teacher, x = dense_pair(1.0, 512)
    found = matrix_dynamics(stacked(teacher), stacked(teacher), x)
    return at_most(max(float(np.abs(one.update).max()) for one in found), EXACT)


def _dynamics(weights: list[Array], x: Array, teacher: ReluNet) -> list[LayerDynamics]:
    return matrix_dynamics(weights, stacked(teacher), x)


@claim("T2-b.bottom", "At the lowest layer L = L*.")
def _bottom() -> Finding:
    student, teacher, x = dense_pair(1.0, 256)
    low = _dynamics(stacked(student), x, teacher)[0]
    return at_most(float(np.abs(low.l - low.l_cross).max()), 0.0)


@claim("T2-b.top", "At the top β = β* = H = H* = 1.")
def _identity() -> Finding:
    student, teacher, x = dense_pair(1.0, 256)
    top = _dynamics(stacked(student), x, teacher)[-1]
    one = np.eye(len(top.h))
    parts = (top.beta, top.beta_cross, top.h, top.h_cross)
    return at_most(max(float(np.abs(part - one).max()) for part in parts), 0.0)


def _moved(at: int, read: Callable[[LayerDynamics], Array], layer: int) -> float:
    """Return the relative change of a matrix when the weights of layer ``at`` change."""
    student, teacher, x = dense_pair(1.0, 256)
    weights = stacked(student)
    other = [w.copy() for w in weights]
    other[at] += 0.3 * generator(0, "theory", "moved").normal(size=other[at].shape)
    before, after = (_dynamics(w, x, teacher)[layer] for w in (weights, other))
    return Agreement.of(read(after), read(before)).error


@claim("T2-b.l-below", "L_l depends on the weights below l only.")
def _l_below() -> Finding:
    error = max(_moved(at, lambda one: one.l, 1) for at in (1, 2, 3))
    below = _moved(0, lambda one: one.l, 1)
    return at_most(error, 0.0, f"Weights of l and above changed; below: {below:.2f}.")


@claim("T2-b.beta-above", "β_l depends on the weights above l only.", "violated")
def _beta_above() -> Finding:
    """β of layer 0's outputs; H of the layers above holds gates, so weights below count."""
    error = _moved(0, lambda one: one.beta, 0)
    return at_most(
        error, EXACT, "Weights of layer 0 changed: the gates above change too."
    )


@claim("T2-b.true-beta", "E[β(x)] is the recursive β of Theorem 2.", "violated")
def _true_beta() -> Finding:
    student, teacher, x = dense_pair(1.0, 2048)
    errors = [
        Agreement.of(one.beta, rule.beta.mean(axis=0)).error
        for one, rule in zip(
            _dynamics(stacked(student), x, teacher),
            gradient_rule(student, teacher, x),
            strict=False,
        )
    ]
    words = ", ".join(f"{error:.2f}" for error in errors)
    return at_most(
        max(errors), EXACT, f"Relative errors L0 up: {words}; exact below the top."
    )

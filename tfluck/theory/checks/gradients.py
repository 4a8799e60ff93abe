"""Claims about gradients, node by node: D1, E1, Theorem 1 and its induction step."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import ReluNet
from tfluck.foundations.seeds import generator
from tfluck.theory.agreement import Agreement, worst
from tfluck.theory.batch_norm import NormNet, folded, pre_activation_gradients
from tfluck.theory.checks.registry import Finding, at_most, claim, equal
from tfluck.theory.gradient_rule import gradient_rule
from tfluck.theory.nets import (
    backpropagation,
    conv_net,
    dense_net,
    separated_net,
)

Array = NDArray[np.float64]
#: Relative error that float64 may leave in a few layers.
EXACT = 1e-12


def dense_pair(std: float, samples: int) -> tuple[ReluNet, ReluNet, Array]:
    """Return a student three times as wide as its teacher, the teacher, and inputs."""
    draw = generator(0, "theory", "dense", str(std))
    teacher = separated_net([10, 8, 9, 10, 7], draw)
    student = dense_net([10, 24, 27, 30, 7], draw)
    return student, teacher, std * draw.normal(size=(samples, 10))


def compare(
    student: ReluNet, teacher: ReluNet, x: Array, true: list[Array], **how: bool
) -> list[Agreement]:
    """Compare the rule with gradients ``true`` in every hidden layer."""
    rules = gradient_rule(student, teacher, x, **how)
    return [
        Agreement.of(rule.gradient, g.reshape(len(x), -1))
        for rule, g in zip(rules, true, strict=False)
    ]


def true_gradients(student: ReluNet, teacher: ReluNet, x: Array) -> list[Array]:
    """Return g by backpropagation."""
    active = student.activations(x)
    return backpropagation(student, active, teacher.activations(x)[-1] - active[-1])


@claim("D1.gate", "A ReLU is its gate times its input: σ(z) = σ′(z) z.")
def _gate() -> Finding:
    student, _, x = dense_pair(1, 64)
    z = student.layers[0](x)
    error = float(np.abs(np.maximum(z, 0) - (z > 0) * z).max())
    return at_most(error, 0.0, "Exact in floating point.")


def _top_gradient(sign: float) -> Finding:
    """Compare g_c = f_c° − f_c with sign × a central difference of J."""
    student, teacher, x = dense_pair(1, 1)
    y, target = student.activations(x)[-1], teacher.activations(x)[-1]
    step = 1e-5

    def loss(outputs: Array) -> float:
        return 0.5 * float(np.square(outputs - target).sum())

    bumps = step * np.eye(y.shape[1])
    slopes = [(loss(y + bump) - loss(y - bump)) / (2 * step) for bump in bumps]
    found = Agreement.of(sign * np.array(slopes), (target - y)[0])
    return at_most(found.error, 1e-8, "Against a central difference of J.")


claim("E1.printed", "As printed: g_c = ∂J/∂f_c = f_c° − f_c.", "violated")(
    partial(_top_gradient, 1.0)
)
claim("E1.corrected", "With its sign: g_c = −∂J/∂f_c = f_c° − f_c.")(
    partial(_top_gradient, -1.0)
)


@claim("T1.dense", "The recursion of Eq. 3 is backpropagation, in every dense layer.")
def _dense() -> Finding:
    found = [
        worst(compare(s, t, x, true_gradients(s, t, x)))
        for s, t, x in (dense_pair(std, 64) for std in (1.0, 10.0))
    ]
    note = "10 → 8-9-10 → 7, student ×3, with biases, inputs of size 1 and 10."
    return at_most(worst(found).error, EXACT, note)


def _without_bias_node(std: float) -> Finding:
    student, teacher, x = dense_pair(std, 64)
    found = compare(
        student, teacher, x, true_gradients(student, teacher, x), bias_node=False
    )
    layers = ", ".join(f"{one.error:.2f}" for one in found)
    note = f"Relative errors of the layers {layers}, lowest cosine {worst(found).cosine:.2f}."
    return at_most(worst(found).error, EXACT, note)


for _std in (1, 3, 10):
    claim(
        f"T1.no-bias-node-{_std}",
        f"Without a bias node the recursion is the gradient too (input size {_std}).",
        "violated",
    )(partial(_without_bias_node, float(_std)))


def _conv_pair() -> tuple[ReluNet, ReluNet, Array]:
    draw = generator(0, "theory", "conv")
    student, teacher = conv_net(8, (2, 4, 5), 4, draw), conv_net(8, (2, 3, 2), 4, draw)
    return student, teacher, draw.normal(size=(6, 8, 8, 2))


@claim("T1-BN.conv", "The rule holds for convolutions, node = channel at a position.")
def _conv() -> Finding:
    student, teacher, x = _conv_pair()
    found = worst(compare(student, teacher, x, true_gradients(student, teacher, x)))
    return at_most(found.error, EXACT, "8×8×2 images, 2 → 4-5 against 3-2 channels.")


def _norm_pair(order: str) -> tuple[NormNet, ReluNet, Array]:
    draw = generator(0, "theory", "norm")
    teacher = separated_net([10, 8, 9, 7], draw)
    student = NormNet(dense_net([10, 24, 27, 7], draw).layers, order, 1e-5)  # type: ignore[arg-type]
    return student, teacher, 3 * draw.normal(size=(64, 10))


def _evaluation_mode(fold: bool) -> Finding:
    """Take one batch's statistics as the running ones: a net in evaluation mode."""
    student, teacher, x = _norm_pair("relu-bn")
    fixed = folded(student, x)
    tried = fixed if fold else ReluNet(fixed.layers, student.layers)
    found = compare(tried, teacher, x, true_gradients(fixed, teacher, x))
    layers = ", ".join(f"{one.error:.2g}" for one in found)
    note = f"ReLU → BN; errors {layers}, lowest cosine {worst(found).cosine:.2f}."
    return at_most(worst(found).error, EXACT, note)


claim(
    "T1-BN.folded",
    "In evaluation mode the rule holds with BatchNorm folded into the next layer.",
)(partial(_evaluation_mode, True))
claim(
    "T1-BN.unfolded",
    "In evaluation mode BatchNorm may be left out of the recursion.",
    "violated",
)(partial(_evaluation_mode, False))


def _training_mode(order: str) -> Finding:
    student, teacher, x = _norm_pair(order)
    true = pre_activation_gradients(student, x, teacher.activations(x)[-1])
    found = compare(folded(student, x), teacher, x, true)
    if order == "bn-relu":  # the folded net's pre-activations are BN's outputs
        scale = [z.std(axis=0) for z in student.forward(x)[1]]
        rules = gradient_rule(folded(student, x), teacher, x)
        found = [
            Agreement.of(rule.gradient / sigma, g)
            for rule, g, sigma in zip(rules, true, scale, strict=False)
        ]
    layers = ", ".join(f"{one.error:.2f}" for one in found)
    note = (
        f"{order}, the batch's own statistics folded in: errors {layers}, lowest cosine "
        f"{worst(found).cosine:.2f}. The batch couples samples through the projection."
    )
    return at_most(worst(found).error, EXACT, note)


for _order in ("relu-bn", "bn-relu"):
    claim(
        f"T1-BN.training-{_order}",
        f"The rule holds per sample with BatchNorm in training mode ({_order}).",
        "violated",
    )(partial(_training_mode, _order))


@claim("E10-14.parts", "Teacher's and student's part of Eq. 2 propagate separately.")
def _parts() -> Finding:
    student, teacher, x = dense_pair(1, 64)
    active = student.activations(x)
    rules = gradient_rule(student, teacher, x)
    tops = (teacher.activations(x)[-1], active[-1])
    found = []
    for name, top in zip(("from_teacher", "from_student"), tops, strict=True):
        true = backpropagation(student, active, top)
        found += [
            Agreement.of(getattr(rule, name), g)
            for rule, g in zip(rules, true, strict=False)
        ]
    return at_most(worst(found).error, EXACT, "Backpropagated f_c° and f_c.")


@claim("E10-14.expansion", "Eq. 12: f′_j Σ β* f_j° is a sum over the nodes k° below.")
def _expansion() -> Finding:
    student, teacher, x = dense_pair(1, 64)
    rules, below = gradient_rule(student, teacher, x), teacher.activations(x)
    found = []
    for at in range(1, len(rules)):
        rule, affine = rules[at], teacher.layers[at]
        gated = rule.gates[:, :, None] * rule.beta_cross[:, :-1, :-1]
        weights = gated * rule.teacher_gates[:, None] @ affine.kernel.T
        bias = (gated * rule.teacher_gates[:, None]) @ affine.bias
        bias += rule.gates * rule.beta_cross[:, :-1, -1]
        sums = (weights * below[at - 1][:, None]).sum(axis=2) + bias
        found.append(Agreement.of(sums, rule.from_teacher))
    return at_most(worst(found).error, EXACT, "The bias node is one of the k°.")


@claim("T1.widths", "Teacher and student may have any, different, widths.")
def _widths() -> Finding:
    draw, errors = generator(0, "theory", "widths"), []
    for depth in (1, 2, 4, 6):
        student = dense_net([5, *draw.integers(1, 30, depth), 3], draw)
        teacher = separated_net([5, *draw.integers(1, 9, depth), 3], draw)
        x = draw.normal(size=(32, 5))
        true = true_gradients(student, teacher, x)
        errors.append(worst(compare(student, teacher, x, true)).error)
    return at_most(max(errors), EXACT, "Depths 1, 2, 4 and 6, random widths.")


@claim("T1.fixed-point", "A student that is its teacher receives no gradient anywhere.")
def _fixed_point() -> Finding:
    _, teacher, x = dense_pair(1, 64)
    size = max(np.abs(r.gradient).max() for r in gradient_rule(teacher, teacher, x))
    return equal(float(size), 0.0, EXACT, "Largest |g| of any node and sample.")

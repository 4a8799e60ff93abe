"""Theorems 1 to 3 without automatic differentiation: matrices, differences, symmetries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.analysis.relu_net import Affine, ReluNet, Skip
from tfluck.foundations.errors import BadInput
from tfluck.theory.batch_norm import (
    NormNet,
    backward,
    conservation,
    folded,
    growth,
    leftover,
    normalize,
    parameter_gradient,
    pre_activation_gradients,
    projected,
    step,
    weight_flow,
)
from tfluck.theory.gradient_rule import gradient_rule
from tfluck.theory.matrix_dynamics import (
    descend,
    matrix_dynamics,
    normalized,
    stacked,
    unstacked,
)
from tfluck.theory.nets import (
    backpropagation,
    dense_net,
    separated_net,
    weight_gradients,
)

seeds = st.integers(0, 2**32 - 1)


def jacobian(f: np.ndarray, scale: float, epsilon: float) -> np.ndarray:
    """∂y/∂f of one node over a batch, y = c₀ f̂, as the matrix of Lemma 1."""
    n, centred = len(f), f - f.mean()
    deviation = np.sqrt((centred**2).mean() + epsilon)
    hat = centred / deviation
    return scale / deviation * (np.eye(n) - 1 / n - np.outer(hat, hat) / n)


@given(seeds, st.integers(2, 9), st.sampled_from([0.0, 1e-5, 0.1, 3.0]))
def test_the_gradient_at_f_is_a_matrix(seed: int, n: int, epsilon: float) -> None:
    draw = np.random.default_rng(seed)
    f, g, scale = (
        draw.normal(size=(n, 3)),
        draw.normal(size=(n, 3)),
        draw.normal(size=3),
    )
    found = backward(f, g, scale, epsilon)
    for node in range(3):
        matrix = jacobian(f[:, node], scale[node], epsilon)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
        np.testing.assert_allclose(
            found[:, node], matrix @ g[:, node], rtol=1e-7, atol=1e-8
        )


@settings(max_examples=25)
@given(seeds, st.sampled_from([1e-3, 0.1, 1.0]))
def test_the_gradient_at_f_and_at_c_is_differences(seed: int, epsilon: float) -> None:
    draw = np.random.default_rng(seed)
    f, g, (scale, shift) = (
        draw.normal(size=(5, 2)),
        draw.normal(size=(5, 2)),
        [2.0, -0.5],
    )

    def loss(f: np.ndarray, scale: float, shift: float) -> float:
        return float((g * (scale * normalize(f, epsilon).values + shift)).sum())

    found, h = backward(f, g, np.full(2, scale), epsilon), 1e-5
    for place in ((0, 0), (3, 1)):
        bump = np.zeros((5, 2))
        bump[place] = h
        slope = loss(f + bump, scale, shift) - loss(f - bump, scale, shift)
        assert found[place] == pytest.approx(slope / (2 * h), rel=1e-4, abs=1e-5)
    at_c = parameter_gradient(f, g, epsilon)
    assert at_c.shape == (2, 2)
    slopes = loss(f, scale + 1, shift) - loss(f, scale, shift), (g.sum())
    assert at_c.sum(axis=1) == pytest.approx(slopes)


@given(seeds, st.floats(0.05, 50), st.floats(-50, 50))
def test_batch_norm_sees_no_scale_and_no_shift(
    seed: int, size: float, shift: float
) -> None:
    """So its gradient shrinks by the scale and ignores the shift, without ε."""
    draw = np.random.default_rng(seed)
    f, g, scale = (
        draw.normal(size=(8, 2)),
        draw.normal(size=(8, 2)),
        draw.normal(size=2),
    )
    plain, other = normalize(f, 0.0), normalize(size * f + shift, 0.0)
    np.testing.assert_allclose(other.values, plain.values, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.deviation, size * plain.deviation, rtol=1e-9)
    np.testing.assert_allclose(
        size * backward(size * f + shift, g, scale, 0.0),
        backward(f, g, scale, 0.0),
        rtol=1e-5,
        atol=1e-7,
    )


@given(seeds, st.sampled_from([0.0, 1e-5, 0.5]))
def test_normalized_columns(seed: int, epsilon: float) -> None:
    f = np.random.default_rng(seed).normal(2, 3, size=(7, 2))
    found = normalize(f, epsilon)
    variance = f.var(axis=0)
    np.testing.assert_allclose(found.values.mean(axis=0), 0, atol=1e-12)
    expected = variance / (variance + epsilon)
    np.testing.assert_allclose((found.values**2).mean(axis=0), expected, rtol=1e-9)
    np.testing.assert_allclose(found.deviation, np.sqrt(variance + epsilon), rtol=1e-12)


@given(seeds)
def test_projecting_twice_is_projecting_once(seed: int) -> None:
    draw = np.random.default_rng(seed)
    f, g = draw.normal(size=(9, 2)), draw.normal(size=(9, 2))
    one = np.ones(2)
    once = projected(f, g, one) * f.std(axis=0)
    np.testing.assert_allclose(
        projected(f, once, one) * f.std(axis=0), once, atol=1e-12
    )
    away = projected(f, f - f.mean(axis=0) + 3, one)
    np.testing.assert_allclose(away, 0, atol=1e-10)


@given(seeds, st.floats(1e-6, 2.0))
def test_what_epsilon_keeps_alive_grows_with_it(seed: int, epsilon: float) -> None:
    draw = np.random.default_rng(seed)
    f, g, scale = (
        draw.normal(size=(9, 2)),
        draw.normal(size=(9, 2)),
        draw.normal(size=2),
    )
    found = leftover(f, g, scale, epsilon)
    # mean(f Jg) node by node: c₀ cov(f, g)/√(σ²+ε) · ε/(σ²+ε).
    for node in range(2):
        variance = f[:, node].var()
        covariance = ((f[:, node] - f[:, node].mean()) * g[:, node]).mean()
        exact = scale[node] * covariance * epsilon / (variance + epsilon) ** 1.5
        assert found[node] == pytest.approx(exact, rel=1e-6, abs=1e-15)
        rows = jacobian(f[:, node], scale[node], epsilon) @ g[:, node]
        assert (f[:, node] * rows).mean() == pytest.approx(exact, rel=1e-5, abs=1e-12)
    np.testing.assert_array_equal(leftover(f, g, scale, 0.0), 0)


def norm_net(
    order: str, epsilon: float, seed: int = 1
) -> tuple[NormNet, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    net = NormNet(dense_net([4, 6, 5, 3], draw).layers, order, epsilon)  # type: ignore[arg-type]
    return net, draw.normal(size=(12, 4)), draw.normal(size=(12, 3))


@pytest.mark.parametrize("order", ["relu-bn", "bn-relu"])
def test_the_forward_pass_by_hand(order: str) -> None:
    net, x, _ = norm_net(order, 0.1)
    inputs, linear, output = net.forward(x)
    h = x
    for at, affine in enumerate(net.layers[:-1]):
        np.testing.assert_array_equal(inputs[at], h)
        z = h @ affine.kernel + affine.bias
        np.testing.assert_allclose(linear[at], z)
        seen = np.maximum(z, 0) if order == "relu-bn" else z
        hat = (seen - seen.mean(axis=0)) / np.sqrt(seen.var(axis=0) + 0.1)
        h = hat if order == "relu-bn" else np.maximum(hat, 0)
    np.testing.assert_allclose(inputs[-1], h)
    np.testing.assert_allclose(output, h @ net.layers[-1].kernel + net.layers[-1].bias)
    assert (len(inputs), len(linear)) == (3, 2)


def objective(net: NormNet, x: np.ndarray, target: np.ndarray) -> float:
    return float(np.square(target - net.forward(x)[2]).sum() / 2 / len(x))


@pytest.mark.parametrize("order", ["relu-bn", "bn-relu"])
@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_the_flow_in_training_mode_is_differences(order: str, epsilon: float) -> None:
    net, x, target = norm_net(order, epsilon)
    draw, h = np.random.default_rng(0), 1e-6
    flow = weight_flow(net, x, target)
    for at in range(3):
        for _ in range(3):
            push = [
                Affine(np.zeros_like(a.kernel), np.zeros_like(a.bias))
                for a in net.layers
            ]
            push[at] = Affine(
                draw.normal(size=push[at].kernel.shape),
                draw.normal(size=push[at].bias.shape),
            )
            ahead, back = step(net, push, h), step(net, push, -h)
            slope = (objective(ahead, x, target) - objective(back, x, target)) / (2 * h)
            along = (flow[at].kernel * push[at].kernel).sum()
            along += (flow[at].bias * push[at].bias).sum()
            assert -along == pytest.approx(slope, rel=1e-5, abs=1e-8)
    rows = pre_activation_gradients(net, x, target)
    np.testing.assert_allclose(flow[0].kernel, x.T @ rows[0] / len(x))
    np.testing.assert_allclose(rows[-1], target - net.forward(x)[2])


def test_a_step_moves_every_layer_by_its_rate() -> None:
    net, x, target = norm_net("relu-bn", 1e-5)
    flow = weight_flow(net, x, target)
    after = step(net, flow, 0.25)
    assert (after.order, after.epsilon) == (net.order, net.epsilon)
    for a, d, b in zip(net.layers, flow, after.layers, strict=True):
        np.testing.assert_array_equal(b.kernel, a.kernel + 0.25 * d.kernel)
        np.testing.assert_array_equal(b.bias, a.bias + 0.25 * d.bias)


def test_conservation_node_by_node() -> None:
    """Means over live nodes of three quotients; a dead node has no gradient and no say."""
    draw = np.random.default_rng(2)
    w, dw, b, db = (draw.normal(size=shape) for shape in ((3, 4), (3, 4), (4,), (4,)))
    dw[:, 1] = 0
    net = NormNet((Affine(w, b), Affine(np.ones((4, 1)), np.zeros(1))), "relu-bn", 1e-5)
    top = Affine(np.zeros((4, 1)), np.zeros(1))
    (found,) = conservation(net, [Affine(dw, db), top])
    weights, both, share = [], [], []
    for j in (0, 2, 3):
        along = float(w[:, j] @ dw[:, j])
        lengths = np.linalg.norm(w[:, j]), np.linalg.norm(dw[:, j])
        weights.append(abs(along) / (lengths[0] * lengths[1]))
        whole = np.hypot(lengths[0], b[j]) * np.hypot(lengths[1], db[j])
        both.append(abs(along + b[j] * db[j]) / whole)
        share.append(abs(db[j]) / lengths[1])
    assert found.weights == pytest.approx(np.mean(weights))
    assert found.with_bias == pytest.approx(np.mean(both))
    assert found.bias_share == pytest.approx(np.mean(share))


def test_growth_is_what_was_added_step_by_step() -> None:
    net, _, _ = norm_net("relu-bn", 1e-3)
    teacher = separated_net([4, 2, 2, 3], np.random.default_rng(5))
    found = growth(
        net, teacher, np.random.default_rng(7), steps=3, rate=0.05, std=2.0, batch=9
    )
    draw, here = np.random.default_rng(7), net

    def squares(layers: object) -> list[float]:
        return [(a.kernel**2).sum() + (a.bias**2).sum() for a in list(layers)[:-1]]  # type: ignore[call-overload]

    start, added = squares(net.layers), [0.0, 0.0]
    for _ in range(3):
        x = 2.0 * draw.normal(size=(9, 4))
        flow = weight_flow(here, x, teacher.activations(x)[-1])
        added = [a + 0.05**2 * s for a, s in zip(added, squares(flow), strict=True)]
        here = step(here, flow, 0.05)
    for at, (one, end) in enumerate(zip(found, squares(here.layers), strict=True)):
        assert one.relative == pytest.approx(end / start[at] - 1)
        assert one.residual == pytest.approx(
            abs(end - start[at] - added[at]) / start[at]
        )
    nothing = growth(net, teacher, draw, steps=0, rate=0.05)
    assert [(one.relative, one.residual) for one in nothing] == [(0, 0)] * 2


@given(seeds, st.sampled_from(["relu-bn", "bn-relu"]), st.floats(1e-4, 1.0))
def test_folding_keeps_every_gate_too(seed: int, order: str, epsilon: float) -> None:
    net, x, _ = norm_net(order, epsilon, seed)
    _, linear, output = net.forward(x)
    plain = folded(net, x)
    active = plain.activations(x)
    np.testing.assert_allclose(active[-1], output, atol=1e-9)
    for f, z in zip(active, linear, strict=False):
        on = z > 0 if order == "relu-bn" else normalize(z, epsilon).values > 0
        close = np.abs(z if order == "relu-bn" else normalize(z, epsilon).values) < 1e-9
        np.testing.assert_array_equal((f > 0) | close, on | close)


@given(seeds, st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_theorem_1_is_backpropagation(seed: int, hidden: list[int]) -> None:
    draw = np.random.default_rng(seed)
    student = dense_net([3, *hidden, 2], draw)
    teacher = separated_net([3, *(1 + n // 2 for n in hidden), 2], draw)
    x = draw.normal(size=(5, 3))
    active = student.activations(x)
    true = backpropagation(student, active, teacher.activations(x)[-1] - active[-1])
    rules, theirs = gradient_rule(student, teacher, x), teacher.activations(x)
    assert len(rules) == len(hidden)
    for at, (rule, g) in enumerate(zip(rules, true, strict=False)):
        np.testing.assert_allclose(rule.gradient, g, atol=1e-10)
        np.testing.assert_array_equal(rule.gates, active[at] > 0)
        np.testing.assert_array_equal(rule.teacher_gates, theirs[at] > 0)
        np.testing.assert_allclose(rule.beta, rule.beta.transpose(0, 2, 1), atol=1e-10)
        assert rule.beta_cross.shape == (5, hidden[at] + 1, 2 + hidden[at] // 2)


def bare(net: ReluNet) -> ReluNet:
    return ReluNet(tuple(Affine(a.kernel, np.zeros_like(a.bias)) for a in net.layers))


def test_the_two_parts_of_the_gradient() -> None:
    """Without biases each part is what its own network's outputs pull (Eq. 10 to 14)."""
    draw = np.random.default_rng(1)
    student, teacher = (
        bare(net)
        for net in (dense_net([3, 5, 4, 2], draw), separated_net([3, 2, 3, 2], draw))
    )
    x = draw.normal(size=(6, 3))
    rules, active = gradient_rule(student, teacher, x), student.activations(x)
    for net, name in ((teacher, "from_teacher"), (student, "from_student")):
        rows = backpropagation(student, active, net.activations(x)[-1])
        for rule, g in zip(rules, rows, strict=False):
            np.testing.assert_allclose(getattr(rule, name), g, atol=1e-12)


def test_without_biases_the_bias_node_does_nothing() -> None:
    draw = np.random.default_rng(2)
    student, teacher = (
        bare(dense_net([3, 5, 4, 2], draw)),
        bare(separated_net([3, 2, 2, 2], draw)),
    )
    x = draw.normal(size=(6, 3))
    pairs = zip(
        gradient_rule(student, teacher, x),
        gradient_rule(student, teacher, x, bias_node=False),
        strict=True,
    )
    for with_node, without in pairs:
        np.testing.assert_allclose(with_node.gradient, without.gradient, atol=1e-12)
        np.testing.assert_allclose(
            with_node.from_teacher, without.from_teacher, atol=1e-12
        )


@given(st.permutations(range(5)), st.permutations(range(6)))
def test_theorem_1_follows_nodes_and_samples(
    nodes: list[int], samples: list[int]
) -> None:
    draw = np.random.default_rng(3)
    student, teacher = dense_net([3, 5, 2], draw), separated_net([3, 2, 2], draw)
    x = draw.normal(size=(6, 3))
    low, top = student.layers
    shuffled = ReluNet(
        (
            Affine(low.kernel[:, nodes], low.bias[nodes]),
            Affine(top.kernel[nodes], top.bias),
        )
    )
    (one,), (other,) = (
        gradient_rule(net, teacher, inputs)
        for net, inputs in ((student, x), (shuffled, x[samples]))
    )
    np.testing.assert_allclose(
        other.gradient, one.gradient[samples][:, nodes], atol=1e-12
    )
    cross = one.beta_cross[samples][:, [*nodes, 5]]
    np.testing.assert_allclose(other.beta_cross, cross, atol=1e-12)


def test_theorem_1_says_what_it_is_about() -> None:
    draw = np.random.default_rng(0)
    net = dense_net([3, 3, 3, 3, 2], draw)
    skip = ReluNet(net.layers, skips=(Skip(0, 2, np.ones(3), np.zeros(3)),))
    x = draw.normal(size=(2, 3))
    for pair in ((net, skip), (skip, net)):
        with pytest.raises(BadInput, match="chains of layers; here some skip others"):
            gradient_rule(*pair, x)
    with pytest.raises(BadInput, match="need the same depth"):
        gradient_rule(net, dense_net([3, 3, 2], draw), x)
    with pytest.raises(BadInput, match="the same outputs"):
        gradient_rule(net, dense_net([3, 3, 3, 3, 1], draw), x)


@given(seeds)
def test_a_single_layer_is_linear_regression(seed: int) -> None:
    """Ẇ = E[[x, 1] (y* − y)ᵀ], and H = H* = β = β* = 1."""
    draw = np.random.default_rng(seed)
    w, v, x = (
        draw.normal(size=(4, 2)),
        draw.normal(size=(4, 2)),
        draw.normal(size=(9, 3)),
    )
    (found,) = matrix_dynamics([w], [v], x)
    inputs = np.column_stack([x, np.ones(9)])
    exact = inputs.T @ (inputs @ v - inputs @ w) / 9
    np.testing.assert_allclose(found.update, exact, atol=1e-12)
    for part in (found.h, found.h_cross, found.beta, found.beta_cross):
        np.testing.assert_array_equal(part, np.eye(2))
    np.testing.assert_array_equal(found.l, found.l_cross)


@given(seeds, st.booleans())
def test_a_teacher_as_its_own_student_stands_still(seed: int, column: bool) -> None:
    draw = np.random.default_rng(seed)
    weights = stacked(separated_net([3, 4, 3, 2], draw))
    for layer in matrix_dynamics(
        weights, weights, draw.normal(size=(8, 3)), bias_column=column
    ):
        np.testing.assert_allclose(layer.update, 0, atol=1e-12)
        np.testing.assert_allclose(layer.h, layer.h_cross, atol=1e-12)
        np.testing.assert_allclose(layer.beta, layer.beta.T, atol=1e-12)


def test_the_matrices_entry_by_entry() -> None:
    draw = np.random.default_rng(4)
    student, teacher = dense_net([3, 4, 2], draw), separated_net([3, 2, 2], draw)
    x = draw.normal(size=(10, 3))
    low, top = matrix_dynamics(stacked(student), stacked(teacher), x)
    f, t = student.activations(x)[0], teacher.activations(x)[0]
    w, v = student.layers[1], teacher.layers[1]
    for j in range(5):
        ours = f[:, j] if j < 4 else np.ones(10)
        rows = w.kernel[j] if j < 4 else w.bias
        for k in range(3):
            theirs = t[:, k] if k < 2 else np.ones(10)
            other = v.kernel[k] if k < 2 else v.bias
            assert top.l_cross[j, k] == pytest.approx((ours * theirs).mean())
            assert low.beta_cross[j, k] == pytest.approx(rows @ other)
            both = ((ours > 0) & (theirs > 0)).mean()
            assert low.h_cross[j, k] == pytest.approx(rows @ other * both)
        for k in range(5):
            theirs = f[:, k] if k < 4 else np.ones(10)
            assert top.l[j, k] == pytest.approx((ours * theirs).mean())
    forgotten = matrix_dynamics(
        stacked(student), stacked(teacher), x, bias_column=False
    )[0]
    assert forgotten.h.shape == (4, 4) and forgotten.h_cross.shape == (4, 2)
    np.testing.assert_allclose(forgotten.h, low.h[:4, :4])


@given(seeds)
def test_stacking_and_unstacking(seed: int) -> None:
    net = dense_net([3, 5, 2], np.random.default_rng(seed))
    weights = stacked(net)
    assert [w.shape for w in weights] == [(4, 5), (6, 2)]
    for one, other in zip(net.layers, unstacked(weights).layers, strict=True):
        np.testing.assert_array_equal(one.kernel, other.kernel)
        np.testing.assert_array_equal(one.bias, other.bias)
    scaled = normalized(weights[0])
    np.testing.assert_allclose(np.linalg.norm(scaled, axis=0), 1)
    np.testing.assert_allclose(scaled * np.linalg.norm(weights[0], axis=0), weights[0])


@pytest.mark.parametrize("top", [True, False])
def test_the_scripts_descent_step_by_step(top: bool) -> None:
    draw = np.random.default_rng(6)
    student, teacher = (
        stacked(dense_net([3, 4, 2], draw)),
        stacked(separated_net([3, 2, 2], draw)),
    )
    before = [w.copy() for w in student]
    found = descend(
        student,
        teacher,
        np.random.default_rng(1),
        steps=3,
        batch=5,
        rate=0.1,
        normalize_top=top,
    )
    for kept, was in zip(student, before, strict=True):
        np.testing.assert_array_equal(kept, was), "the start is not written to"
    other, here = np.random.default_rng(1), student
    for _ in range(3):
        flow = matrix_dynamics(
            here, teacher, other.normal(size=(5, 3)), bias_column=False
        )
        low, high = (w + 0.1 * f.update for w, f in zip(here, flow, strict=True))
        here = [normalized(low), normalized(high) if top else high]
    for one, two in zip(found, here, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-14)
    lengths = np.linalg.norm(found[-1], axis=0)
    assert np.allclose(lengths, 1) == top


def test_eq_6_forgets_biases_of_upper_layers_without_its_column() -> None:
    """One sample: exact with the bias column, and not without, unless there are none."""
    draw = np.random.default_rng(8)
    student, teacher = dense_net([3, 5, 4, 2], draw), separated_net([3, 2, 2, 2], draw)
    x = draw.normal(size=(1, 3))
    for pair, exact in (
        ((student, teacher), False),
        ((bare(student), bare(teacher)), True),
    ):
        true = weight_gradients(pair[0], x, pair[1].activations(x)[-1])
        weights = stacked(pair[0]), stacked(pair[1])
        ours = matrix_dynamics(*weights, x, bias_column=False)
        assert np.allclose(ours[0].update[:-1], true[0][:-1], atol=1e-12) == exact
        np.testing.assert_allclose(
            matrix_dynamics(*weights, x)[0].update, true[0], atol=1e-12
        )

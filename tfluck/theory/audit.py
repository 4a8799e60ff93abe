"""Which hypotheses of the theorems hold on a trained network, layer by layer.

A row is one hypothesis at one hidden layer: what was measured, the bound it is held
against, and a verdict. What cannot be measured on a network has no number, and says why.
BatchNorm is in evaluation mode, folded into the layers beside it.
"""

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.lipschitz import layer_constants
from tfluck.analysis.overlap import Gram, overlap
from tfluck.analysis.relu_net import ReluNet, jacobians
from tfluck.theory.agreement import Agreement, worst
from tfluck.theory.assumption import compare_sides, pairs
from tfluck.theory.gradient_rule import gradient_rule
from tfluck.theory.matrix_dynamics import matrix_dynamics, stacked
from tfluck.theory.measured import Row, State, absent, judged
from tfluck.theory.nets import backpropagation, is_chain, weight_gradients
from tfluck.theory.outcomes import norms, outcomes
from tfluck.theory.recovery import assembled

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Samples of Theorem 1 (per-sample matrices), of Assumption 1, and of all else.
FEW, SOME = 4, 256
#: Nodes a layer of which tuples are formed in Assumption 1, and per-sample nodes at most.
TUPLES, PER_SAMPLE = 12, 4000
#: Overlaps up to here count as small; averages up to here count as separated.
SMALL, SEPARATED = 0.1, 0.05
#: Relative error that float64 leaves.
EXACT = 1e-10


def audit(state: State) -> list[Row]:
    """Measure every hypothesis about the student at every hidden layer."""
    return [
        *_gradients(state),
        *_averages(state),
        *_overlaps(state.student, state.x, "student"),
        *norms(state),
        *outcomes(state),
    ]


def audit_teacher(state: State) -> list[Row]:
    """Measure Assumptions 2 and 3 of the teacher, and the γ that they leave."""
    rows, active = [], state.teacher.activations(state.x)
    for at, f in enumerate(active[:-1]):
        seen = overlap(Gram.of(f))
        k_d = _lipschitz(state, active, at)
        rows += _gamma(at, seen.live_nodes, seen.eps_d.max, k_d)
    return _overlaps(state.teacher, state.x, "teacher") + rows


def _gradients(state: State) -> list[Row]:
    """Hold Theorem 1 against backpropagation on a few samples."""
    x = state.x[:FEW]
    name, layers = "Theorem 1, error", len(state.rho)
    if not (is_chain(state.student) and is_chain(state.teacher)):
        return absent("T1", name, layers, EXACT, "Some layers skip others.")
    active = state.student.activations(x)
    nodes = max(f[0].size for f in active)
    if nodes > PER_SAMPLE or x[0].size > PER_SAMPLE:
        return absent(
            "T1", name, layers, EXACT, f"{nodes} nodes × positions: too many."
        )
    true = backpropagation(
        state.student, active, state.teacher.activations(x)[-1] - active[-1]
    )
    rules = gradient_rule(state.student, state.teacher, x)
    found = [
        Agreement.of(rule.gradient, g.reshape(len(x), -1))
        for rule, g in zip(rules, true, strict=False)
    ]
    return [judged("T1", name, at, one.error, EXACT) for at, one in enumerate(found)]


def _averages(state: State) -> list[Row]:
    """Hold Assumption 1 and Theorem 2 against averages over samples; dense nets only."""
    first, second = "Assumption 1, error", "Theorem 2, error"
    layers = len(state.rho)
    if not state.dense:
        why = "Dense chains only."
        return [
            *absent("A1", first, layers, SEPARATED, why),
            *absent("T2", second, layers, SEPARATED, why),
        ]
    rows = [
        judged("A1", first, at, one.error, SEPARATED, f"cosine {one.cosine:.2f}")
        for at, one in enumerate(_separations(state))
    ]
    ours, theirs = stacked(state.student), stacked(state.teacher)
    flows = matrix_dynamics(ours, theirs, state.x)
    target = state.teacher.activations(state.x)[-1]
    true = weight_gradients(state.student, state.x, target)
    for at in range(layers):
        one = Agreement.of(flows[at].update, true[at])
        note = f"cosine {one.cosine:.2f}"
        rows.append(judged("T2", second, at, one.error, SEPARATED, note))
    return rows


def _separations(state: State) -> list[Agreement]:
    """Compare both sides of Eq. 4 and 5 over tuples of randomly chosen nodes."""
    draw, x = np.random.default_rng(state.seed), state.x[:SOME]
    nets = (state.student, state.teacher)
    active = [net.activations(x) for net in nets]
    walks = [jacobians(net, f) for net, f in zip(nets, active, strict=True)]
    found = []
    for at, (ours, theirs) in enumerate(zip(*walks, strict=True)):
        layer = len(state.rho) - 1 - at
        chosen = [_some(j.nodes.shape[-1], draw) for j in (ours, theirs)]
        s, t = (
            j.nodes[:, :, 0, nodes]
            for j, nodes in zip((ours, theirs), chosen, strict=True)
        )
        on, teacher_on = (
            j.gates[:, 0, nodes].astype(np.float64)
            for j, nodes in zip((ours, theirs), chosen, strict=True)
        )
        f, g = (_below(x, a, layer, draw) for a in active)
        beta = s.transpose(0, 2, 1)
        found += [
            worst(
                [
                    compare_sides(beta @ t, pairs(on, teacher_on), pairs(f, g)),
                    compare_sides(beta @ s, pairs(on, on), pairs(f, f)),
                ]
            )
        ]
    return found[::-1]


def _below(
    x: Array, active: list[Array], layer: int, draw: np.random.Generator
) -> Array:
    """Return some of the nodes that ``layer`` reads."""
    f = x if layer == 0 else active[layer - 1]
    f = f.reshape(len(f), -1)
    return np.asarray(f[:, _some(f.shape[1], draw)])


def _some(nodes: int, draw: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(draw.permutation(nodes)[:TUPLES])


def _overlaps(net: ReluNet, x: Array, who: str) -> list[Row]:
    """Measure Assumption 3; Theorem 5 wants it of the students as well."""
    rows: list[Row] = []
    for at, f in enumerate(net.activations(x)[:-1]):
        seen = overlap(Gram.of(f))
        for symbol, ratios in (("ε_d", seen.eps_d), ("ε_l", seen.eps_l)):
            name = f"Assumption 3, {who}, median {symbol}"
            if ratios.median is None:
                why = "There is no pair of live nodes."
                rows.append(Row("A3", name, at, None, SMALL, "diagnostic", why))
                continue
            note = f"largest {ratios.max:.2f}"
            rows.append(judged("A3", name, at, ratios.median, SMALL, note))
    return rows


def _lipschitz(state: State, active: list[Array], at: int) -> float | None:
    """Return the smallest K_d that the layer's inputs allow up to 90°, a lower estimate."""
    affine = state.teacher.layers[at]
    if affine.bias.ndim != 1 or any(state.teacher.skips_to(at)):
        return None
    inputs = affine.patches(state.x if at == 0 else active[at - 1])
    inputs = inputs[: max(1, 2_000_000 // inputs.shape[1])]
    kernel = affine.kernel.reshape(-1, affine.kernel.shape[-1])
    draw = np.random.default_rng(state.seed)
    found = layer_constants(inputs, kernel, affine.bias, draw)
    return next(known.k_d for known in found if known.limit == 90)


def _gamma(at: int, m: int, eps_d: float | None, k_d: float | None) -> list[Row]:
    """Return K_d, and γ at θ₀ = 0: the most that Theorem 4 could promise."""
    if k_d is None or eps_d is None:
        why = "Too few samples tell K_d, or there is no pair of nodes."
        return [
            Row("A2", "Assumption 2, K_d", at, None, None, "diagnostic", why),
            Row("T4", "Theorem 4, γ", at, None, 0.0, "diagnostic", why),
        ]
    gamma = assembled(m, 0.0, eps_d, k_d, 1.0).gamma
    verdict = "holds" if gamma > 0 else "vacuous"
    note = f"γ at θ₀ = 0, m = {m}; the theorem needs it positive"
    return [
        Row("A2", "Assumption 2, K_d", at, k_d, None, "diagnostic", "up to 90°"),
        Row("T4", "Theorem 4, γ", at, gamma, 0.0, verdict, note),
    ]

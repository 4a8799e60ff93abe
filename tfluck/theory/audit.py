"""Which hypotheses of the theorems hold on a trained network, layer by layer.

A row is one hypothesis at one hidden layer: what was measured, the bound it is held
against, and a verdict. What cannot be measured on a network has no number, and says why.
BatchNorm is in evaluation mode, folded into the layers beside it.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.lipschitz import layer_constants
from tfluck.analysis.overlap import Gram, overlap
from tfluck.analysis.relu_net import ReluNet, jacobians
from tfluck.analysis.weights import fan_out_norms
from tfluck.theory.agreement import Agreement, worst
from tfluck.theory.assumption import compare_sides, pairs
from tfluck.theory.conjecture import blocks
from tfluck.theory.gradient_rule import gradient_rule
from tfluck.theory.matrix_dynamics import matrix_dynamics, stacked
from tfluck.theory.nets import backpropagation, is_chain, weight_gradients
from tfluck.theory.recovery import assembled
from tfluck.theory.suppression import group_by_teacher

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Samples of Theorem 1 (per-sample matrices), of Assumption 1, and of all else.
FEW, SOME = 4, 256
#: Nodes a layer of which tuples are formed in Assumption 1, and per-sample nodes at most.
TUPLES, PER_SAMPLE = 12, 4000
#: ρ from which a student is a teacher node's own.
OWN = 0.95
#: Overlaps up to here count as small; averages up to here count as separated.
SMALL, SEPARATED = 0.1, 0.05
#: Relative error that float64 leaves.
EXACT = 1e-10
#: Fan-outs and weights below these shares of the others' or of their start have vanished.
GONE, VANISHED = 0.01, 0.1


@dataclass(frozen=True)
class Row:
    """One hypothesis at one hidden layer.

    ``measured`` is None where nothing could be measured. ``verdict`` is ``holds``,
    ``violated``, ``vacuous`` or ``diagnostic``.
    """

    id: str
    hypothesis: str
    layer: int
    measured: float | None
    bound: float | None
    verdict: str
    note: str = ""

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


@dataclass(frozen=True)
class State:
    """A student at some epoch beside its teacher.

    Attributes:
        student, teacher: with BatchNorm folded.
        x: inputs, ``[samples, …]``.
        rho: correlations of each hidden layer, ``[m, n]``.
        live: teacher nodes that change, ``[m]`` each.
        kernels, biases: of the student's linear layers as they are, nothing folded.
        start: the kernels before training.
        start_biases: the biases before training.
        batch_norm: whether BatchNorm follows hidden layers.
        seed: chooses the tuples and planes that are tried.
    """

    student: ReluNet
    teacher: ReluNet
    x: Array
    rho: list[Array]
    live: list[Mask]
    kernels: list[Array]
    biases: list[Array]
    start: list[Array]
    start_biases: list[Array]
    batch_norm: bool
    seed: int = 0

    @property
    def dense(self) -> bool:
        """Tell whether both networks are chains of dense layers."""
        return all(
            is_chain(net) and all(a.kernel.ndim == 2 for a in net.layers)
            for net in (self.student, self.teacher)
        )

    @property
    def untrained(self) -> bool:
        """Tell whether the student is still where it started."""
        return all(
            np.array_equal(now, then)
            for now, then in zip(self.kernels, self.start, strict=True)
        )


def audit(state: State) -> list[Row]:
    """Measure every hypothesis about the student at every hidden layer."""
    return [
        *_gradients(state),
        *_averages(state),
        *_overlaps(state.student, state.x, "student"),
        *_norms(state),
        *_outcomes(state),
    ]


def audit_teacher(state: State) -> list[Row]:
    """Measure Assumptions 2 and 3 of the teacher, and the γ that they leave."""
    rows, active = [], state.teacher.activations(state.x)
    for at, f in enumerate(active[:-1]):
        seen = overlap(Gram.of(f))
        k_d = _lipschitz(state, active, at)
        rows += _gamma(at, seen.live_nodes, seen.eps_d.max, k_d)
    return _overlaps(state.teacher, state.x, "teacher") + rows


def _judged(
    id: str, name: str, layer: int, measured: float, bound: float, note: str = ""
) -> Row:
    verdict = "holds" if measured <= bound else "violated"
    return Row(id, name, layer, measured, bound, verdict, note)


def _absent(
    id: str, name: str, layers: int, bound: float | None, why: str
) -> list[Row]:
    return [Row(id, name, at, None, bound, "diagnostic", why) for at in range(layers)]


def _gradients(state: State) -> list[Row]:
    """Hold Theorem 1 against backpropagation on a few samples."""
    x = state.x[:FEW]
    name, layers = "Theorem 1, error", len(state.rho)
    if not (is_chain(state.student) and is_chain(state.teacher)):
        return _absent("T1", name, layers, EXACT, "Some layers skip others.")
    active = state.student.activations(x)
    nodes = max(f[0].size for f in active)
    if nodes > PER_SAMPLE or x[0].size > PER_SAMPLE:
        return _absent(
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
    return [_judged("T1", name, at, one.error, EXACT) for at, one in enumerate(found)]


def _averages(state: State) -> list[Row]:
    """Hold Assumption 1 and Theorem 2 against averages over samples; dense nets only."""
    first, second = "Assumption 1, error", "Theorem 2, error"
    layers = len(state.rho)
    if not state.dense:
        why = "Dense chains only."
        return [
            *_absent("A1", first, layers, SEPARATED, why),
            *_absent("T2", second, layers, SEPARATED, why),
        ]
    rows = [
        _judged("A1", first, at, one.error, SEPARATED, f"cosine {one.cosine:.2f}")
        for at, one in enumerate(_separations(state))
    ]
    ours, theirs = stacked(state.student), stacked(state.teacher)
    flows = matrix_dynamics(ours, theirs, state.x)
    target = state.teacher.activations(state.x)[-1]
    true = weight_gradients(state.student, state.x, target)
    for at in range(layers):
        one = Agreement.of(flows[at].update, true[at])
        note = f"cosine {one.cosine:.2f}"
        rows.append(_judged("T2", second, at, one.error, SEPARATED, note))
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
            rows.append(_judged("A3", name, at, ratios.median, SMALL, note))
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


def _norms(state: State) -> list[Row]:
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
            rows.append(_judged("T3", name, at, drift, 0.05, "√(‖w‖² + b²) of a node"))
        else:
            why = (
                "the start" if state.untrained else "no BatchNorm: nothing is conserved"
            )
            verdict = "diagnostic" if state.untrained else "vacuous"
            rows.append(Row("T3", name, at, drift, None, verdict, why))
    return rows


def _outcomes(state: State) -> list[Row]:
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
    return [_judged("T5", name, at, ratio, GONE, note)]


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
    return _judged("C-ML", name, at, block.size / block.start, VANISHED, words)

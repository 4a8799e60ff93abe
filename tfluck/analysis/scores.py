"""Scores by which nodes are kept when a network is pruned (X7, X8).

Each is one number a node, larger for nodes to keep. With J = ∂y/∂f of one sample
(:mod:`tfluck.analysis.relu_net`), gate g and v = J f summed over positions:

========== =============================================================================
modulation diagonal of H = E[β] ∘ D: E‖J‖² E[g] (paper 1, section 3.3: its proposal)
fan-out    norm of the outgoing weights, behind a BatchNorm with its scale
fan-in     norm of the incoming weights, in front of a BatchNorm with its scale
activation E[f]
taylor     E|∂ℓ/∂y · v|: first order of what removal changes, sample by sample
obd        ½ E[vᵀ ∂²ℓ/∂y² v]: second order, as in optimal brain damage. Exact, for y is
           linear in one node's f as long as no gate above flips
random     nothing
truth      best correlation with a live teacher node of the same layer
oracle     the exact change of loss when the node alone is removed
========== =============================================================================
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, kendalltau, rankdata

from tfluck.analysis.losses import Objective
from tfluck.analysis.relu_net import ReluNet, jacobians
from tfluck.analysis.removal import check_chain, removal_costs, widths
from tfluck.analysis.weights import fan_in_norms, fan_out_norms
from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator

Array = NDArray[np.float64]
#: Bytes that the Jacobians of the widest layer may take in one piece.
PIECE = 64 * 2**20
SCORES = (
    "modulation",
    "fan-out",
    "fan-in",
    "activation",
    "taylor",
    "obd",
    "random",
    "truth",
    "oracle",
)
#: Those that look at Jacobians.
SEEN = ("modulation", "activation", "taylor", "obd")
RESAMPLES = 999


def scores(
    net: ReluNet,
    x: Array,
    objective: Objective,
    names: Sequence[str],
    *,
    rho: Sequence[Array] | None = None,
    seed: int = 0,
) -> dict[str, list[Array]]:
    """Score every node of every hidden layer.

    Args:
        net: a chain, BatchNorm folded.
        x: inputs, ``[samples, …]``.
        objective: the loss on them.
        names: among :data:`SCORES`.
        rho: for ``truth``: per layer ρ of live teacher nodes, ``[m, n]``.
        seed: of ``random``.

    Returns:
        Name → one array ``[nodes]`` a layer.

    Raises:
        BadInput: the network is no chain, a name is unknown, or ``truth`` is asked for
            and no teacher is there.
    """
    check_chain(net)
    if unknown := [name for name in names if name not in SCORES]:
        raise BadInput(
            f"There is no score {unknown[0]!r}; choose of {', '.join(SCORES)}."
        )
    if "truth" in names and rho is None:
        raise BadInput("The score truth needs a teacher, as a run has one.")
    known: dict[str, list[Array]] = {}
    if any(name in SEEN for name in names):
        known |= _seen(net, x, objective)
    makers = {
        "fan-out": lambda: [
            fan_out_norms(above.kernel, nodes)
            for above, nodes in zip(net.layers[1:], widths(net), strict=True)
        ],
        "fan-in": lambda: [fan_in_norms(affine.kernel) for affine in net.layers[:-1]],
        "random": lambda: [
            generator(seed, "random-score", layer).random(nodes)
            for layer, nodes in enumerate(widths(net))
        ],
        "truth": lambda: [
            one.max(axis=0, initial=-1.0).astype(np.float64) for one in rho or ()
        ],
        "oracle": lambda: removal_costs(net, x, objective),
    }
    return {name: known[name] if name in known else makers[name]() for name in names}


def _seen(net: ReluNet, x: Array, objective: Objective) -> dict[str, list[Array]]:
    """Return the scores that look at Jacobians, in one pass over the samples."""
    sums = [np.zeros((5, nodes)) for nodes in widths(net)]
    *hidden, output = net.activations(x[:1])
    largest = max(layer.size for layer in hidden) * output.size * 8
    size = max(1, PIECE // largest)
    for at in range(0, len(x), size):
        part = slice(at, at + size)
        layers = reversed(sums)
        for total, found in zip(
            layers, _sums(net, x[part], objective.part(part)), strict=True
        ):
            total += found
    means = [total / len(x) for total in sums]
    return {
        "modulation": [mean[0] * mean[1] for mean in means],
        "activation": [mean[2] for mean in means],
        "taylor": [mean[3] for mean in means],
        "obd": [mean[4] for mean in means],
    }


def _sums(net: ReluNet, x: Array, objective: Objective) -> Iterator[Array]:
    """Yield, the highest layer first, sums over samples: ``[5, nodes]``.

    ‖J‖², gate, f (both means over positions), |∂ℓ/∂y · v|, ½ vᵀ ∂²ℓ/∂y² v.
    """
    active = net.activations(x)
    slope = objective.gradient(active[-1])
    for found, f in zip(jacobians(net, active), reversed(active[:-1]), strict=True):
        flat = f.reshape(found.gates.shape)
        v = np.einsum("sopn,spn->son", found.nodes, flat, optimize=True)
        first = np.einsum("so,son->sn", slope, v)
        yield np.stack(
            [
                np.square(found.nodes).sum(axis=(0, 1, 2)),
                found.gates.mean(axis=1).sum(axis=0),
                flat.mean(axis=1).sum(axis=0),
                np.abs(first).sum(axis=0),
                objective.curvature(active[-1], v).sum(axis=0) / 2,
            ]
        )


@dataclass(frozen=True)
class Agreement:
    """Rank correlation of a score with the oracle over the nodes of one layer.

    ``interval`` is the 95 % percentile interval of Spearman's over resampled nodes; None
    where a score never varies or there are fewer than three nodes.
    """

    spearman: float | None
    interval: tuple[float, float] | None
    kendall: float | None


def agreement(score: Array, oracle: Array) -> Agreement:
    """Compare how two scores, ``[nodes]``, order the nodes."""
    if len(score) < 3 or not np.ptp(score) or not np.ptp(oracle):
        return Agreement(None, None, None)
    found = bootstrap(
        (score, oracle),
        _spearman,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Agreement(
        float(_spearman(score, oracle)),
        (float(found.low), float(found.high)),
        float(kendalltau(score, oracle).statistic),
    )


def _spearman(one: Array, other: Array, axis: int = -1) -> Array:
    """Return Spearman's ρ along ``axis``; 0 where a resample never varies."""
    a, b = (rankdata(score, axis=axis) for score in (one, other))
    a, b = (score - score.mean(axis=axis, keepdims=True) for score in (a, b))
    norms = np.sqrt(np.square(a).sum(axis=axis) * np.square(b).sum(axis=axis))
    products = (a * b).sum(axis=axis)
    return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)

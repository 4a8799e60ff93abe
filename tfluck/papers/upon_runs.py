"""What claims ask of studies upon runs: numbers of one student, by metric and part.

Each takes a run, one of its students and the claim's options. A number that cannot be
told is None. TensorFlow comes only with what reads networks.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.stats import spearmanr

from tfluck.foundations.errors import BadInput
from tfluck.papers.statistics import Array
from tfluck.runs import Run
from tfluck.runs.correlations import read_matrices

if TYPE_CHECKING:
    from tfluck.analysis.dominance import Dominance

#: Metric → part → number.
Found: TypeAlias = dict[str, dict[str, float | None]]


def weights(run: Run, seed: int) -> Found:
    """Hold fan-out norms against best ρ, and winners' against others' (M-V, X6)."""
    from tfluck.instruments.loaded import load_run
    from tfluck.instruments.weights import Weights

    rows = Weights().compute(load_run(run).view(seed, needs=Weights.needs)).layers
    return {
        metric: {f"layer {row['layer']}": row[metric] for row in rows}
        for metric in ("spearman", "winners_larger")
    }


def sharing(run: Run, seed: int) -> Found:
    """Count the students that share a teacher node (X4)."""
    from tfluck.analysis.weights import fan_out_norms
    from tfluck.instruments.loaded import load_run

    view = load_run(run).view(seed, needs=frozenset({"matrices", "weights"}))
    matrices, kernels, found = view.matrices, view.kernels, {}
    layers = zip(matrices.rho, matrices.live, strict=True)
    for layer, (rho, live) in enumerate(layers):
        power = np.square(fan_out_norms(kernels[layer + 1], rho.shape[1]))
        found[f"layer {layer}"] = shared_by(rho[live], power)
    return {"participation": found}


def shared_by(rho: Array, power: Array) -> float | None:
    """Return the mean of (Σp)² / Σp² over teacher nodes that are some student's best.

    Args:
        rho: of live teacher nodes and students, ``[m, n]``.
        power: of each student, ``[n]``.
    """
    from tfluck.analysis.usage import participation

    if not rho.size:
        return None
    best = rho.argmax(axis=0)
    counts = [participation(power[best == node]) for node in np.unique(best)]
    return float(np.mean(counts))


def modulation(run: Run, seed: int, samples: int) -> Found:
    """Compare the diagonals of aligned H* and β* before and after training (F10)."""
    from tfluck.analysis.dominance import dominance, matched
    from tfluck.analysis.modulation import modulation as measure
    from tfluck.foundations.seeds import generator
    from tfluck.instruments.loaded import load_run
    from tfluck.instruments.modulation import Modulation

    loaded = load_run(run)
    ends: list[list[dict[str, Dominance]]] = []
    for epoch in (0, run.experiment.training.epochs):
        view = loaded.view(seed, epoch, Modulation.needs)
        layers = measure(*view.relu_nets(), view.inputs(samples))
        found = view.matrices
        ends.append(
            [
                {
                    name: dominance(
                        matched(getattr(layer, name), rho, live),
                        generator(0, "permuted-null", index),
                    )
                    for name in ("h_cross", "beta_cross")
                }
                for index, (layer, rho, live) in enumerate(
                    zip(layers, found.rho, found.live, strict=True)
                )
            ]
        )
    return diagonals(*ends)


def diagonals(
    start: "list[dict[str, Dominance]]", end: "list[dict[str, Dominance]]"
) -> Found:
    """Say by how much diagonals stand out more after training, and more in H*."""
    ratios: dict[str, float | None] = {}
    hits: dict[str, float | None] = {}
    for layer, (old, new) in enumerate(zip(start, end, strict=True)):
        name, h, beta = f"layer {layer}", new["h_cross"], new["beta_cross"]
        ratios[f"{name}, H* rises"] = _less(h.ratio, old["h_cross"].ratio)
        ratios[f"{name}, β* rises"] = _less(beta.ratio, old["beta_cross"].ratio)
        ratios[f"{name}, H* over β*"] = _less(h.ratio, beta.ratio)
        hits[name] = _less(h.hits, h.null_hits)
    return {"diagonals": ratios, "hits_above_null": hits}


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def flatness(run: Run, seed: int, samples: int, products: int) -> Found:
    """Compare the mean curvature of winners' weights with that of others' (X3)."""
    from tfluck.analysis.blocks import block
    from tfluck.analysis.trace import hutch_plus_plus
    from tfluck.foundations.runtime import start_tensorflow
    from tfluck.foundations.seeds import generator
    from tfluck.studies.flatness import BLOCKS, winners_of
    from tfluck.studies.run_flatness import run_surface

    start_tensorflow()
    from tfluck.networks.curvature import touched_codes

    epoch = run.experiment.training.epochs
    matrices = read_matrices(run, seed, epoch)
    surface = run_surface(run, seed, epoch, samples)
    won = winners_of(matrices.rho, matrices.live)
    codes = touched_codes(run.experiment.graph(), surface.model, won)
    means = {}
    for name in ("winners", "others"):
        rows = np.flatnonzero(codes == BLOCKS[name])
        if not len(rows):
            raise BadInput(f"No weights are in the block {name} of this student.")
        own = block(surface.product, surface.parameters, rows, rows)
        draw = generator(seed, "claim-flatness", name)
        trace = hutch_plus_plus(own, len(rows), products, draw)
        means[name] = trace.value / len(rows)
    return {"curvature_ratio": {"": ratio(means["winners"], means["others"])}}


def ratio(one: float, other: float) -> float | None:
    """Return one over other; None where either is no positive curvature."""
    return one / other if one > 0 and other > 0 else None


def pruning(run: Run, seed: int, share: float, samples: int) -> Found:
    """Prune at once by modulation and by norms, and compare OBD with fan-out (X7, X8)."""
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    from tfluck.studies.pruning import of_run, one_shot, score_all

    subject, norms = of_run(run, seed, samples), ("fan-in", "fan-out")
    scores = score_all(subject, ["modulation", *norms, "obd"], seed)
    pruned = {name: scores[name] for name in ("modulation", *norms)}
    losses = {
        curve.score: curve.points[0].loss
        for curve in one_shot(subject, pruned, [share])
    }
    pairs = zip(scores["fan-out"], scores["obd"], strict=True)
    return {
        "loss_by_norm": {n: _less(losses[n], losses["modulation"]) for n in norms},
        "agreement": {
            f"layer {at}": rank_correlation(*pair) for at, pair in enumerate(pairs)
        },
    }


def rank_correlation(one: Array, other: Array) -> float | None:
    """Return Spearman's correlation; None where one of them never varies."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(spearmanr(one, other).statistic)


def usage(run: Run, seed: int) -> Found:
    """Count the nodes that a net which learned labels uses (X1)."""
    from tfluck.analysis.usage import usage as count
    from tfluck.studies.labelled import evaluated, network_of

    net, widths = network_of(run, seed), run.experiment.network.student_widths
    nobody = [np.zeros((0, nodes)) for nodes in widths]
    layers = count(net, evaluated(run), nobody)
    return {"used": {f"layer {one.layer}": one.participation for one in layers}}


def sharpness(run: Run, seed: int, samples: int) -> Found:
    """Take the largest curvature of a net's loss on what it learned by heart (X3)."""
    from tfluck.studies.labelled import sharpest

    value = sharpest(run, seed, samples)
    return {"log_sharpness": {"": math.log(value) if value > 0 else None}}


STUDIES: Mapping[str, Callable[..., Found]] = {
    one.__name__: one
    for one in (weights, sharing, modulation, flatness, pruning, usage, sharpness)
}


def study(name: str, run: Run, seed: int, options: Mapping[str, Any]) -> Found:
    """Carry out a study of one student by its name.

    Raises:
        BadInput: there is none, or it does not take these options.
        TfluckError: it says why it cannot.
    """
    if name not in STUDIES:
        raise BadInput(f"No study {name!r}; there are {', '.join(STUDIES)}, tickets.")
    return STUDIES[name](run, seed, **options)

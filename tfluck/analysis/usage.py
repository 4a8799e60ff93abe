"""How many nodes of a layer a network uses (X1, X4)."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.correlation import best_match
from tfluck.analysis.relu_net import ReluNet
from tfluck.analysis.removal import check_chain, widths
from tfluck.analysis.weights import fan_out_norms

Array = NDArray[np.float64]
#: A node whose fan-out is below this share of its layer's largest is hardly read.
THRESHOLD = 0.1


@dataclass(frozen=True)
class LayerUsage:
    """One layer of n nodes, counted in four ways.

    Attributes:
        layer, nodes: which, and n.
        winners: different nodes that are some live teacher node's best.
        matched: nodes whose ρ with some live teacher node is above 0.9.
        read: nodes whose fan-out norm is above a tenth of the layer's largest.
        participation: (Σ p)² / Σ p² with p = ‖fan-out‖² E[f²], the power a node sends
            up: n if all send the same, 1 if one sends it all; 0 where none does.
    """

    layer: int
    nodes: int
    winners: int
    matched: int
    read: int
    participation: float

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


def participation(power: Array) -> float:
    """Return (Σ p)² / Σ p² of ``power`` ≥ 0, ``[nodes]``: how many nodes share it."""
    largest = power.max(initial=0.0)
    if not largest:
        return 0.0
    share = power / largest
    return float(share.sum() ** 2 / np.square(share).sum())


def usage(net: ReluNet, x: Array, rho: list[Array]) -> list[LayerUsage]:
    """Count the nodes that ``net`` uses in each hidden layer.

    Args:
        net: a chain, BatchNorm folded: fan-out is of what a node really sends.
        x: inputs, ``[samples, …]``.
        rho: per layer ρ of live teacher nodes, ``[m, n]``.

    Raises:
        BadInput: the network is no chain.
    """
    check_chain(net)
    out = []
    layers = zip(net.layers[1:], net.activations(x), widths(net), rho, strict=False)
    for index, (above, f, nodes, found) in enumerate(layers):
        fan_out = fan_out_norms(above.kernel, nodes)
        power = np.square(f.reshape(-1, nodes)).mean(axis=0) * np.square(fan_out)
        out.append(
            LayerUsage(
                index,
                nodes,
                len(np.unique(best_match(found).winner)) if len(found) else 0,
                int((found.max(axis=0, initial=-1.0) > 0.9).sum()),
                int((fan_out > THRESHOLD * fan_out.max(initial=0.0)).sum()),
                participation(power),
            )
        )
    return out

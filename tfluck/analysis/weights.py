"""How large the weights into and out of each node are (M-V)."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from tfluck.analysis.correlation import best_match

Array = NDArray[np.float64]


def fan_in_norms(kernel: ArrayLike) -> Array:
    """Return ‖w_j‖ of every node's incoming weights, without bias.

    Args:
        kernel: Dense ``[in, nodes]`` or Conv2D ``[height, width, in, nodes]``.
    """
    array = np.asarray(kernel, np.float64)
    return np.asarray(np.linalg.norm(array.reshape(-1, array.shape[-1]), axis=0))


def fan_out_norms(kernel: ArrayLike, nodes: int) -> Array:
    """Return the norm of every lower node's outgoing weights, ``[nodes]``.

    Args:
        kernel: of the layer above: Dense, Conv2D, or the Dense layer that reads
            positions × channels, channels last.
        nodes: of the lower layer.
    """
    return np.asarray(np.linalg.norm(_by_source(kernel, nodes), axis=(0, 2)))


def fan_out_rms(kernel: ArrayLike, nodes: int) -> Array:
    """Return the root mean square instead of the norm, as the original printed it."""
    return np.asarray(np.sqrt(np.square(_by_source(kernel, nodes)).mean(axis=(0, 2))))


def fan_out_sizes(kernel: ArrayLike, nodes: int) -> Array:
    """Return the mean absolute outgoing weight, by which the original pruned."""
    return np.asarray(np.abs(_by_source(kernel, nodes)).mean(axis=(0, 2)))


def _by_source(kernel: ArrayLike, nodes: int) -> Array:
    array = np.asarray(kernel, np.float64)
    return array.reshape(-1, nodes, array.shape[-1])


@dataclass(frozen=True)
class LayerWeights:
    """The sizes of one layer's weights, and their L shape against correlation (M-V).

    *Winners* are the students that some live teacher node is matched to best; Theorem 5
    says that the fan-out of the others vanishes. ``winners_larger`` is the chance that
    a winner has the larger fan-out of a winner and another student (½ if size says
    nothing); ``spearman`` the rank correlation of fan-out with best ρ over students.
    What cannot be told (no winners, nobody else, no variation) is None.
    """

    layer: int
    student_nodes: int
    winners: int
    mean_fan_in: float
    mean_fan_out: float
    mean_fan_out_winners: float | None
    mean_fan_out_others: float | None
    winners_larger: float | None
    spearman: float | None

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


def layer_weights(
    layer: int, fan_in: Array, fan_out: Array, rho: Array, live: NDArray[np.bool_]
) -> LayerWeights:
    """Compare the norms of n students, ``[n]``, with their ρ, ``[m, n]``.

    ``live``, ``[m]``, tells which teacher nodes count.
    """
    won = np.zeros(rho.shape[1], bool)
    won[best_match(rho[live]).winner] = True
    winners, others = fan_out[won], fan_out[~won]
    both = won.any() and not won.all()
    order = None
    if live.any() and np.ptp(fan_out) > 0 and np.ptp(best := rho[live].max(axis=0)) > 0:
        order = float(spearmanr(fan_out, best).statistic)
    return LayerWeights(
        layer=layer,
        student_nodes=len(fan_out),
        winners=int(won.sum()),
        mean_fan_in=float(fan_in.mean()),
        mean_fan_out=float(fan_out.mean()),
        mean_fan_out_winners=float(winners.mean()) if won.any() else None,
        mean_fan_out_others=float(others.mean()) if not won.all() else None,
        winners_larger=_larger(winners, others) if both else None,
        spearman=order,
    )


def _larger(ones: Array, others: Array) -> float:
    """Return P(one > other) + ½ P(equal) over all pairs."""
    difference = np.sign(ones[:, None] - others)
    return float((1 + difference.mean()) / 2)

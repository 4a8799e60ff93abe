"""How large the weights into and out of each node are (M-V)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

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

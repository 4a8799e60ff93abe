"""Signs of BatchNorm biases: does a network gate its nodes sparsely? (A3, F6, F16)

Assumption 3 of paper 1 asks that two teacher nodes are seldom active together. After
Linear-BatchNorm-ReLU a node's pre-activation is γz + β with z of mean 0 and variance 1
over the data, so β (c₁ in the paper) decides how much passes: for Gaussian z the share
Φ(β/|γ|), below one half exactly if β < 0. Where BatchNorm *follows* the ReLU the sign
of β gates nothing, and such a network is never counted.

All arrays are per channel, [channels]; everything is float64.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr

from tfluck.foundations.errors import BadInput

Kind = Literal["batch-norm", "effective"]
Verdict = Literal[
    "supports",
    "contradicts",
    "not-counted",
    "effective-supports",
    "effective-contradicts",
    "effective-undecided",
]


@dataclass(frozen=True)
class LayerBias:
    """The bias signs of one layer.

    ``pass_rate`` is the mean over channels of Φ(β/|γ|). The authors' script counts
    exact zeros as negative; here they are counted apart, and ``negative_fraction`` is
    negative / channels.
    """

    name: str
    channels: int
    negative: int
    zero: int
    positive: int
    negative_fraction: float
    pass_rate: float
    consumer: str
    order: str

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


@dataclass(frozen=True)
class Trend:
    """How the share of negative channels goes with depth, over ``layers`` layers.

    Kendall's τ of share and depth, in [−1, 1], and its two-sided ``p`` if layers were
    independent; exact where no two shares are equal.
    """

    kendall: float
    p: float
    layers: int


@dataclass(frozen=True)
class NetworkBias:
    """The bias signs of one network, lowest layer first.

    ``negative_fraction`` is over all channels, ``negative_fraction_bn_relu`` over
    those of layers whose output a ReLU gates directly, None if there are none.
    ``interval`` is Wilson's of 95 % for the share of negative channels among those
    that count (in front of a ReLU; all of a network without BatchNorm), as if channels
    were drawn independently, and ``trend`` is over the layers that count; both None
    where none does, ``trend`` also below three layers or where all shares are equal.
    """

    model: str
    source: str
    kind: Kind
    layers: tuple[LayerBias, ...]
    negative_fraction: float
    negative_fraction_bn_relu: float | None
    verdict: Verdict
    interval: tuple[float, float] | None = None
    trend: Trend | None = None

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, layers as a list of dicts."""
        return asdict(self) | {"layers": [layer.to_row() for layer in self.layers]}


def pass_rate(shift: np.ndarray, scale: np.ndarray | None = None) -> np.ndarray:
    """Return Φ(β/|γ|), the chance that γz + β > 0 for z ~ N(0, 1), per channel.

    ``scale`` None means γ = 1. Where γ = 0 the node is constant: 1 if β > 0, else 0.
    """
    shift = np.asarray(shift, np.float64)
    size = np.ones_like(shift) if scale is None else np.abs(np.asarray(scale, float))
    safe = np.where(size > 0, size, 1.0)
    return np.where(size > 0, ndtr(shift / safe), (shift > 0).astype(np.float64))


def layer_bias(
    name: str,
    shift: np.ndarray,
    scale: np.ndarray | None = None,
    *,
    consumer: str = "unknown",
    order: str = "other",
) -> LayerBias:
    """Count the signs of ``shift``, [channels], one layer's biases.

    Raises:
        BadInput: the biases are no vector, empty or not finite, or the scales differ
            from them in length.
    """
    shift = np.asarray(shift, np.float64)
    if shift.ndim != 1 or not shift.size or not np.isfinite(shift).all():
        raise BadInput(f"The biases of '{name}' are no vector of finite numbers.")
    if scale is not None and np.shape(scale) != shift.shape:
        raise BadInput(f"'{name}' has {shift.size} biases but other scales.")
    negative, positive = int((shift < 0).sum()), int((shift > 0).sum())
    return LayerBias(
        name=name,
        channels=shift.size,
        negative=negative,
        zero=shift.size - negative - positive,
        positive=positive,
        negative_fraction=negative / shift.size,
        pass_rate=float(pass_rate(shift, scale).mean()),
        consumer=consumer,
        order=order,
    )


def network_bias(
    model: str, source: str, layers: Sequence[LayerBias], kind: Kind = "batch-norm"
) -> NetworkBias:
    """Sum up the ``layers`` of one network.

    Raises:
        BadInput: there are no layers.
    """
    if not layers:
        raise BadInput(f"{model} has no layers to count.")
    gated = [layer for layer in layers if layer.order == "bn-relu"]
    counted = list(layers) if kind == "effective" else gated
    return NetworkBias(
        model=model,
        source=source,
        kind=kind,
        layers=tuple(layers),
        negative_fraction=_negative(layers),
        negative_fraction_bn_relu=_negative(gated) if gated else None,
        verdict=_verdict(layers, kind),
        interval=share_interval(counted) if counted else None,
        trend=depth_trend(counted),
    )


def _negative(layers: Sequence[LayerBias]) -> float:
    return sum(row.negative for row in layers) / sum(row.channels for row in layers)


def share_interval(layers: Sequence[LayerBias]) -> tuple[float, float]:
    """Return Wilson's 95 % interval for the share of negative channels of ``layers``."""
    # scipy.stats takes half a second to import.
    from scipy.stats import binomtest

    negative = sum(row.negative for row in layers)
    channels = sum(row.channels for row in layers)
    found = binomtest(negative, channels).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def depth_trend(layers: Sequence[LayerBias]) -> Trend | None:
    """Correlate the share of negative channels with depth; None where nothing can."""
    from scipy.stats import kendalltau

    shares = [row.negative_fraction for row in layers]
    if len(shares) < 3 or len(set(shares)) < 2:
        return None
    found = kendalltau(range(len(shares)), shares)
    return Trend(float(found.statistic), float(found.pvalue), len(shares))


def _verdict(layers: Sequence[LayerBias], kind: Kind) -> Verdict:
    """Judge the paper's claim "the majority of BatchNorm biases are negative".

    Not counted: a network with any BatchNorm behind its ReLU, and one in which no ReLU
    is known to follow a BatchNorm. A network without BatchNorm is judged by its
    effective biases, in words of its own: the paper's claim is not about it, and only
    an interval that leaves one half out decides.
    """
    if kind == "effective":
        low, high = share_interval(layers)
        if low > 0.5:
            return "effective-supports"
        return "effective-contradicts" if high < 0.5 else "effective-undecided"
    gated = [layer for layer in layers if layer.order == "bn-relu"]
    behind = any(layer.order == "relu-bn" for layer in layers)
    if behind or not gated:
        return "not-counted"
    return "supports" if _negative(gated) > 0.5 else "contradicts"


class ChannelMoments:
    """Mean and standard deviation of every channel over a stream of batches.

    Batches are merged by their centred sums, so a large mean costs no digits.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: Any = 0.0
        self._squares: Any = 0.0

    def update(self, values: np.ndarray) -> None:
        """Add ``values``, [..., channels]; all axes but the last are samples."""
        flat = np.asarray(values, np.float64).reshape(-1, np.shape(values)[-1])
        if not len(flat):
            return
        mean = flat.mean(axis=0)
        total = self.count + len(flat)
        step = mean - self._mean
        self._squares = (
            self._squares
            + ((flat - mean) ** 2).sum(axis=0)
            + step**2 * (self.count * len(flat) / total)
        )
        self._mean = self._mean + step * (len(flat) / total)
        self.count = total

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and (population) standard deviation, each [channels].

        Raises:
            BadInput: nothing was added.
        """
        if not self.count:
            raise BadInput("No samples were given.")
        return np.array(self._mean), np.sqrt(self._squares / self.count)


def effective_shift(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return m/s per channel, [channels], what β/|γ| would be behind a BatchNorm.

    A channel that never varies (s = 0) keeps its m.
    """
    return np.asarray(mean, np.float64) / np.where(std > 0, std, 1.0)


def effective_bias(name: str, mean: np.ndarray, std: np.ndarray) -> LayerBias:
    """Count the effective biases of a layer that has no BatchNorm.

    A pre-activation of mean m and standard deviation s over the data is s z + m, so a
    BatchNorm in its place would have β = m and γ = s. ``mean``, ``std``: [channels].
    """
    return layer_bias(name, mean, std, consumer="relu", order="other")

"""What an audit is made of: a student at some epoch, and rows of what was measured."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import ReluNet
from tfluck.theory.nets import is_chain

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


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


def judged(
    id: str, name: str, layer: int, measured: float, bound: float, note: str = ""
) -> Row:
    """Judge ``measured`` ≤ ``bound``."""
    verdict = "holds" if measured <= bound else "violated"
    return Row(id, name, layer, measured, bound, verdict, note)


def absent(id: str, name: str, layers: int, bound: float | None, why: str) -> list[Row]:
    """Say of every layer why nothing could be measured."""
    return [Row(id, name, at, None, bound, "diagnostic", why) for at in range(layers)]

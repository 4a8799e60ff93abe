"""Do the students that match nobody lose their fan-out? (M-V, Theorem 5)"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfluck.instruments.instrument import Finding, Instrument, Layers
from tfluck.instruments.view import View

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Sizes(Layers):
    """Sizes of weights, and per layer ρ of live teacher nodes and fan-out norms."""

    points: "list[tuple[np.ndarray, np.ndarray]]"


class Weights(Instrument):
    """Compare the weights into and out of each student node of RUN with its best ρ.

    Where students have specialised the picture is an L: those that match a teacher node
    have large fan-out, the others little (Theorem 5). Fan-out is of the raw weights;
    behind a BatchNorm without scale every node has variance 1.
    """

    name = "weights"
    needs = frozenset({"matrices", "weights"})
    examples = ("gaus-fc", "gaus-fc --epoch 0 --json", "gaus-fc --plot l_shape.png")

    def compute(self, view: View, *args: Any, **_: Any) -> Sizes:
        """Take norms of the kernels below and above each hidden layer."""
        from tfluck.analysis import fan_in_norms, fan_out_norms
        from tfluck.analysis.weights import layer_weights

        kernels, matrices = view.kernels, view.matrices
        rows, points = [], []
        layers = zip(matrices.rho, matrices.live, strict=True)
        for index, (rho, live) in enumerate(layers):
            fan_in = fan_in_norms(kernels[index])
            fan_out = fan_out_norms(kernels[index + 1], len(fan_in))
            rows.append(layer_weights(index, fan_in, fan_out, rho, live).to_row())
            points.append((rho[live], fan_out))
        return Sizes(rows, points)

    def draw(self, findings: Sequence[Finding], title: str) -> "Figure":
        """Draw fan-out against best ρ of every student."""
        from tfluck.figures.matching import draw_l_shape

        found = findings[-1]
        return draw_l_shape(found.result.points, f"{title}, epoch {found.epoch}")

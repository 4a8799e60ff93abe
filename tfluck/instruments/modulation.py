"""Who corrects whom from the top down: β*, H*, β and H (F10, M-diag)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfluck.foundations.seeds import generator
from tfluck.instruments.instrument import (
    Finding,
    Instrument,
    Layers,
    Line,
    Option,
)
from tfluck.instruments.view import View

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from tfluck.analysis.modulation import LayerModulation
    from tfluck.figures.modulation import Panels
    from tfluck.runs.correlations import Matrices

#: Inputs to average over. Every position of an image counts, so few images are enough.
SAMPLES, IMAGES = 192, 8
#: What is set against its permuted null, and its sign.
MATRICES = {"h_cross": "H*", "gated_cross": "E[Gβ*G]", "beta_cross": "β*"}


@dataclass(frozen=True, eq=False)
class Modulations(Layers):
    """How much the diagonals stand out, and the averaged matrices of every layer.

    ``samples`` is what was asked for; ``batch_norm`` is ``folded`` or ``ignored``.
    """

    samples: int
    batch_norm: str
    found: "list[LayerModulation]"
    matrices: "Matrices"

    def lines(self) -> list[Line]:
        """Return a line for each matrix of each layer."""
        return [
            {
                "layer": row["layer"],
                "": name,
                "live": row["live_teacher_nodes"],
                "diagonal": row[key]["ratio"],
                "null diagonal": row[key]["null_ratio"],
                "p": row[key]["p_value"],
                "hits": row[key]["hits"],
                "null hits": row[key]["null_hits"],
            }
            for row in self.layers
            for key, name in MATRICES.items()
        ]

    def arrays(self) -> "dict[str, np.ndarray]":
        """Return all six matrices of every layer."""
        return {
            f"layer{index}/{name}": matrix
            for index, layer in enumerate(self.found)
            for name, matrix in vars(layer).items()
        }

    def panels(self) -> "list[Panels]":
        """Return what figure 10 shows of every layer."""
        return [
            ({sign: getattr(layer, key) for key, sign in MATRICES.items()}, rho)
            for layer, rho in zip(self.found, self.matrices.rho, strict=True)
        ]


class Modulation(Instrument):
    """Average β*, H*, β and H over inputs, before and after the training of RUN.

    β*(x) = J_s(x)ᵀ J_t(x) with J the Jacobian of the outputs by a layer's nodes says how
    much a student node is told about each teacher node. H* = E[β*] ∘ D* is that of
    Eq. 6, with D* the chance that both are on; E[Gβ*G] counts, sample by sample, only
    where both are on, and is what the authors' code calls H. Students stand by the
    teacher node they match best: "diagonal" is the mean size of those pairs over that
    of all others, "hits" the share of students whose largest entry is their own teacher
    node, "null" the same with students permuted.
    """

    name = "modulation"
    needs = frozenset({"matrices", "networks", "inputs"})
    ends = True
    epoch_help = "0 or the last one: weights between are not kept.  [default: both]"
    options = (
        Option(
            "samples",
            "Inputs of the evaluation set to use.  [default: 192, or 8 images]",
            low=1,
        ),
        Option(
            "ignore_batch_norm",
            "Leave BatchNorm out of β and H, as the paper's own code does.",
            kind=bool,
            default=False,
        ),
    )
    arrays_help = (
        "epochE/layerL/ and one of beta_cross, h_cross, gated_cross, beta, h, gated"
    )
    examples = (
        "gaus-fc",
        "gaus-fc --plot figure10.pdf",
        "gaus-fc --epoch 0 --ignore-batch-norm --json",
    )

    def compute(
        self,
        view: View,
        *args: Any,
        samples: int | None = None,
        ignore_batch_norm: bool = False,
        **_: Any,
    ) -> Modulations:
        """Average over the first samples of the evaluation set."""
        from tfluck.analysis.modulation import modulation

        count = samples or (IMAGES if view.images else SAMPLES)
        nets, x = view.relu_nets(ignore_batch_norm), view.inputs(count)
        view.tell(f"Epoch {view.epoch}: modulation over {len(x)} inputs.")
        found, matrices = modulation(*nets, x), view.matrices
        rows = dominance_rows(found, matrices)
        way = "ignored" if ignore_batch_norm else "folded"
        return Modulations(rows, count, way, found, matrices)

    def answer(self, findings: Sequence[Finding]) -> dict[str, Any]:
        """Say once what all epochs share."""
        result = findings[0].result
        return {
            "samples": result.samples,
            "batch_norm": result.batch_norm,
            **super().answer(findings),
        }

    def draw(self, findings: Sequence[Finding], title: str) -> "Figure":
        """Draw figure 10 of the paper."""
        from tfluck.figures.modulation import draw_modulation

        states = [
            (f"epoch {at.epoch}" if at.epoch else "before training", at.result.panels())
            for at in findings
        ]
        return draw_modulation(states, title)


def dominance_rows(
    layers: "Sequence[LayerModulation]", matrices: "Matrices"
) -> list[Line]:
    """Return per layer how much the diagonals of H*, E[Gβ*G] and β* stand out."""
    from tfluck.analysis.dominance import dominance, matched

    rows = []
    every = zip(layers, matrices.rho, matrices.live, strict=True)
    for index, (layer, rho, live) in enumerate(every):
        row: Line = {
            "layer": index,
            "teacher_nodes": rho.shape[0],
            "live_teacher_nodes": int(live.sum()),
            "student_nodes": rho.shape[1],
        }
        for name in MATRICES:
            square = matched(getattr(layer, name), rho, live)
            random = generator(0, "permuted-null", index)
            row[name] = dominance(square, random).to_row()
        rows.append(row)
    return rows

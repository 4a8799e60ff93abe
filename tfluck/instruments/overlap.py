"""Are nodes seldom on together? (D2, A2, A3)"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tfluck.foundations.seeds import generator
from tfluck.instruments.instrument import (
    Finding,
    Instrument,
    Layers,
    Line,
    Option,
    flat,
)
from tfluck.instruments.view import View

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from tfluck.analysis.overlap import Gram
    from tfluck.analysis.relu_net import Affine, ReluNet

#: Numbers of a layer's inputs that K_d and K_l are measured on, at most.
NUMBERS = 4_000_000
#: What is said of ε_d and ε_l.
PARTS = ("mean", "median", "max")


@dataclass(frozen=True, eq=False)
class Overlaps(Layers):
    """ε, K and closed forms of teacher and student, and the sums behind them."""

    samples: int
    grams: "list[tuple[str, list[Gram]]]"

    def to_json(self) -> dict[str, Any]:
        """Say how many inputs were used."""
        return {"samples": self.samples, "layers": self.layers}

    def rows(self) -> list[Line]:
        """Return a flat line for every layer; what has no closed form has None there."""
        absent = {"eps_d": dict.fromkeys(PARTS), "eps_l": dict.fromkeys(PARTS)}
        return [
            flat(
                row
                | {"closed_form": row["closed_form"] or absent}
                | {
                    f"{name}/{known['limit']}": known[name]
                    for known in row["lipschitz"]
                    for name in ("k_d", "k_l")
                }
            )
            for row in self.layers
        ]

    def lines(self) -> list[Line]:
        """Choose what a terminal shows."""
        return [_line(row) for row in self.layers]


class Overlap(Instrument):
    """Measure how much the regions where nodes are on overlap, in teacher and student.

    ε_d = P(both on) and ε_l = E[f f'] over the smaller of the two nodes' own, for every
    pair; Assumption 3 wants all of them far below 1. K_d and K_l (Assumption 2) are lower
    estimates for angles up to 45°, 90° and 120°, "–" where too few samples tell. The
    closed form of the lowest layer is for Gaussian inputs, biases included.
    """

    name = "overlap"
    needs = frozenset({"networks", "inputs"})
    options = (
        Option(
            "samples", "Inputs of the evaluation set to use.  [default: all]", low=1
        ),
    )
    examples = ("gaus-fc", "gaus-fc --json", "gaus-fc --epoch 0 --plot overlap.pdf")

    def compute(
        self, view: View, *args: Any, samples: int | None = None, **_: Any
    ) -> Overlaps:
        """Stream the inputs through both networks, piece by piece."""
        student, teacher = view.relu_nets()
        x = view.inputs(samples)
        rows, pictures = [], []
        for role, net in (("teacher", teacher), ("student", student)):
            grams = layer_grams(net, x)
            rows += overlap_rows(role, net, x, grams, view.deviations)
            pictures.append((role, grams))
        return Overlaps(rows, len(x), pictures)

    def draw(self, findings: Sequence[Finding], title: str) -> "Figure":
        """Draw the distributions of P(on), ε_d and ε_l."""
        from tfluck.figures.overlap import draw_overlap

        found = findings[-1]
        return draw_overlap(found.result.grams, f"{title}, epoch {found.epoch}")


def layer_grams(net: "ReluNet", x: "np.ndarray") -> "list[Gram]":
    """Sum up every hidden layer of ``net`` over ``x``, piece by piece."""
    from tfluck.analysis.overlap import Gram

    total: list[Gram] = []
    for part in _pieces(x):
        found = [Gram.of(layer) for layer in net.activations(part)[:-1]]
        total = [a + b for a, b in zip(total, found, strict=True)] if total else found
    return total


def _pieces(x: "np.ndarray") -> "Iterable[np.ndarray]":
    size = 1000 if x.ndim == 2 else 32
    return (x[at : at + size] for at in range(0, len(x), size))


def overlap_rows(
    role: str,
    net: "ReluNet",
    x: "np.ndarray",
    grams: "list[Gram]",
    std: "np.ndarray | None",
) -> list[dict[str, Any]]:
    """Return ε and K of each hidden layer, and the closed form of the lowest.

    ``std`` is that of Gaussian inputs; None for others, which have no closed form.
    """
    from tfluck.analysis.lipschitz import layer_constants
    from tfluck.analysis.overlap import overlap

    rows = []
    for index, (affine, gram) in enumerate(zip(net.layers, grams, strict=False)):
        kernel = affine.kernel.reshape(-1, affine.kernel.shape[-1])
        # K is of a node ReLU(wᵀx + b). What adds another node, or has another bias at
        # the border of an image (BatchNorm under padding), is none.
        simple = affine.bias.ndim == 1 and not any(net.skips_to(index))
        constants = layer_constants(
            _inputs(net, index, x),
            kernel[:, : None if simple else 0],
            affine.bias,
            generator(0, "planes", role, index),
        )
        closed = None
        if std is not None and index == 0:
            closed = closed_form(affine, std)
        rows.append(
            {"network": role, "layer": index}
            | overlap(gram).to_row()
            | {"lipschitz": [asdict(k) for k in constants]}
            | {"closed_form": closed}
        )
    return rows


def closed_form(affine: "Affine", std: "np.ndarray") -> dict[str, Any] | None:
    """Return ε_d and ε_l of nodes over inputs N(0, ``std``²), None if there is no form.

    ``std`` is of every coordinate; those of an image have the same.

    There is none for nodes without weights, nor where an image is padded with zeros.
    """
    from tfluck.analysis.overlap import overlap
    from tfluck.theory.kernels import gaussian_gram

    kernel = affine.kernel.reshape(-1, affine.kernel.shape[-1])
    if affine.padded or not kernel.any(axis=0).all():
        return None
    # wᵀx of N(0, std²) is that of std · w and N(0, 1).
    exact = overlap(gaussian_gram(kernel * std[: len(kernel), None], affine.bias))
    return {"eps_d": asdict(exact.eps_d), "eps_l": asdict(exact.eps_l)}


def _inputs(net: "ReluNet", layer: int, x: "np.ndarray") -> "np.ndarray":
    """Return what the nodes of ``layer`` see, ``[≤ samples · positions, in]``."""
    import numpy as np

    affine = net.layers[layer]
    fan_in = affine.kernel[..., 0].size
    wanted = max(1, NUMBERS // fan_in)
    seen: list[np.ndarray] = []
    for part in _pieces(x):
        below = part if layer == 0 else net.activations(part)[layer - 1]
        seen.append(affine.patches(below)[: wanted - sum(map(len, seen))])
        if sum(map(len, seen)) >= wanted:
            break
    return np.concatenate(seen)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    closed = row["closed_form"]
    line = {
        "network": row["network"],
        "layer": row["layer"],
        "nodes": row["nodes"],
        "live": row["live_nodes"],
        "P(on)": row["probability"]["mean"],
    }
    for name, sign in (("eps_d", "ε_d"), ("eps_l", "ε_l")):
        line |= {f"{sign} {key}": row[name][key] for key in ("mean", "median", "max")}
        line[f"closed {sign}"] = closed and closed[name]["mean"]
    for known in row["lipschitz"]:
        line[f"K_d {known['limit']}°"] = known["k_d"]
        line[f"K_l {known['limit']}°"] = known["k_l"]
    return line

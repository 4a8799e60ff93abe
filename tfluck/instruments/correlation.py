"""Which student node matches which teacher node, and how well (M-rho, M-rhobar)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfluck.experiment.wording import NULL
from tfluck.instruments.instrument import Finding, Instrument, Layers, Line, Option
from tfluck.instruments.view import View

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from tfluck.runs.correlations import Matrices

#: Over live teacher nodes, as ρ̄ is, and over all of them, as older runs have it.
NULLS = ("null_mean_best_correlation_live", "null_mean_best_correlation")


@dataclass(frozen=True, eq=False)
class Match(Layers):
    """What each layer's matrix says, with the partners of every teacher node."""

    matrices: "Matrices"

    def to_json(self) -> dict[str, Any]:
        """Name the file of the matrices too; None where they are in memory."""
        path = self.matrices.path
        return {"matrices": path and str(path), "layers": self.layers}

    def rows(self) -> list[Line]:
        """Return a flat line for every layer; shares are None without live nodes."""
        from tfluck.analysis.correlation import COVERED

        empty = {f"covered/{level}": None for level in COVERED}
        return [
            {k: v for k, v in row.items() if not k.startswith("covered/")}
            | {name: row.get(name) for name in empty}
            for row in super().rows()
        ]

    def lines(self) -> list[Line]:
        """Choose what fits a line."""
        return [
            {
                "layer": row["layer"],
                "nodes": row["teacher_nodes"],
                "live": row["live_teacher_nodes"],
                "dead students": row["dead_student_nodes"],
                "ρ̄": row["mean_best_correlation_live"],
                NULL: row[NULLS[0]],
                "all nodes": row["mean_best_correlation"],
                "median": row["median_best_correlation_live"],
                "one-to-one": row["mean_one_to_one_live"],
                "students used": row["students_used"],
                "above 0.9": row["covered"].get("0.9"),
                "CKA": row["cka"],
            }
            for row in self.layers
        ]

    def arrays(self) -> "dict[str, np.ndarray]":
        """Return ρ and the live teacher nodes of every layer."""
        layers = zip(self.matrices.rho, self.matrices.live, strict=True)
        return {
            f"layer{index}/{name}": array
            for index, (rho, live) in enumerate(layers)
            for name, array in (("rho", rho), ("live", live))
        }


class Correlation(Instrument):
    """Correlate every student node with every teacher node of RUN.

    The matrices are those the run kept at its evaluation of --epoch. "live" are teacher
    nodes that change at all over the evaluation set; the others match nobody. ρ̄ is the
    mean best correlation over live teacher nodes, "all nodes" the mean with the others
    at 0, and "another teacher" the ρ̄ of one that the student has never seen.
    """

    name = "correlation"
    options = (
        Option(
            "cka",
            "Linear CKA of the layers; needs the networks, which are kept of the first "
            "and the last epoch.  [default: cka]",
            kind=bool,
            default=True,
        ),
    )
    arrays_help = "epochE/layerL/ and one of rho, live"
    examples = (
        "gaus-fc",
        "gaus-fc --epoch 0 --json",
        "gaus-fc --plot correlation.pdf",
    )

    def compute(self, view: View, *args: Any, cka: bool = True, **_: Any) -> Match:
        """Sum up the matrices; linear CKA where it is wanted and the networks are kept."""
        matrices = view.matrices
        shares: list[float | None] = [None] * len(matrices.rho)
        if cka and view.has_networks:
            shares = [layer.cka for layer in view.compared]
        rows = match_rows(matrices, shares)
        for row in rows:
            row |= {name: view.recorded(name, row["layer"]) for name in NULLS}
        return Match(rows, matrices)

    def draw(self, findings: Sequence[Finding], title: str) -> "Figure":
        """Draw the matrices, before training too."""
        from tfluck.figures.matching import draw_correlations

        states = []
        for found in findings:
            first, shown = found.view.first, found.result.matrices
            if first is not None and first.epoch < found.epoch:
                states.append(("before training", first.rho, first.live))
            states.append((f"epoch {found.epoch}", shown.rho, shown.live))
        return draw_correlations(states, title)


def match_rows(matrices: "Matrices", cka: Sequence[float | None]) -> list[Line]:
    """Return what each layer's matrix says, with the partners of every teacher node."""
    from tfluck.analysis import best_match
    from tfluck.analysis.matching import layer_match, one_to_one

    rows = []
    layers = zip(matrices.rho, matrices.live, cka, strict=True)
    for index, (rho, live, value) in enumerate(layers):
        match = layer_match(index, rho, live, value)
        best, pairs = best_match(rho), one_to_one(rho)
        rows.append(
            match.to_row()
            | {
                "best": {"student": best.winner.tolist(), "rho": best.rho.tolist()},
                "one_to_one": {
                    "teacher": pairs.teacher.tolist(),
                    "student": pairs.student.tolist(),
                    "rho": pairs.rho.tolist(),
                },
            }
        )
    return rows

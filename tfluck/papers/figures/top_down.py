"""Top-down modulation: fan-outs as bars (figure 5), H* and β* (figure 10) of paper 1."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tfluck.figures.modulation import Panels, draw_modulation
from tfluck.figures.theory import draw_suppression
from tfluck.foundations.seeds import generator
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.runs import Source, endings, of_presets
from tfluck.theory.suppression import Split, separated, suppress

#: Euler steps of η = 0.1.
STEPS = {"smoke": 300, "laptop": 3000, "paper": 10_000}
NODES, STUDENTS = 5, 15
#: E[Gβ*G], what the authors' code calls H, is left to ``analyze modulation``.
SHOWN = ("H*", "β*")


class Bars(Recipe):
    """Theorem 5's dynamics with 5 teacher nodes and 15 students."""

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return the steps."""
        return {"steps": STEPS[scale]}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Simulate and write down every fan-out."""
        steps = STEPS[scope.scale]
        draw = generator(0, "theory", "suppress")
        start = separated(
            NODES, STUDENTS, angle=0.3, bias=-1.0, spread=0.3, size=1.0, draw=draw
        )
        found = suppress(start, steps=steps, rate=0.1, every=max(1, steps // 100))
        rows = [
            (int(step), "u" if node < NODES else "r", node, float(size))
            for step, sizes in zip(found.steps, found.fan_out, strict=True)
            for node, size in enumerate(sizes)
        ]
        table = pd.DataFrame(rows, columns=["step", "set", "node", "fan_out"])
        note = (
            f"W* and W_r orthonormal, bias −1, exact overlaps. At the end sin θ of W_u is "
            f"at most {found.sines[-1].max():.1e}, |v_r| at most "
            f"{found.irrelevant[-1].max():.1e}."
        )
        return Measured(table, (0,), (note,))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw fan-outs over steps, and before and after."""
        both = [
            table[table["set"] == name].pivot(
                index="step", columns="node", values="fan_out"
            )
            for name in ("u", "r")
        ]
        steps = both[0].index.to_numpy(np.int64)
        return draw_suppression(Split(steps, *(part.to_numpy() for part in both)), "")


class Modulation(Recipe):
    """H* and β* of the first student of figure 7's dense run, before and after."""

    preset = "luck-matters/figure-7-fc-bn"

    def sources(self, scope: Scope) -> tuple[Source, ...]:
        """Return the run."""
        return of_presets([self.preset], scope)

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Use the instrument at both ends of training."""
        from tfluck.instruments.analyzing import analyze

        found = analyze(sources[0].run, "modulation", tell=scope.tell)
        tables = []
        for at in found.findings:
            when = "after" if at.epoch else "before"
            for layer, (matrices, rho) in enumerate(at.result.panels()):
                named = {name: matrices[name] for name in SHOWN} | {"ρ": rho}
                for name, matrix in named.items():
                    tables.append(
                        _cells(matrix).assign(when=when, layer=layer, of=name)
                    )
        last = found.result.layers
        notes = [_stands_out(last, key) for key in ("h_cross", "beta_cross")]
        seed = (found.seeds[0],)
        return Measured(pd.concat(tables), seed, (*notes, *endings(sources)))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw the transposes, a column a layer."""
        states = []
        for when in ("before", "after"):
            rows = table[table.when == when]
            layers = [_panels(part) for _, part in rows.groupby("layer")]
            states.append((when, layers))
        return draw_modulation(states, "")


def _cells(matrix: np.ndarray) -> pd.DataFrame:
    row, column = np.indices(matrix.shape)
    cells = {"row": row.ravel(), "column": column.ravel(), "value": matrix.ravel()}
    return pd.DataFrame(cells)


def _panels(rows: pd.DataFrame) -> Panels:
    found = {
        name: rows[rows.of == name]
        .pivot(index="row", columns="column", values="value")
        .to_numpy()
        for name in (*SHOWN, "ρ")
    }
    rho = found.pop("ρ")
    return found, rho


def _stands_out(layers: Any, key: str) -> str:
    """Say how much the diagonal of one matrix stands out after training, layer by layer."""
    name = "H*" if key == "h_cross" else "β*"
    ratios = [
        "–" if row[key]["ratio"] is None else f"{row[key]['ratio']:.1f}"
        for row in layers
    ]
    return f"Diagonal of {name} over the rest after training: {', '.join(ratios)}."


BARS, MODULATION = Bars(), Modulation()

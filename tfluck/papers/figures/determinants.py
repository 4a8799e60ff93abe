"""Paper 2's figures 2 to 4: z = min det M_i on grids and at random angles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tfluck.angular.functions import AngularFunction
from tfluck.angular.grid import Surface, surface
from tfluck.angular.naming import parse
from tfluck.angular.sampling import Sample, sample
from tfluck.figures.angular import sample_panels, surface_panels
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.runs import Source

POINTS = {"smoke": 31, "laptop": 91, "paper": 181}
DRAWS = {"smoke": 1000, "laptop": 20_000, "paper": 100_000}
COUNTS = ("holds", "violated", "zero", "undecided", "degenerate")


def paper_function() -> AngularFunction:
    """Return the paper's f(θ) = sin θ + (π − θ) cos θ."""
    return parse("relu")


def _counted(found: Surface | Sample) -> list[tuple[str, float]]:
    return [(name, float(getattr(found, name))) for name in COUNTS]


@dataclass(frozen=True)
class Surfaces(Recipe):
    """z over two free angles; a panel for each set of fixed ones.

    The table has a row for each point (``quantity`` z, at ``first``, ``second``, with
    the least gap between angles) and for each count of certified signs.
    """

    m: int
    fixed: tuple[dict[int, float], ...]

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return the points a side."""
        return {"points": POINTS[scale]}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Evaluate z with certified signs."""
        tables, notes = [], []
        for panel, fixed in enumerate(self.fixed):
            scope.tell(f"Surface {panel + 1} of {len(self.fixed)}.")
            found = surface(paper_function(), self.m, fixed, POINTS[scope.scale])
            tables.append(_points(panel, found))
            notes.append(f"{found.depth_correlation:.2f}")
        note = (
            "Rank correlation of |z| with the least gap between two angles, panel by "
            f"panel: {', '.join(notes)}."
        )
        return Measured(pd.concat(tables), (), (note,))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw reliefs and maps."""
        return surface_panels(
            [
                _surface(self.m, fixed, table[table.panel == panel])
                for panel, fixed in enumerate(self.fixed)
            ]
        )


def _points(panel: int, found: Surface) -> pd.DataFrame:
    first, second = np.meshgrid(found.axis, found.axis, indexing="ij")
    points = {
        "panel": panel,
        "quantity": "z",
        "first": first.ravel(),
        "second": second.ravel(),
        "gap": found.gap.ravel(),
        "value": found.z.ravel(),
    }
    counts = pd.DataFrame(_counted(found), columns=["quantity", "value"])
    return pd.concat([pd.DataFrame(points), counts.assign(panel=panel)])


def _surface(m: int, fixed: dict[int, float], rows: pd.DataFrame) -> Surface:
    """Return the surface that the rows of one panel tell of."""
    points = rows[rows.quantity == "z"]
    counts = rows[rows.quantity != "z"].set_index("quantity")["value"]
    axis = np.unique(points["first"].to_numpy())
    square = (len(axis), len(axis))
    low, high = (i for i in range(1, m + 1) if i not in fixed)
    return Surface(
        function=paper_function().name,
        m=m,
        fixed=dict(fixed),
        free=(low, high),
        axis=axis,
        z=points.value.to_numpy().reshape(square),
        gap=points.gap.to_numpy().reshape(square),
        certified=True,
        **{name: int(counts[name]) for name in COUNTS},
    )


@dataclass(frozen=True)
class RandomAngles(Recipe):
    """z at uniformly random angles; a panel for each m."""

    sizes: tuple[int, ...]

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return the draws for each m."""
        return {"draws": DRAWS[scale]}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Draw angles and certify every sign."""
        rows: list[tuple[int, str, float]] = []
        for m in self.sizes:
            scope.tell(f"{DRAWS[scope.scale]} draws at m = {m}.")
            found = sample(paper_function(), m, DRAWS[scope.scale], jobs=scope.jobs)
            rows += [(m, "z", float(z)) for z in found.shown]
            rows += [(m, name, value) for name, value in _counted(found)]
            rows.append((m, "largest z", found.max_z))
        table = pd.DataFrame(rows, columns=["m", "quantity", "value"])
        note = "z is clipped in the upper panels only; every sign is certified."
        return Measured(table, (0,), (note,))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw z in the order drawn, and how |z| is distributed."""
        return sample_panels([_sample(m, table[table.m == m]) for m in self.sizes])


def _sample(m: int, rows: pd.DataFrame) -> Sample:
    values = rows[rows.quantity == "z"].value.to_numpy()
    known = rows[rows.quantity != "z"].set_index("quantity")["value"]
    return Sample(
        function=paper_function().name,
        m=m,
        samples=len(values),
        seed=0,
        max_z=float(known["largest z"]),
        quantiles={},
        by_float=0,
        by_ball=0,
        certified=True,
        seconds=0.0,
        shown=values,
        **{name: int(known[name]) for name in COUNTS},
    )


THREE = Surfaces(3, ({1: 1.0}, {1: 2.0}, {1: 3.0}))
FOUR = Surfaces(4, ({1: 1.0, 4: 4.0}, {1: 1.0, 4: 6.0}, {1: 2.0, 4: 4.0}))
RANDOM = RandomAngles((6, 9))

"""Paper 2's figure 1: students in the plane turn towards five teachers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tfluck.alignment.descent import Descent, descend, initial_students, measure
from tfluck.figures.alignment import arrows
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.runs import Source

#: Directions of the five unit teachers, in an open half-plane: there zero loss forces
#: students onto them. The paper names neither its teachers nor its number of students.
ANGLES = (0.3, 0.85, 1.45, 2.1, 2.75)
STUDENTS, START, RATE, SEED = 20, 0.1, 0.1, 1
#: The last is the number of steps; laptop and paper have the paper's own.
STEPS: Mapping[str, tuple[int, ...]] = {
    "smoke": (0, 10, 1000),
    "laptop": (0, 10, 1000, 5000, 50_000),
    "paper": (0, 10, 1000, 5000, 50_000),
}


class Aligning(Recipe):
    """Exact gradient descent on the population loss, looked at a few times."""

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return when to look, and what the paper leaves open."""
        return {"looks": STEPS[scale], "students": STUDENTS, "rate": RATE}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Train and write down every vector."""
        looks = STEPS[scope.scale]
        teachers = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
        start = initial_students(STUDENTS, 2, START, SEED)
        found = descend(teachers, start, looks[-1], RATE, looks)
        rows = [("teacher", -1, i, *vector) for i, vector in enumerate(teachers)]
        rows += [
            ("student", seen.step, i, *vector)
            for seen in found.snapshots
            for i, vector in enumerate(seen.students)
        ]
        table = pd.DataFrame(rows, columns=["kind", "step", "node", "x", "y"])
        last = found.final
        note = (
            f"{STUDENTS} students N(0, {START}²), rate {RATE}, population gradient. "
            f"{last.aligned_fraction:.0%} of their length is within 0.01 of a teacher at "
            "the end. Dotted: teachers."
        )
        return Measured(table, (SEED,), (note,))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw a panel a look."""
        teachers = table[table.kind == "teacher"][["x", "y"]].to_numpy()
        students = table[table.kind == "student"]
        looks = tuple(
            measure(int(str(step)), rows[["x", "y"]].to_numpy(), teachers)
            for step, rows in students.groupby("step")
        )
        return arrows(Descent(teachers, looks, True), looks)


ALIGNING = Aligning()

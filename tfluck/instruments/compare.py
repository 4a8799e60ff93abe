"""The correlation of any two Keras models that a user brings, layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput
from tfluck.instruments.correlation import NULLS, Correlation, Match
from tfluck.instruments.instrument import Line

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Comparison:
    """How the hidden nodes of two models match.

    Attributes:
        teacher, student: files.
        samples: inputs that were used.
        match: of the layers, paired from the lowest.
        names: of the paired layers.
    """

    teacher: Path
    student: Path
    samples: int
    match: Match
    names: list[tuple[str, str]]

    @property
    def layers(self) -> list[Line]:
        """A plain dict for every pair of layers."""
        return [
            {"teacher_layer": teacher, "student_layer": student}
            | {name: value for name, value in row.items() if name not in NULLS}
            for (teacher, student), row in zip(
                self.names, self.match.layers, strict=True
            )
        ]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {
            "teacher": str(self.teacher),
            "student": str(self.student),
            "samples": self.samples,
            "layers": self.layers,
        }

    def rows(self) -> list[Line]:
        """Return a flat line for every pair of layers."""
        return [
            {"teacher_layer": teacher, "student_layer": student}
            | {name: value for name, value in row.items() if name not in NULLS}
            for (teacher, student), row in zip(
                self.names, self.match.rows(), strict=True
            )
        ]

    def lines(self) -> list[Line]:
        """Return the columns that a terminal shows."""
        return [
            {
                "teacher layer": row["teacher_layer"],
                "student layer": row["student_layer"],
                "nodes": f"{row['teacher_nodes']}/{row['student_nodes']}",
                "live": row["live_teacher_nodes"],
                "dead students": row["dead_student_nodes"],
                "ρ̄": row["mean_best_correlation_live"],
                "all nodes": row["mean_best_correlation"],
                "median": row["median_best_correlation_live"],
                "one-to-one": row["mean_one_to_one_live"],
                "CKA": row["cka"],
            }
            for row in self.layers
        ]

    def draw(self) -> "Figure":
        """Draw the matrices."""
        from tfluck.figures.matching import draw_correlations

        matrices = self.match.matrices
        title = f"{self.teacher.name} and {self.student.name} on {self.samples} inputs"
        return draw_correlations([("", matrices.rho, matrices.live)], title)


def compare(
    teacher: Path,
    student: Path,
    data: Path,
    teacher_layers: Sequence[str] = (),
    student_layers: Sequence[str] = (),
) -> Comparison:
    """Match the hidden nodes of two ``.keras`` files on the inputs of an npz.

    Args:
        teacher, student: built anew from what the files say; no code of theirs is run.
        data: holds inputs ``x``, ``[samples, …]``, or just one array.
        teacher_layers, student_layers: by name; by default what follows each Dense or
            Conv layer but the last.

    Raises:
        BadInput: a file, or what is in it, cannot be used.
    """
    from tfluck.weightfiles.keras_model import check_keras

    # What can be told in a moment is told before Keras takes its seconds.
    for path in (teacher, student):
        check_keras(path)
    inputs = read_inputs(data)
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    from tfluck.instruments.live_view import view_of
    from tfluck.zoo.brought import load_keras

    models = load_keras(teacher), load_keras(student)
    view, names = view_of(*models, inputs, teacher_layers, student_layers)
    _ = view.compared  # one pass gives ρ and CKA
    match = Correlation().compute(view)
    return Comparison(teacher, student, len(inputs), match, names)


def read_inputs(path: Path) -> "np.ndarray":
    """Return the inputs of an npz file, ``[samples ≥ 2, …]``, finite numbers.

    Raises:
        BadInput: the file holds none.
    """
    import numpy as np

    from tfluck.weightfiles.npz import open_npz

    with open_npz(path) as archive:
        names = list(archive.headers)
        name = "x" if "x" in names else "".join(names[:1])
        if name != "x" and len(names) != 1:
            raise BadInput(f"{path} has no array x, and not exactly one array.")
        x = archive.read(name)
    if x.ndim < 2 or len(x) < 2 or x.dtype.kind not in "fiub":
        raise BadInput(f"{path} must hold numbers [samples ≥ 2, …], not {x.shape}.")
    if not np.isfinite(x).all():
        raise BadInput(f"{path} holds numbers that are not finite.")
    return x.astype(np.float32)

"""`tfluck analyze compare`: correlation of any two Keras models, layer by layer."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput

from .analyze_common import plot_option, save_plot
from .options import click, json_option
from .options import command as declare
from .output import emit_json, table

if TYPE_CHECKING:
    import numpy as np

    from tfluck.runs.correlations import Matrices

#: Inputs in one piece.
PIECE = 256


def _names(context: Any, parameter: Any, value: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",")) if value else ()


def _layers_option(name: str, whose: str) -> Any:
    return click.option(
        name,
        callback=_names,
        metavar="NAME,NAME,…",
        help=f"The {whose}'s layers to watch.  [default: what follows each Dense or Conv "
        "layer but the last]",
    )


@declare(
    "tfluck analyze compare teacher.keras student.keras --data inputs.npz",
    "tfluck analyze compare a.keras b.keras --data x.npz --plot compare.png --json",
    name="compare",
)
@click.argument("teacher", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("student", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--data",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.npz",
    help="Inputs: the array x, or the only array there is.",
)
@_layers_option("--teacher-layers", "teacher")
@_layers_option("--student-layers", "student")
@plot_option
@json_option
def command(
    teacher: Path,
    student: Path,
    data: Path,
    teacher_layers: tuple[str, ...],
    student_layers: tuple[str, ...],
    plot: Path | None,
    as_json: bool,
) -> None:
    """Match the hidden nodes of STUDENT with those of TEACHER, two .keras files.

    Nothing of a file is run, and Keras does not read it: known layers are built anew from
    its description, and a file with any other layer, or with a Lambda, is refused. Layers
    pair up from the lowest. ρ̄ is the mean best correlation over live teacher nodes;
    "all nodes" is the mean with those that never change at 0.
    """
    from tfluck.weightfiles.keras_model import check_keras

    # What can be told in a moment is told before Keras takes its seconds.
    for path in (teacher, student):
        check_keras(path)
    inputs = read_inputs(data)
    nets = (teacher, teacher_layers), (student, student_layers)
    matrices, layers = _compare(nets, inputs, data)
    if as_json:
        emit_json(
            {
                "teacher": str(teacher),
                "student": str(student),
                "samples": len(inputs),
                "layers": layers,
            }
        )
    else:
        click.echo(table([_line(row) for row in layers]))
    if plot is not None:
        from tfluck.figures.matching import draw_correlations

        state = "", matrices.rho, matrices.live
        title = f"{teacher.name} and {student.name} on {len(inputs)} inputs"
        save_plot(plot, lambda: draw_correlations([state], title))


def _compare(
    nets: Sequence[tuple[Path, tuple[str, ...]]], inputs: "np.ndarray", data: Path
) -> tuple["Matrices", list[dict[str, Any]]]:
    """Correlate two networks, each a file and its layers, on ``inputs`` from ``data``."""
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    from tfluck.runs.correlations import Matrices
    from tfluck.training.comparing import batched, compare_layers, hidden_function
    from tfluck.zoo.brought import check_inputs, hidden_layers, load_keras

    from .analyze_correlation import match_rows

    models = [hidden_layers(load_keras(path), names) for path, names in nets]
    for model in models:
        check_inputs(model, inputs.shape[1:])
    one, other = map(hidden_function, models)
    found = compare_layers(one, other, batched(inputs, PIECE))
    matrices = Matrices(0, data, [c.rho for c in found], [c.live for c in found])
    rows = match_rows(matrices, [c.cka for c in found])
    names = zip(*(model.output_names for model in models), strict=True)
    return matrices, [
        {"teacher_layer": t, "student_layer": s} | row
        for (t, s), row in zip(names, rows, strict=True)
    ]


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


def _line(row: dict[str, Any]) -> dict[str, Any]:
    return {
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

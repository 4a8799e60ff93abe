"""`tfluck analyze weights`: do the students that match nobody lose their fan-out?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .analyze_common import epoch_option, open_student, run_options, save_plot
from .options import click
from .options import command as declare
from .output import emit_json, table
from .report import heading

if TYPE_CHECKING:
    import keras

    from tfluck.runs.correlations import Matrices


@declare(
    "tfluck analyze weights gaus-fc",
    "tfluck analyze weights gaus-fc --epoch 0 --json",
    "tfluck analyze weights gaus-fc --plot l_shape.png",
    name="weights",
)
@run_options
@epoch_option
def command(
    run: str,
    seed: int | None,
    out: Path,
    plot: Path | None,
    as_json: bool,
    epoch: int | None,
) -> None:
    """Compare the weights into and out of each student node of RUN with its best ρ.

    Where students have specialised the picture is an L: those that match a teacher node
    have large fan-out, the others little (Theorem 5). Fan-out is of the raw weights;
    behind a BatchNorm without scale every node has variance 1.
    """
    from tfluck.foundations.runtime import start_tensorflow
    from tfluck.runs.correlations import read_matrices
    from tfluck.runs.weights import kept_weights

    found, student = open_student(out, run, seed)
    kept_weights(found, student, epoch)
    start_tensorflow()
    from tfluck.training.loading import load_run_models

    models = load_run_models(found, student, epoch)
    parts = _parts(models.student, read_matrices(found, student, models.epoch))
    from tfluck.analysis.weights import layer_weights

    rows = [layer_weights(i, *part).to_row() for i, part in enumerate(parts)]
    if as_json:
        emit_json(
            {
                "run": str(found.layout.root),
                "seed": student,
                "epoch": models.epoch,
                "layers": rows,
            }
        )
    else:
        click.echo(table(rows))
    if plot is not None:
        from tfluck.figures.matching import draw_l_shape

        points = [(rho[live], fan_out) for _, fan_out, rho, live in parts]
        title = f"{heading(found, student)}, epoch {models.epoch}"
        save_plot(plot, lambda: draw_l_shape(points, title))


def _parts(student: "keras.Model", matrices: "Matrices") -> list[tuple[Any, ...]]:
    """Return fan-in and fan-out norms, ρ and live teacher nodes of each hidden layer."""
    from tfluck.analysis import fan_in_norms, fan_out_norms
    from tfluck.networks import linear_layers

    kernels = [layer.kernel.numpy() for layer in linear_layers(student)]
    fan_ins = [fan_in_norms(kernel) for kernel in kernels[:-1]]
    fan_outs = [
        fan_out_norms(above, len(norms))
        for above, norms in zip(kernels[1:], fan_ins, strict=True)
    ]
    return list(zip(fan_ins, fan_outs, matrices.rho, matrices.live, strict=True))

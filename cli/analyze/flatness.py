"""`tfluck analyze flatness`: are the directions of nodes that do not matter flat?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..options import click, talk
from ..options import command as declare
from ..output import emit_json, table
from ..settings import Parsed
from ..summaries import heading
from .common import open_run, plot_option, run_options, save_plot

if TYPE_CHECKING:
    from tfluck.studies.flatness import Flatness


def _blocks(text: str) -> tuple[str, ...]:
    from tfluck.studies.flatness import parse_blocks

    return parse_blocks(text)


@declare(
    "tfluck analyze flatness gaus-fc",
    "tfluck analyze flatness gaus-fc --blocks winners,others,between --json",
    "tfluck analyze flatness gaus-fc --epoch 0 --samples 200 --plot flatness.pdf",
    name="flatness",
)
@run_options
@plot_option
@click.option(
    "--epoch", type=click.IntRange(0), help="0 is before training.  [default: the last]"
)
@click.option(
    "--blocks",
    type=Parsed("blocks", _blocks),
    default="winners,others",
    show_default=True,
    help="Sets of weights: those that touch winners only, others only, or go between.",
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="Inputs of the evaluation set to use.",
)
@click.option(
    "--top",
    type=click.IntRange(1, 50),
    default=5,
    show_default=True,
    help="Largest eigenvalues of the whole and of each block.",
)
@click.option(
    "--products",
    type=click.IntRange(6),
    default=30,
    show_default=True,
    help="Products for a block's trace; its error falls with them.",
)
def command(
    run: str,
    seed: int | None,
    out: Path,
    plot: Path | None,
    as_json: bool,
    epoch: int | None,
    blocks: tuple[str, ...],
    samples: int,
    top: int,
    products: int,
) -> None:
    """Measure the curvature of a student's loss around winners and around others.

    The loss is the run's own on its evaluation set, against the teacher's outputs, a
    mean over samples and outputs as in training; BatchNorm is in inference mode, all
    is float64. A winner is some live teacher node's best student, and a node's weights
    are those into it, its bias and those out of it. Traces have 95 % intervals;
    "flat" is the share of eigenvalues within a thousandth of the largest.
    """
    from tfluck.studies.flatness import Effort
    from tfluck.studies.run_flatness import run_flatness

    loaded = open_run(out, run, seed)
    found, student = loaded.run, loaded.student_seed(seed)
    at, flat = run_flatness(
        found,
        student,
        epoch,
        names=blocks,
        samples=samples,
        effort=Effort(top=top, products=products),
        report=lambda note: talk(f"{note} …"),
    )
    if as_json:
        about = {"run": str(found.layout.root), "seed": student, "epoch": at}
        about |= {
            "loss_function": found.experiment.training.loss,
            "batch_norm": _norm(found),
        }
        emit_json(about | flat.to_row())
    else:
        click.echo(_text(flat))
    if plot is not None:
        from tfluck.figures.flatness import draw_flatness

        title = f"{heading(found, student)}, epoch {at}, {flat.samples} samples"
        save_plot(
            plot,
            lambda: draw_flatness(
                flat.density, flat.ends, flat.blocks, flat.slices, title
            ),
        )


def _norm(run: Any) -> str:
    if run.experiment.network.batch_norm == "none":
        return "none"
    return "inference: running statistics are constants"


def _text(flat: "Flatness") -> str:
    ends = flat.ends
    share, error = flat.flat_share()
    lines = [
        f"loss          {flat.loss:.4g}, gradient {flat.gradient_norm:.3g}, over "
        f"{flat.samples} samples and {flat.parameters:,} parameters",
        f"eigenvalues   {', '.join(f'{value:.4g}' for value in ends.top)} "
        f"(± {ends.errors.max():.1g}); smallest {ends.lowest:.3g} "
        f"± {ends.lowest_error:.1g}",
        f"flat          {share:.4f} ± {error:.4f} of them",
    ]
    rows = [_row(flat, index) for index in range(len(flat.blocks))]
    crosses = [
        f"{cross.first} × {cross.second}: norm {cross.norm:.4g} ({cross.low:.4g} to "
        f"{cross.high:.4g}), largest singular value {cross.top:.4g}"
        for cross in flat.cross
    ]
    return "\n".join([*lines, "", table(rows), *crosses])


def _row(flat: "Flatness", index: int) -> dict[str, Any]:
    block = flat.blocks[index]
    trace = block.trace
    row = {
        "block": block.name,
        "weights": block.parameters,
        "trace": trace.value,
        "from": trace.low,
        "to": trace.high,
        "a weight": block.per_parameter,
        "largest": float(block.extremes.top[0]),
        "±": float(block.extremes.errors[0]),
    }
    if flat.exact is not None:
        row["exact trace"] = flat.exact["blocks"][index]["trace"]
        row["exact largest"] = flat.exact["blocks"][index]["top"][0]
    ends = [float(cut.loss[-1]) for cut in flat.slices if cut.block == block.name]
    return row | {"loss one step off": sum(ends) / len(ends)}

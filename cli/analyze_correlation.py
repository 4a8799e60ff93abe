"""`tfluck analyze correlation`: which student matches which teacher node, how well."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.wording import NULL

from .analyze_common import epoch_option, open_student, run_options, save_plot
from .options import click
from .options import command as declare
from .output import emit_json, table
from .report import heading

if TYPE_CHECKING:
    from tfluck.runs import Run
    from tfluck.runs.correlations import Matrices

#: Over live teacher nodes, as ρ̄ is, and over all of them, as older runs have it.
NULLS = ("null_mean_best_correlation_live", "null_mean_best_correlation")


@declare(
    "tfluck analyze correlation gaus-fc",
    "tfluck analyze correlation gaus-fc --epoch 0 --json",
    "tfluck analyze correlation gaus-fc --plot correlation.pdf",
    name="correlation",
)
@run_options
@epoch_option
@click.option(
    "--cka/--no-cka",
    default=True,
    help="Linear CKA of the layers; needs the networks, which are kept of the first "
    "and the last epoch.  [default: cka]",
)
def command(
    run: str,
    seed: int | None,
    out: Path,
    plot: Path | None,
    as_json: bool,
    epoch: int | None,
    cka: bool,
) -> None:
    """Correlate every student node with every teacher node of RUN.

    The matrices are those the run kept at its evaluation of --epoch. "live" are teacher
    nodes that change at all over the evaluation set; the others match nobody. ρ̄ is the
    mean best correlation over live teacher nodes, "all nodes" the mean with the others
    at 0, and "another teacher" the ρ̄ of one that the student has never seen.
    """
    from tfluck.runs.correlations import read_matrices

    found, student = open_student(out, run, seed)
    matrices = read_matrices(found, student, epoch)
    layers = match_rows(matrices, _cka(found, student, matrices, cka))
    null = _null(found, student, matrices.epoch)
    for row in layers:
        row |= {name: null.get((row["layer"], name)) for name in NULLS}
    result = {
        "run": str(found.layout.root),
        "seed": student,
        "epoch": matrices.epoch,
        "matrices": str(matrices.path),
        "layers": layers,
    }
    if as_json:
        emit_json(result)
    else:
        click.echo(table([_short(row) for row in layers]))
    if plot is not None:
        from tfluck.figures.matching import draw_correlations

        states = [(f"epoch {matrices.epoch}", matrices.rho, matrices.live)]
        if matrices.epoch:
            first = read_matrices(found, student, 0)
            states.insert(0, ("before training", first.rho, first.live))
        save_plot(plot, lambda: draw_correlations(states, heading(found, student)))


def match_rows(matrices: "Matrices", cka: list[float | None]) -> list[dict[str, Any]]:
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


def _cka(
    run: "Run", seed: int, matrices: "Matrices", wanted: bool
) -> list[float | None]:
    """Return CKA a layer; None where it is not wanted or the weights are not kept."""
    if not wanted or matrices.epoch not in (0, run.experiment.training.epochs):
        return [None] * len(matrices.rho)
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    from tfluck.training.comparing import compare_layers
    from tfluck.training.loading import load_run_models

    models = load_run_models(run, seed, matrices.epoch)
    found = compare_layers(
        lambda x: models.teacher(x, training=False)[:-1],
        lambda x: models.student(x, training=False)[:-1],
        models.batches,
    )
    return [layer.cka for layer in found]


def _null(
    run: "Run", seed: int, epoch: int
) -> dict[tuple[int | None, str], float | None]:
    from tfluck.runs import tidy_rows

    return {
        (row.layer, row.metric): row.value
        for student, row in tidy_rows(run)
        if student == seed and row.epoch == epoch and row.metric in NULLS
    }


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """Choose what fits a line."""
    return {
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

"""``tfluck theory audit``: do the theorems say anything about this run?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analyze_common import open_student, run_options, save_plot
from ..options import click, talk
from ..options import command as declare
from ..output import emit_json, table
from ..report import heading

if TYPE_CHECKING:
    from tfluck.runs import Run
    from tfluck.theory.measured import State


@declare(
    "tfluck theory audit gaus-fc",
    "tfluck theory audit gaus-fc --plot audit.png",
    "tfluck theory audit gaus-fc --samples 1000 --json",
    name="audit",
)
@run_options
@click.option(
    "--samples",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="Inputs of the evaluation set to use, at most.",
)
def command(
    run: str,
    seed: int | None,
    out: Path,
    plot: Path | None,
    as_json: bool,
    samples: int,
) -> None:
    """Measure the theorems' hypotheses on RUN, layer by layer, at both ends of training.

    holds, violated: against the bound; vacuous: a theorem's condition fails, so it says
    nothing here; diagnostic: a size, or why there is none. Weights between the first and
    the last epoch are not kept, so the middle is not audited.
    """
    from tfluck.runs.weights import kept_weights

    found, student = open_student(out, run, seed)
    for epoch in (0, None):
        kept_weights(found, student, epoch)
    rows: list[dict[str, Any]] = []
    from tfluck.theory.audit import audit, audit_teacher

    for state, epoch in _states(found, student, samples):
        seen = audit(state) + (audit_teacher(state) if epoch == 0 else [])
        rows += [{"epoch": epoch} | row.to_row() for row in seen]
    if found.experiment.training.epochs > 1:
        talk("The middle of training is not audited: its weights are not kept.")
    if as_json:
        names = {"run": str(found.layout.root), "seed": student, "samples": samples}
        emit_json(names | {"rows": rows})
    else:
        click.echo(table(_pivot(rows)))
    if plot is not None:
        from tfluck.figures.theory import draw_audit

        shown = sorted(rows, key=lambda row: STATED.index(row["id"]))
        save_plot(plot, lambda: draw_audit(shown, heading(found, student)))


def _states(run: "Run", seed: int, samples: int) -> "list[tuple[State, int]]":
    """Load the student before and after training."""
    from tfluck.foundations.runtime import start_tensorflow
    from tfluck.runs.correlations import read_matrices

    start_tensorflow()
    import numpy as np

    from tfluck.networks import linear_layers
    from tfluck.networks.folding import relu_net
    from tfluck.theory.measured import State
    from tfluck.training.loading import load_run_models

    found: list[tuple[State, int]] = []
    start: list[tuple[Any, Any]] = []
    for epoch in (0, None):
        models = load_run_models(run, seed, epoch)
        layers = linear_layers(models.student)
        weights = [
            (
                np.asarray(layer.kernel.numpy(), np.float64),
                np.asarray(layer.bias.numpy(), np.float64),
            )
            for layer in layers
        ]
        start = start or weights
        matrices = read_matrices(run, seed, models.epoch)
        state = State(
            student=relu_net(models.student),
            teacher=relu_net(models.teacher),
            x=models.inputs(samples),
            rho=list(matrices.rho),
            live=list(matrices.live),
            kernels=[kernel for kernel, _ in weights],
            biases=[bias for _, bias in weights],
            start=[kernel for kernel, _ in start],
            start_biases=[bias for _, bias in start],
            batch_norm=run.experiment.network.batch_norm != "none",
        )
        found.append((state, models.epoch))
    return found


def _pivot(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lay out a line for each hypothesis and epoch, a column for each layer."""
    layers = sorted({row["layer"] for row in rows})
    keys = dict.fromkeys((row["id"], row["hypothesis"], row["epoch"]) for row in rows)
    lines = []
    for id, name, epoch in sorted(keys, key=lambda key: (STATED.index(key[0]), key[1])):
        mine = {
            row["layer"]: row
            for row in rows
            if (row["id"], row["hypothesis"], row["epoch"]) == (id, name, epoch)
        }
        verdicts = dict.fromkeys(mine[layer]["verdict"] for layer in layers)
        lines.append(
            {"id": id, "hypothesis": name, "epoch": epoch}
            | {f"L{layer}": mine[layer]["measured"] for layer in layers}
            | {"bound": mine[layers[0]]["bound"], "verdict": _words(verdicts, mine)}
        )
    return lines


#: The order of the lines.
STATED = ("T1", "A1", "T2", "A2", "A3", "T4", "T3", "T5", "S3.3-many", "C-ML")


def _words(verdicts: dict[str, None], mine: dict[int, dict[str, Any]]) -> str:
    if len(verdicts) == 1:
        return next(iter(verdicts))
    return ", ".join(
        f"{verdict} "
        + " ".join(
            f"L{layer}" for layer, row in mine.items() if row["verdict"] == verdict
        )
        for verdict in verdicts
    )

"""``tfluck theory audit``: do the theorems say anything about this run?"""

from pathlib import Path
from typing import Any

from ..analyze.common import open_run, plot_option, run_options, save_plot
from ..options import click, talk
from ..options import command as declare
from ..output import emit_json, table


@declare(
    "tfluck theory audit gaus-fc",
    "tfluck theory audit gaus-fc --plot audit.png",
    "tfluck theory audit gaus-fc --samples 1000 --json",
    name="audit",
)
@run_options
@plot_option
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
    loaded = open_run(out, run, seed)
    student = loaded.student_seed(seed)
    from tfluck.instruments.audit import audit_run

    rows = audit_run(loaded, student, samples)
    if loaded.run.experiment.training.epochs > 1:
        talk("The middle of training is not audited: its weights are not kept.")
    if as_json:
        names = {"run": str(loaded.path), "seed": student, "samples": samples}
        emit_json(names | {"rows": rows})
    else:
        click.echo(table(_pivot(rows)))
    if plot is not None:
        from tfluck.figures.theory import draw_audit

        shown = sorted(rows, key=lambda row: STATED.index(row["id"]))
        save_plot(plot, lambda: draw_audit(shown, loaded.title(student)))


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

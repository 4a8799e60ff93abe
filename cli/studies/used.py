"""``tfluck used``: how many nodes a student needs for what it has learnt (X1)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput

from ..hints import complete_run
from ..options import click, json_option, out_option
from ..options import command as declare
from ..output import emit_json, table

if TYPE_CHECKING:
    from tfluck.runs import Run

#: Inputs that activations are averaged over.
SAMPLES, IMAGES = 2000, 64
COUNTS = ("winners", "matched", "read", "participation")


@declare(
    "tfluck used digits-true digits-shuffled",
    "tfluck used demo --json",
    name="used",
)
@click.argument("runs", nargs=-1, required=True, shell_complete=complete_run)
@out_option
@json_option
def command(runs: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Count the nodes that the students of each of RUNS use, layer by layer.

    winners: different nodes that are some live teacher node's best; matched: nodes with
    ρ above 0.9 to one; read: nodes whose fan-out is above a tenth of the layer's
    largest; participation: the number of nodes that share the power sent upwards,
    (Σp)² / Σp² with p = ‖fan-out‖² E[f²]. Of two runs with students of the same seeds
    the second is held against the first, student by student.

    Where random labels are fitted, paper 1 expects far more nodes in use. The recipe:

    \b
      tfluck pretrain --dataset digits --name true --teacher-widths 60-60
      tfluck pretrain --dataset digits --name shuffled --labels shuffled --teacher-widths 60-60
      tfluck train --dataset digits --teacher true --seeds 5 --name digits-true
      tfluck train --dataset digits --teacher shuffled --seeds 5 --name digits-shuffled
      tfluck used digits-true digits-shuffled
    """
    from tfluck.runs import resolve_run
    from tfluck.runs.weights import kept_weights

    found = [resolve_run(out, name) for name in runs]
    for run in found:
        for seed in run.seeds:
            kept_weights(run, seed)
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    rows = [row for run in found for row in _rows(run)]
    compared = _compared(found, rows)
    if as_json:
        emit_json({"rows": rows, "differences": compared})
        return
    click.echo(
        table([_line(run, layer, rows) for run in found for layer in _layers(run)])
    )
    if compared:
        click.echo()
        click.echo(table([_shown(one) for one in compared]))


def _layers(run: "Run") -> range:
    return range(len(run.experiment.network.teacher_widths))


def _rows(run: "Run") -> list[dict[str, Any]]:
    from tfluck.analysis.usage import usage
    from tfluck.instruments.loaded import load_run

    rows, loaded = [], load_run(run)
    for seed in run.seeds:
        view = loaded.view(seed, needs=frozenset({"networks", "inputs"}))
        x = view.inputs(IMAGES if view.images else SAMPLES)
        found = view.matrices
        rho = [one[live] for one, live in zip(found.rho, found.live, strict=True)]
        rows += [
            {"run": run.name, "seed": seed} | layer.to_row()
            for layer in usage(view.relu_nets()[0], x, rho)
        ]
    return rows


def _values(rows: Sequence[dict[str, Any]], run: "Run", layer: int, what: str) -> Any:
    return [
        row[what] for row in rows if (row["run"], row["layer"]) == (run.name, layer)
    ]


def _line(run: "Run", layer: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "run": run.name,
        "layer": layer,
        "teacher": run.experiment.network.teacher_widths[layer],
        "nodes": run.experiment.network.student_widths[layer],
    }
    for what in COUNTS:
        values = _values(rows, run, layer, what)
        mean = sum(values) / len(values)
        line[what] = f"{mean:.4g} ({min(values):.4g}–{max(values):.4g})"
    return line


def _compared(
    runs: "Sequence[Run]", rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Hold the second of two runs against the first, by the same students."""
    from tfluck.analysis.paired import paired

    if len(runs) != 2:
        return []
    one, other = runs
    if one.name == other.name:
        raise BadInput("Name two different runs to compare them.")
    if one.seeds != other.seeds or len(_layers(one)) != len(_layers(other)):
        return []
    return [
        {"layer": layer, "count": what}
        | paired(
            _values(rows, other, layer, what), _values(rows, one, layer, what)
        ).to_row()
        for layer in _layers(one)
        for what in COUNTS
    ]


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    interval = one["interval"]
    return {
        "layer": one["layer"],
        "second − first": one["count"],
        "difference": one["difference"],
        "95 %": interval and f"{interval[0]:.4g} … {interval[1]:.4g}",
        "p": one["p_value"],
        "exact p": one["p_exact"],
    }

"""`tfluck analyze compare`: correlation of any two Keras models, layer by layer."""

from pathlib import Path
from typing import Any

from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table
from .common import csv_option, plot_option, save_csv, save_plot


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
@csv_option
@json_option
def command(plot: Path | None, csv: Path | None, as_json: bool, **given: Any) -> None:
    """Match the hidden nodes of STUDENT with those of TEACHER, two .keras files.

    Nothing of a file is run, and Keras does not read it: known layers are built anew from
    its description, and a file with any other layer, or with a Lambda, is refused. Layers
    pair up from the lowest. ρ̄ is the mean best correlation over live teacher nodes;
    "all nodes" is the mean with those that never change at 0.
    """
    from tfluck.instruments.compare import compare

    found = compare(**given)
    if as_json:
        emit_json(found.to_json())
    else:
        click.echo(table(found.lines()))
    save_csv(csv, found.rows)
    if plot is not None:
        save_plot(plot, found.draw)

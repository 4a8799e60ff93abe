"""One command for every instrument: `tfluck analyze NAME RUN`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.instruments import Instrument, Option, find_instrument

from ..options import Command, FiniteFloat, click, talk
from ..options import command as declare
from ..output import emit_json, table
from .common import csv_option, open_run, plot_option, run_options, save_csv, save_plot

if TYPE_CHECKING:
    from tfluck.instruments.analyzing import Analysis


def command_of(name: str) -> Command:
    """Make the command of the instrument called ``name``."""
    instrument = find_instrument(name)

    def command(**given: Any) -> None:
        _analyze(instrument, **given)

    command.__doc__ = instrument.help
    for option in reversed(_options(instrument)):
        command = option(command)
    examples = [f"tfluck analyze {name} {words}" for words in instrument.examples]
    return declare(*examples, name=name)(run_options(command))


def _options(instrument: Instrument) -> list[Callable[..., Any]]:
    options = [
        click.option("--all-seeds", is_flag=True, help="Look at every student."),
        click.option("--epoch", type=click.IntRange(0), help=instrument.epoch_help),
        *map(_option, instrument.options),
    ]
    if instrument.arrays_help:
        options.append(
            click.option(
                "-o",
                "--output",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help=f"Write all matrices as .npz: {instrument.arrays_help}.",
            )
        )
    return options + [csv_option] + ([plot_option] if instrument.draws else [])


def _option(option: Option) -> Callable[..., Any]:
    """Turn an instrument's option into one of the command line."""
    name = "--" + option.name.replace("_", "-")
    if option.kind is bool:
        names = f"{name}/--no-{name[2:]}" if option.default else name
        return click.option(
            names, is_flag=True, default=option.default, help=option.help
        )
    kinds: dict[type, Any] = {
        int: click.IntRange(None if option.low is None else int(option.low)),
        float: FiniteFloat(*([] if option.low is None else [option.low])),
    }
    kind = kinds.get(option.kind, option.kind)
    return click.option(name, type=kind, default=option.default, help=option.help)


def _analyze(
    instrument: Instrument,
    run: str,
    out: Path,
    seed: int | None,
    all_seeds: bool,
    epoch: int | None,
    as_json: bool,
    csv: Path | None,
    plot: Path | None = None,
    output: Path | None = None,
    **options: Any,
) -> None:
    if all_seeds and seed is not None:
        raise click.UsageError("Give --seed or --all-seeds, not both.")
    from tfluck.instruments.analyzing import analyze

    loaded = open_run(out, run, None if all_seeds else seed, quiet=all_seeds)
    found = analyze(
        loaded,
        instrument,
        seed=seed,
        epoch=epoch,
        all_seeds=all_seeds,
        **options,
    )
    if as_json:
        emit_json(found.to_json())
    else:
        click.echo(table(list(found.lines())))
    save_csv(csv, found.rows)
    if output is not None:
        found.save_arrays(output)
        talk(f"Wrote {output}.")
    if plot is not None:
        _draw(found, plot)


def _draw(found: "Analysis", plot: Path) -> None:
    """Draw one student, or each into a file of its own."""
    for seed in found.seeds:
        path = plot if found.alone else plot.with_stem(f"{plot.stem}-seed{seed}")
        save_plot(path, partial(found.draw, seed))

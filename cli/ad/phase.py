"""``tfluck ad phase``: the conjecture over spectral decay."""

from pathlib import Path

import numpy as np

from tfluck.angular.phase import Phase, phase_diagram
from tfluck.errors import BadInput

from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table
from .common import Numbers, plot_option, seed_option

DEFAULT = [*np.linspace(1.1, 3, 20).round(10).tolist(), 1.94, 1.98, 2.02, 2.06]


@declare(
    "tfluck ad phase --plot phase.png",
    "tfluck ad phase --decays 1.5,1.9,2,2.1,2.5 --m 3,4,5 --json",
)
@click.option(
    "--decays", type=Numbers(), default=DEFAULT, help="p; default 1.1 to 3 in 24 steps."
)
@click.option(
    "--m", "sizes", type=Numbers(), default=[3.0, 5.0], help="Students; default 3,5."
)
@click.option(
    "--samples", type=click.IntRange(1, 10**9), default=1500, show_default=True
)
@seed_option
@plot_option
@json_option
def command(
    decays: list[float],
    sizes: list[float],
    samples: int,
    seed: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Say how often Conjecture 5.5 holds for ½ + Σ cos(nθ)/(1 + n^p), over p."""
    if any(m != int(m) for m in sizes):
        raise BadInput("--m takes whole numbers.")
    found = phase_diagram(sorted(set(decays)), [int(m) for m in sizes], samples, seed)
    _print(found, seed, as_json)
    if plot:
        from tfluck.figures.angular import draw_phase

        draw_phase(found, plot)


def _print(found: Phase, seed: int, as_json: bool) -> None:
    rows: list[dict[str, object]] = [
        {
            "decay": float(p),
            "m": m,
            "holds": float(found.holds[a, b]),
            "violated": float(found.violated[a, b]),
            "undecided": float(found.undecided[a, b]),
        }
        for a, p in enumerate(found.decays)
        for b, m in enumerate(found.sizes)
    ]
    if as_json:
        emit_json({"samples": found.samples, "seed": seed, "rows": rows})
        return
    click.echo(table(rows))

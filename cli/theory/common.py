"""What the simulations share: the picture's option and looks spread over the course."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..analyze_common import checked_plot
from ..options import FiniteFloat, click

plot_option = click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    callback=lambda context, parameter, value: checked_plot(value),
    help="Draw it as .png, .pdf or .svg.",
)
#: Looks at a course, about.
LOOKS = 300


def simulation_options(steps: int, rate: float) -> Callable[..., Any]:
    """Return --steps, --lr and --seed with these defaults."""
    options = (
        click.option(
            "--steps",
            type=click.IntRange(1, 10**7),
            default=steps,
            show_default=True,
            help="Euler steps.",
        ),
        click.option(
            "--lr",
            type=FiniteFloat(0.0, above=True),
            default=rate,
            show_default=True,
            help="Step size η.",
        ),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True),
    )

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def between_looks(steps: int) -> int:
    """Return the steps between two looks."""
    return max(1, steps // LOOKS)

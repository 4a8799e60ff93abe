"""What the simulations share: the picture's option and looks spread over the course."""

from collections.abc import Callable
from typing import Any

from ..analyze.common import plot_option
from ..options import FiniteFloat, click

#: Looks at a course, about.
LOOKS = 300

__all__ = ["between_looks", "plot_option", "simulation_options"]


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

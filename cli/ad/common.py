"""Options and small types the ``ad`` commands share."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.angular.asking import FORMS, MOST_DRAWN

from ..options import click, talk

if TYPE_CHECKING:
    from tfluck.angular.angle import Angle
    from tfluck.angular.functions import AngularFunction


class Numbers(click.ParamType):
    """Numbers separated by commas, each of them finite."""

    name = "numbers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[float]:
        """Parse ``value`` or say which part is no number."""
        if isinstance(value, list):
            return value
        numbers = []
        for part in str(value).split(","):
            try:
                number = float(part)
            except ValueError:
                self.fail(f"{part!r} in {value!r} is not a number.", param, ctx)
            if not math.isfinite(number):
                self.fail(f"{part!r} in {value!r} is not a finite number.", param, ctx)
            numbers.append(number)
        return numbers


class Angles(click.ParamType):
    """Angles separated by commas, exact: decimals, fractions and multiples of π."""

    name = "angles"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> "list[Angle]":
        """Parse ``value`` or say which part is no angle."""
        from tfluck.angular.angle import parse_angle

        if isinstance(value, list):
            return value
        return [parse_angle(part) for part in str(value).split(",")]


def check_option(claim: str) -> Any:
    """Return ``--check``: exit with 4 unless ``claim`` holds."""
    return click.option(
        "--check", "check_it", is_flag=True, help=f"Exit with 4 unless {claim}."
    )


class Function(click.ParamType):
    """An angular function, by family or as module:attribute."""

    name = "function"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> "AngularFunction":
        """Parse ``value``; modules are also looked for in the working directory."""
        from tfluck.angular.functions import AngularFunction
        from tfluck.angular.naming import parse

        if isinstance(value, AngularFunction):
            return value
        here = str(Path.cwd())
        if here not in sys.path:
            sys.path.append(here)
        return parse(value)


function_option = click.option(
    "--function",
    "-f",
    default="relu",
    type=Function(),
    help=f"One of {FORMS}. Default: relu.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True
)


class Picture(click.Path):
    """A path to draw to, refused at once where its suffix says no format we have."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Check the suffix before anything is computed."""
        from tfluck.figures.style import format_of

        path = Path(str(super().convert(value, param, ctx)))
        format_of(path)
        return path


plot_option = click.option("--plot", type=Picture(), help="Draw to .png, .pdf or .svg.")


def students_option(least: int, default: int) -> Any:
    """Return ``--m`` for commands that look at many sets of angles."""
    return click.option(
        "--m",
        type=click.IntRange(least, MOST_DRAWN),
        default=default,
        show_default=True,
        help="Students.",
    )


def warn_uncertified(function: "AngularFunction") -> None:
    """Say on stderr that nothing about a plain callable is certified."""
    if not function.certifiable:
        talk(
            f"{function.name} is a Python callable: values and signs are float64, "
            "nothing is certified."
        )

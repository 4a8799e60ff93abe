"""One option for every setting of a run, read by the library and checked there."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from tfluck.experiment.choices import parse_names
from tfluck.experiment.execution import execution_fields
from tfluck.experiment.experiment import all_fields
from tfluck.experiment.fields import Field
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import DEFAULT_SCALE, SCALES
from tfluck.experiment.table import default_text
from tfluck.foundations.errors import BadInput

from .ingredients import parse_dataset
from .options import FiniteFloat, click, json_option, out_option


class Parsed(click.ParamType):
    """An option whose text a function of the library reads."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Parse, or fail as a usage error."""
        try:
            return self.parse(value) if isinstance(value, str) else value
        except BadInput as error:
            self.fail(str(error), param, ctx)


def _dataset_type() -> click.ParamType:
    return Parsed("gaus|uniform|…|cifar10|…|npz:PATH", parse_dataset)


def _watch_type() -> click.ParamType:
    return Parsed("NAME,NAME,…", _watched)


def _watched(text: str) -> tuple[str, ...]:
    from tfluck.instruments.watching import chosen_instruments

    return tuple(one.name for one in chosen_instruments(parse_names(text)))


COUNT = click.IntRange(min=1)
#: Settings whose text means something here only, such as a path.
TYPES: dict[str, Callable[[], Any]] = {
    "dataset": _dataset_type,
    "watch": _watch_type,
    "data_dir": lambda: click.Path(file_okay=False, resolve_path=True),
}


def option_type(field: Field) -> Any:
    """Return what reads the text of a setting; the library checks the value again."""
    about = field.setting
    if field.name in TYPES:
        return TYPES[field.name]()
    if about.parse is not None:
        return Parsed(about.metavar or field.option, about.parse)
    if field.names:
        return click.Choice(field.names)
    if field.kind is float:
        return FiniteFloat(-math.inf if about.low is None else about.low)
    if field.kind is int:
        # Of what is too large the library speaks, in a sentence of its own.
        return click.IntRange(None if about.low is None else int(about.low))
    return click.STRING


def _option(field: Field) -> Callable[[Any], Any]:
    text = f"{field.help} [{default_text(field)}]".strip()
    if field.kind is bool:
        names = f"--{field.option}/--no-{field.option}"
        return click.option(names, default=None, is_flag=True, help=text)
    return click.option(f"--{field.option}", type=option_type(field), help=text)


def settings_options(*without: str) -> Callable[[Any], Any]:
    """Add one option for every setting of a run but those in ``without``."""

    def add(function: Any) -> Any:
        for field in reversed((*all_fields(), *execution_fields())):
            if field.option not in without and not field.setting.hidden:
                function = _option(field)(function)
        return function

    return add


def given_settings(
    preset: str | None, scale: str, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Let the preset speak first, then the options that were given."""
    chosen = load_preset(preset).at(scale) if preset is not None else {}
    context = click.get_current_context()
    given = {
        key: value
        for key, value in settings.items()
        if context.get_parameter_source(key) is click.core.ParameterSource.COMMANDLINE
    }
    return chosen | given


def run_options(function: Any) -> Any:
    """Add the options of a command that makes a run: which one, how large, and where."""
    for option in (
        json_option,
        click.option("--dry-run", is_flag=True, help="Print the plan and stop."),
        click.option(
            "--force",
            is_flag=True,
            help="Start however much memory, disk or time the plan asks for.",
        ),
        click.option(
            "--fresh", is_flag=True, help="Throw away an earlier run of these settings."
        ),
        click.option(
            "--name",
            help="Name of the run's folder. [made from the settings]",
        ),
        out_option,
        click.option(
            "--scale",
            type=click.Choice(list(SCALES)),
            default=DEFAULT_SCALE,
            show_default=True,
            help="How large what was not given is: laptop is minutes on two cores; the "
            "defaults in brackets are those of paper.",
        ),
    ):
        function = option(function)
    return function

"""What commands share: the lazy group, the common switches, the number types."""

import importlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tfluck.experiment.choices import number, shown, whole
from tfluck.foundations.errors import BadInput

from . import click
from .hints import command_hint, complete_run, option_hint
from .streams import say

__all__ = [
    "Command",
    "FiniteFloat",
    "Group",
    "LazyGroup",
    "click",
    "command",
    "is_debug",
    "is_quiet",
    "is_verbose",
    "json_option",
    "out_option",
    "run_argument",
    "talk",
]

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_switches = {"quiet": False, "verbose": False, "debug": False}


def _set_switch(
    context: click.Context, parameter: click.Parameter, value: bool
) -> None:
    if value and not context.resilient_parsing:
        _switches[str(parameter.name)] = True


def _switch(*names: str, text: str) -> click.Option:
    return click.Option(
        names, is_flag=True, expose_value=False, callback=_set_switch, help=text
    )


class Command(click.Command):
    """A command that knows --quiet, --verbose and --debug, and ends with examples."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs["context_settings"] = HELP | kwargs.get("context_settings", {})
        if examples:
            lines = "\n".join(f"  {line}" for line in examples)
            kwargs["epilog"] = f"\b\nExamples:\n{lines}"
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        for parameter in self.params:
            parameter.type = strict(parameter.type)
        self.params += [
            _switch("-q", "--quiet", text="Print results only, no talk."),
            _switch(
                "-v", "--verbose", text="Show messages of TensorFlow, where it is used."
            ),
            _switch("--debug", text="Show the traceback of a failure."),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an empty word, which is what an unset shell variable leaves behind."""
        for before, word in zip(["", *args], args, strict=False):
            if ctx.resilient_parsing:
                break
            if not word or (word.startswith("--") and word.endswith("=")):
                name = word.rstrip("=") or (
                    before if before.startswith("-") else "A word"
                )
                ctx.fail(f"{name} is empty; is a variable not set?")
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [name for param in self.params for name in param.opts]
            name = error.option_name
            message = f"No such option {shown(name)}.{option_hint(name, known)}"
            raise click.NoSuchOption(name, message, ctx=ctx) from None

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Forget the switches of an earlier call in this process."""
        _switches.update(quiet=False, verbose=False, debug=False)
        return super().make_context(*args, **kwargs)


class Group(click.Group):
    """A group whose commands are ours."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = HELP | kwargs.get("context_settings", {})
        super().__init__(*args, **kwargs)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            hint = command_hint(args[0], known, ctx.command_path)
            ctx.fail(f"No such command {shown(args[0])}.{hint}")
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group that imports a command's module when the command is called.

    ``table`` maps a name to (module, one line of help); the module holds the command
    under the attribute ``command``. Listing the group imports nothing.
    """

    def __init__(
        self, *args: Any, table: dict[str, tuple[str, str]], package: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self.table:
            return None
        module = importlib.import_module(self.table[cmd_name][0], self.package)
        found: click.Command = module.command
        return found

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the table itself, so that help needs no import."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


def command(*examples: str, **kwargs: Any) -> Callable[[Any], Command]:
    """Declare a command with its examples (each one runs as it stands)."""
    return click.command(cls=Command, examples=examples, **kwargs)


class Whole(click.IntRange):
    """A whole number, written in digits only; click alone takes ``1_0`` and ``²`` too."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Parse ``value`` or fail with the bound it breaks."""
        try:
            read = whole(value) if isinstance(value, str) else value
        except BadInput as error:
            self.fail(str(error), param, ctx)
        return super().convert(read, param, ctx)


def strict(kind: click.ParamType) -> click.ParamType:
    """Read every whole number of every command the same way."""
    if isinstance(kind, click.IntRange):
        return Whole(kind.min, kind.max)
    return Whole() if isinstance(kind, click.types.IntParamType) else kind


class FiniteFloat(click.ParamType):
    """A float that is neither nan nor infinite, and at least (or above) ``low``."""

    name = "float"

    def __init__(self, low: float = -math.inf, *, above: bool = False) -> None:
        self.low = low
        self.above = above

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse ``value`` or fail with the bound it breaks."""
        try:
            read = number(str(value))
        except BadInput as error:
            self.fail(str(error), param, ctx)
        if read < self.low or (self.above and read == self.low):
            relation = "above" if self.above else "at least"
            self.fail(f"{value!r} must be {relation} {self.low:g}.", param, ctx)
        return read


out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder of runs.",
)
run_argument = click.argument("run", shell_complete=complete_run)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout."
)


def is_quiet() -> bool:
    """Tell whether --quiet was given."""
    return _switches["quiet"]


def is_verbose() -> bool:
    """Tell whether --verbose was given."""
    return _switches["verbose"]


def is_debug() -> bool:
    """Tell whether --debug was given."""
    return _switches["debug"]


def talk(message: str) -> None:
    """Say ``message`` on stderr unless the user asked for quiet."""
    if not is_quiet():
        say(message)

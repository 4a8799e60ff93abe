"""``tfluck align``: students turning towards teachers.

``tfluck align --teachers … `` is ``tfluck align descent --teachers …``.
"""

from typing import Any

from ..options import LazyGroup, click

COMMANDS = {
    "descent": (
        ".descent",
        "Train students (the default: `tfluck align --teachers 5`).",
    ),
    "stationary": (
        ".stationary",
        "Find critical points from many starts and name them.",
    ),
    "rate": (".rate", "Follow the loss of the flow against its proved bounds."),
    "several": (".several", "The stationary point of positive loss of k teachers."),
    "inequality": (".inequality", "Try to break the loss-gradient inequality."),
}


class DefaultGroup(LazyGroup):
    """A group whose options, when no command is named, belong to ``descent``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``descent`` before options that name no command."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["descent", *args]
        return super().parse_args(ctx, args)

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Show the options of ``descent``, then the commands."""
        descent: Any = self.get_command(ctx, "descent")
        descent.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


EPILOG = """\b
Examples:
  tfluck align --teachers 0.3,0.85,1.45,2.1,2.75 --students 20 --steps 50000
  tfluck align --teachers 5 --steps 5000 --plot figure-1.png --gif figure-1.gif
  tfluck align rate --m 5 --dim 3
  tfluck align inequality --m 5 --dim 3 --samples 10000
"""


@click.group(cls=DefaultGroup, table=COMMANDS, package=__package__, epilog=EPILOG)
def command() -> None:
    """Train a two-layer student on a two-layer teacher with the exact population gradient."""

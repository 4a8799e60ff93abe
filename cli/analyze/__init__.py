"""`tfluck analyze`: what a run, or a set of weights, says node by node."""

from tfluck.instruments import INSTRUMENTS, help_of

from ..options import LazyGroup, click

#: What is no instrument on a run.
COMMANDS = {
    "luck": (".luck", "How far the start decides who wins, and how early."),
    "flatness": (".flatness", "The loss's curvature around winners and others."),
    "compare": (".compare", "Compare any two Keras models, layer by layer."),
    "bn-bias": (".bn_bias", "Count negative BatchNorm biases, layer by layer."),
}


class Instruments(LazyGroup):
    """A command for every instrument, ours and those of plugins, and those above."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, table={}, package=__package__, **kwargs)

    @property
    def table(self) -> dict[str, tuple[str, str]]:
        """The commands; those of the instruments are made in one module."""
        return {name: (".run", help_of(name)) for name in INSTRUMENTS} | COMMANDS

    @table.setter
    def table(self, value: dict[str, tuple[str, str]]) -> None:
        """The table is the registry's."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make an instrument's command, or import one of the others."""
        if cmd_name in COMMANDS or cmd_name not in INSTRUMENTS:
            return super().get_command(ctx, cmd_name)
        from .run import command_of

        return command_of(cmd_name)


@click.group(name="analyze", cls=Instruments)
def command() -> None:
    """Look at a run, or at pretrained weights, node by node."""

"""`tfluck analyze`: what a run, or a set of weights, says node by node."""

from .options import LazyGroup, click

COMMANDS = {
    "bn-bias": (".analyze_bn_bias", "Count negative BatchNorm biases, layer by layer."),
}


@click.group(name="analyze", cls=LazyGroup, table=COMMANDS, package=__package__)
def command() -> None:
    """Look at a run, or at pretrained weights, node by node."""

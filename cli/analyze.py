"""`tfluck analyze`: what a run, or a set of weights, says node by node."""

from .options import LazyGroup, click

COMMANDS = {
    "correlation": (
        ".analyze_correlation",
        "Which student matches which teacher node.",
    ),
    "rank": (".analyze_rank", "Where the winners stood before they had won."),
    "modulation": (".analyze_modulation", "β*, H*, β, H: who corrects whom, top down."),
    "overlap": (".analyze_overlap", "How much activation regions overlap; K_d, K_l."),
    "weights": (".analyze_weights", "Fan-in, fan-out, and the L shape."),
    "luck": (".analyze_luck", "How far the start decides who wins, and how early."),
    "flatness": (
        ".analyze_flatness",
        "The loss's curvature around winners and others.",
    ),
    "compare": (".analyze_compare", "Compare any two Keras models, layer by layer."),
    "bn-bias": (".analyze_bn_bias", "Count negative BatchNorm biases, layer by layer."),
}


@click.group(name="analyze", cls=LazyGroup, table=COMMANDS, package=__package__)
def command() -> None:
    """Look at a run, or at pretrained weights, node by node."""

"""Paper 1's figures 6 and 16: signs of BatchNorm biases, of the weights that are here."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from tfluck.figures.bn_bias import draw_bn_bias
from tfluck.foundations.errors import TfluckError
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.runs import Source


@dataclass(frozen=True)
class Biases(Recipe):
    """The published weights of ``model``; where they cannot be had, of others on this disk."""

    model: str

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Read the biases.

        Raises:
            TfluckError: no weights are here and none can be fetched.
        """
        from tfluck.instruments.bn_bias import Biases as Found
        from tfluck.instruments.bn_bias import bn_bias, panels_of
        from tfluck.weightfiles import Unreachable

        try:
            found: Found = bn_bias([self.model], say=scope.tell)
        except Unreachable as error:
            found = _others(self.model, scope, error)
        rows = [
            (reading.network.model, layer, float(bias))
            for reading in found.readings
            for layer, biases in panels_of(reading)
            for bias in biases
        ]
        table = pd.DataFrame(rows, columns=["model", "layer", "bias"])
        return Measured(table, (), tuple(map(_words, found.readings)))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw a histogram a layer."""
        return draw_bn_bias(
            [
                (
                    f"BatchNorm bias of {model}",
                    [
                        (str(layer), part.bias.to_numpy())
                        for layer, part in rows.groupby("layer", sort=False)
                    ],
                )
                for model, rows in table.groupby("model", sort=False)
            ]
        )


def _others(wanted: str, scope: Scope, error: TfluckError):  # type: ignore[no-untyped-def]
    """Read the weights of other networks with BatchNorm that lie on this disk."""
    from tfluck.instruments.bn_bias import bn_bias
    from tfluck.zoo.addresses import at_hand
    from tfluck.zoo.vgg import VGG_BN

    here = [name for name in at_hand() if name not in VGG_BN]
    if not here:
        raise error
    scope.tell(f"{wanted} cannot be had; {', '.join(here)} stand in for it.")
    return bn_bias(here, say=scope.tell)


def _words(reading) -> str:  # type: ignore[no-untyped-def]
    network = reading.network
    return f"{network.model}: {network.negative_fraction:.1%} of channels are negative."


VGG16, VGG11 = Biases("vgg16_bn"), Biases("vgg11_bn")

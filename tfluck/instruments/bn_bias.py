"""Assumption 3 seen in pretrained networks: the signs of BatchNorm biases (F6, F16)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput
from tfluck.instruments.instrument import Line, flat
from tfluck.instruments.view import silent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfluck.figures.bn_bias import Panel
    from tfluck.zoo.pretrained import Reading

#: The networks of figures 16 and 6.
DEFAULT = ("vgg11_bn", "vgg16_bn")
#: Those and every other whose weights are on this disk.
ALL = "all"
#: What works with no file and no network.
OFFLINE = (
    "Without a network, 'tfluck analyze bn-bias --model VGG16 --weights random' shows "
    "what chance alone gives, and --images DIR measures it on your pictures."
)


@dataclass(frozen=True, eq=False)
class Biases:
    """The biases of several networks, and why others could not be read."""

    readings: "tuple[Reading, ...]"
    failures: tuple[dict[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the counts and the failures as plain values."""
        rows = [reading.network.to_row() for reading in self.readings]
        return {"models": rows, "not_reached": list(self.failures)}

    def rows(self) -> list[Line]:
        """Return a flat line for every layer of every network."""
        return [
            {"model": reading.network.model} | flat(layer)
            for reading in self.readings
            for layer in reading.network.to_row()["layers"]
        ]

    def draw(self) -> "Figure":
        """Draw the histograms of all networks as one figure."""
        from tfluck.figures.bn_bias import draw_bn_bias

        return draw_bn_bias([(_heading(r), panels_of(r)) for r in self.readings])


def bn_bias(
    models: Sequence[str] = (),
    weights: Sequence[str] = (),
    *,
    images: Path | None = None,
    seed: int = 1,
    fresh: bool = False,
    say: Callable[[str], None] = silent,
) -> Biases:
    """Read the biases of networks.

    Args:
        models: names of networks, or ``all``, with which those that cannot be read are
            listed and the others shown; by default the papers' two VGGs.
        weights: a file or URL for each model, in order, or alone.
        images, seed, fresh, say: as :func:`tfluck.zoo.pretrained.read_network`.

    Raises:
        TfluckError: a network cannot be read, or of ``all`` none can.
    """
    from tfluck.weightfiles import Refused, Unreachable
    from tfluck.zoo.pretrained import read_network

    readings, failures, go_on = [], [], ALL in models
    for name, file in _pairs(models, weights):
        try:
            readings.append(
                read_network(name, file, images=images, seed=seed, fresh=fresh, say=say)
            )
        except (Refused, Unreachable) as error:
            if go_on:
                failures.append({"model": str(name), "reason": str(error)})
            elif isinstance(error, Unreachable):
                raise Unreachable(f"{error} {OFFLINE}") from error
            else:
                raise
    if not readings:
        reasons = " ".join(row["reason"] for row in failures)
        raise Unreachable(f"No network could be read. {reasons} {OFFLINE}")
    return Biases(tuple(readings), tuple(failures))


def _pairs(
    models: Sequence[str], weights: Sequence[str]
) -> list[tuple[str | None, str | None]]:
    """Say which weights belong to which network; None is the published, or any, one."""
    from tfluck.zoo.addresses import at_hand, network_name

    if not weights:
        names = [
            name
            for model in models or DEFAULT
            for name in (at_hand() if model == ALL else [network_name(model)])
        ]
        return [(name, None) for name in dict.fromkeys(names)]
    if ALL in models or len(models) > len(weights):
        raise BadInput("Give one --weights for each --model by name, or none at all.")
    return list(zip_longest(map(network_name, models), weights))


def _heading(reading: "Reading") -> str:
    """Say what a block of panels shows."""
    network = reading.network
    kind = "BatchNorm" if network.kind == "batch-norm" else "Effective"
    return f"{kind} bias of {network.model}"


def panels_of(reading: "Reading") -> "list[Panel]":
    """Return the biases of each layer; a VGG's layers are Conv0, Conv1, …."""
    from tfluck.zoo.vgg import VGG_BN

    if reading.network.model not in VGG_BN:
        return list(reading.biases)
    return [(f"Conv{i}", biases) for i, (_, biases) in enumerate(reading.biases)]

"""`tfluck analyze bn-bias`: Assumption 3 seen in pretrained networks (F6, F16)."""

from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput

from .options import click, json_option, talk
from .options import command as declare
from .output import emit_json, table

if TYPE_CHECKING:
    from tfluck.analysis.bn_bias import NetworkBias
    from tfluck.figures.bn_bias import Panel
    from tfluck.zoo.pretrained import Reading

#: The networks of figures 16 and 6.
DEFAULT = ("vgg11_bn", "vgg16_bn")
#: What works with no file and no network.
OFFLINE = (
    "Without a network, 'tfluck analyze bn-bias --model VGG16 --weights random' shows "
    "what chance alone gives, and --images DIR measures it on your pictures."
)
VERDICTS = {
    "supports": "most biases in front of ReLU are negative, as Assumption 3 needs",
    "contradicts": "most biases in front of ReLU are not negative",
    "not-counted": "not counted for or against Assumption 3",
    "effective-supports": "no BatchNorm to count, but most effective biases are "
    "negative: what Assumption 3 needs",
    "effective-contradicts": "no BatchNorm to count, and most effective biases are not "
    "negative",
    "effective-undecided": "no BatchNorm to count, and the effective biases leave both "
    "signs possible",
}


@declare(
    "tfluck analyze bn-bias --plot bn_bias.pdf",
    "tfluck analyze bn-bias --weights vgg16_bn-6c64b313.pth --json",
    "tfluck analyze bn-bias --model VGG16 --images photos/",
    "tfluck analyze bn-bias --model VGG16 --weights random",
    name="bn-bias",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="vgg11_bn, vgg13_bn, vgg16_bn, vgg19_bn, any keras.applications name, or all: "
    "those four and every other whose weights Keras has on this disk. May be repeated; "
    "the default is vgg11_bn and vgg16_bn.",
)
@click.option(
    "--weights",
    multiple=True,
    metavar="FILE_OR_URL",
    help="Safetensors, PyTorch .pth, Keras .h5 or .keras, or a TensorFlow checkpoint; "
    "the first belongs to the first --model, and so on. The word random, for VGG16 and "
    "VGG19, is a null: the weights their training begins with.",
)
@click.option(
    "--images",
    type=click.Path(exists=True, path_type=Path),
    metavar="DIR|NPZ",
    help="Pictures on which VGG16 and VGG19, which have no BatchNorm, are measured.  "
    "[with --weights random: 16 standard-normal images]",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Of random weights."
)
@click.option("--fresh", is_flag=True, help="Read remote files anew.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the histograms as .png, .pdf or .svg.",
)
@json_option
def command(
    models: tuple[str, ...],
    weights: tuple[str, ...],
    images: Path | None,
    seed: int,
    fresh: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Count negative, zero and positive BatchNorm biases, layer by layer.

    A negative bias in front of a ReLU lets less than half of the data pass. Of a remote
    file only the BatchNorm tensors are read (about 0.3 MB), and kept. The biases of a
    network whose BatchNorm follows its ReLU gate nothing and are never counted. With
    --model all, what cannot be read is told at the end and the others are shown.
    """
    if plot is not None:
        from tfluck.figures.style import format_of

        format_of(plot)
    readings, failures = read_all(
        pairs(models, weights), images, seed, fresh, go_on="all" in models
    )
    if as_json:
        rows = [reading.network.to_row() for reading in readings]
        emit_json({"models": rows, "not_reached": failures})
    else:
        texts = [describe(reading.network) for reading in readings]
        texts += [f"{row['model']} was not read: {row['reason']}" for row in failures]
        click.echo("\n\n".join(texts))
    if plot is not None:
        draw(readings, plot)


def read_all(
    wanted: list[tuple[str | None, str | None]],
    images: Path | None,
    seed: int,
    fresh: bool,
    *,
    go_on: bool,
) -> tuple["list[Reading]", list[dict[str, str]]]:
    """Read every network; with ``go_on`` list those that cannot be read with reasons.

    Raises:
        TfluckError: a network cannot be read, or with ``go_on`` none can.
    """
    from tfluck.weightfiles import Refused, Unreachable
    from tfluck.zoo.pretrained import read_network

    readings, failures = [], []
    for name, file in wanted:
        try:
            readings.append(
                read_network(
                    name, file, images=images, seed=seed, fresh=fresh, say=talk
                )
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
    return readings, failures


def pairs(
    models: tuple[str, ...], weights: tuple[str, ...]
) -> list[tuple[str | None, str | None]]:
    """Say which weights belong to which network; None is the published, or any, one."""
    from tfluck.zoo.addresses import at_hand, network_name

    if not weights:
        names = [
            name
            for model in models or DEFAULT
            for name in (at_hand() if model == "all" else [network_name(model)])
        ]
        return [(name, None) for name in dict.fromkeys(names)]
    if "all" in models or len(models) > len(weights):
        raise BadInput("Give one --weights for each --model by name, or none at all.")
    return list(zip_longest(map(network_name, models), weights))


def describe(network: "NetworkBias") -> str:
    """Lay out one network: its layers, then what they add up to."""
    keys = ("name", "channels", "negative", "zero", "positive", "negative_fraction")
    rows: list[dict[str, Any]] = [
        {key: row[key] for key in (*keys, "pass_rate", "order", "consumer")}
        for row in network.to_row()["layers"]
    ]
    gated = network.negative_fraction_bn_relu
    head = f"{network.model}, {network.kind} bias, from {network.source}"
    share = f"negative: {network.negative_fraction:.1%} of all channels"
    if gated is not None:
        share += f", {gated:.1%} of those in front of a ReLU"
    if network.interval is not None:
        low, high = network.interval
        share += (
            f" (95 % interval {low:.1%} to {high:.1%}, if channels are independent)"
        )
    lines = [head, table(rows), share]
    if (trend := network.trend) is not None:
        lines.append(
            f"with depth: Kendall's τ of the share {trend.kendall:+.2f} over "
            f"{trend.layers} layers, p = {trend.p:.2g}"
        )
    return "\n".join([*lines, f"verdict: {VERDICTS[network.verdict]}"])


def draw(readings: "list[Reading]", path: Path) -> None:
    """Write the histograms of all networks as one figure."""
    from tfluck.figures.bn_bias import draw_bn_bias
    from tfluck.figures.style import save

    save(
        draw_bn_bias([(heading(reading), panels(reading)) for reading in readings]),
        path,
    )
    talk(f"Drew {path}.")


def heading(reading: "Reading") -> str:
    """Say what a block of panels shows."""
    network = reading.network
    kind = "BatchNorm" if network.kind == "batch-norm" else "Effective"
    return f"{kind} bias of {network.model}"


def panels(reading: "Reading") -> "list[Panel]":
    """Return the biases of each layer; a VGG's layers are Conv0, Conv1, …."""
    from tfluck.zoo.vgg import VGG_BN

    if reading.network.model not in VGG_BN:
        return list(reading.biases)
    return [(f"Conv{i}", biases) for i, (_, biases) in enumerate(reading.biases)]

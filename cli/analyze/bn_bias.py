"""`tfluck analyze bn-bias`: Assumption 3 seen in pretrained networks (F6, F16)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..options import click, json_option, talk
from ..options import command as declare
from ..output import emit_json, table
from .common import csv_option, plot_option, save_csv, save_plot

if TYPE_CHECKING:
    from tfluck.analysis.bn_bias import NetworkBias

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
@plot_option
@csv_option
@json_option
def command(plot: Path | None, csv: Path | None, as_json: bool, **given: Any) -> None:
    """Count negative, zero and positive BatchNorm biases, layer by layer.

    A negative bias in front of a ReLU lets less than half of the data pass. Of a remote
    file only the BatchNorm tensors are read (about 0.3 MB), and kept. The biases of a
    network whose BatchNorm follows its ReLU gate nothing and are never counted. With
    --model all, what cannot be read is told at the end and the others are shown.
    """
    from tfluck.instruments.bn_bias import bn_bias

    found = bn_bias(**given, say=talk)
    if as_json:
        emit_json(found.to_json())
    else:
        texts = [describe(reading.network) for reading in found.readings]
        texts += [
            f"{row['model']} was not read: {row['reason']}" for row in found.failures
        ]
        click.echo("\n\n".join(texts))
    save_csv(csv, found.rows)
    if plot is not None:
        save_plot(plot, found.draw)


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

"""Residual networks: blocks h ↦ ReLU(h + W₂ ReLU(W₁ h + b₁) + b₂) upon a first layer.

The skip is the identity, so the layers between blocks are equally wide; inside a block
the width is free. BatchNorm before ReLU normalises what a block adds, as in He et al.
(2016); after ReLU it normalises what a layer hands on.
"""

from collections.abc import Callable

from tfluck.architectures.architecture import Architecture
from tfluck.architectures.cnn import CONVOLUTIONAL, LAPTOP, SMOKE
from tfluck.architectures.fc import FC
from tfluck.architectures.graph import Draft
from tfluck.foundations.errors import BadInput


def _blocks(layer: Callable[[int, str | None], str], widths: tuple[int, ...]) -> None:
    if len(widths) % 2 == 0 or len(set(widths[::2])) > 1:
        raise BadInput(
            "A residual net has a first layer and blocks of two, and a block's output is "
            "as wide as what it is added to: give an odd number of widths, equal at the "
            f"1st, 3rd, 5th … place, like 10-15-10, not {'-'.join(map(str, widths))}."
        )
    skip = layer(widths[0], None)
    for inner, outer in zip(widths[1::2], widths[2::2], strict=True):
        layer(inner, None)
        skip = layer(outer, skip)


def _draw_dense(draft: Draft, widths: tuple[int, ...]) -> None:
    _blocks(draft.dense, widths)


def _draw_conv(draft: Draft, widths: tuple[int, ...]) -> None:
    """Padded, for a block must not change the image's size."""
    _blocks(lambda width, skip: draft.conv(width, skip, padded=True), widths)


RESNET = Architecture(
    name="resnet",
    draw=_draw_dense,
    help="residual blocks of dense layers",
    defaults={"teacher_widths": (75, 100, 75, 100, 75), "bn_affine": False},
    scales={
        "laptop": FC.scales["laptop"] | {"teacher_widths": (15, 20, 15)},
        "smoke": FC.scales["smoke"] | {"teacher_widths": (6, 5, 6)},
    },
    few_samples={"teacher_widths": (20, 20, 20)},
)
RESNET_CONV = Architecture(
    name="resnet-conv",
    draw=_draw_conv,
    help="residual blocks of padded 3×3 convolutions",
    images=True,
    defaults=CONVOLUTIONAL | {"teacher_widths": (64, 64, 64, 64, 64)},
    scales={
        "laptop": LAPTOP | {"teacher_widths": (8, 8, 8)},
        "smoke": SMOKE | {"teacher_widths": (4, 4, 4)},
    },
    few_samples={"teacher_widths": (16, 16, 16), "multiplier": 5},
    few_pixels={"teacher_widths": (16, 16, 16)},
)

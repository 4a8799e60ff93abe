"""Convolutions below, dense layers above: half of the hidden layers each."""

from tfluck.architectures.architecture import Architecture
from tfluck.architectures.cnn import CONVOLUTIONAL, LAPTOP, SMOKE
from tfluck.architectures.graph import Draft


def _draw(draft: Draft, widths: tuple[int, ...]) -> None:
    """The lower half, rounded up, are convolutions."""
    lower = (len(widths) + 1) // 2
    for width in widths[:lower]:
        draft.conv(width)
    for width in widths[lower:]:
        draft.dense(width)


MIXED = Architecture(
    name="mixed",
    draw=_draw,
    help="convolutions below, dense layers above",
    images=True,
    defaults=CONVOLUTIONAL | {"teacher_widths": (64, 64, 100, 125)},
    scales={
        "laptop": LAPTOP | {"teacher_widths": (8, 8, 20, 25)},
        "smoke": SMOKE | {"teacher_widths": (4, 6)},
    },
    few_samples={"teacher_widths": (16, 16, 20, 20), "multiplier": 5},
    few_pixels={"teacher_widths": (16, 16, 20)},
)

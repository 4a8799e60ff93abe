"""3×3 convolutions without padding, then one dense layer over all positions."""

from typing import Any

from tfluck.architectures.architecture import Architecture
from tfluck.architectures.graph import Draft

#: What every net with convolutions is given. XLA's are slower on CPU than TensorFlow's
#: own, and each of an image's positions is a sample of the evaluation.
CONVOLUTIONAL: dict[str, Any] = {"bn_affine": True, "eval_samples": 1024, "jit": False}
LAPTOP: dict[str, Any] = {
    "epochs": 15,
    "samples_per_epoch": 12_800,
    "eval_samples": 256,
}
SMOKE: dict[str, Any] = {"epochs": 2, "samples_per_epoch": 1280, "eval_samples": 128}


def _draw(draft: Draft, widths: tuple[int, ...]) -> None:
    for width in widths:
        draft.conv(width)


CNN = Architecture(
    name="cnn",
    draw=_draw,
    help="3×3 convolutions and a dense layer",
    images=True,
    defaults=CONVOLUTIONAL | {"teacher_widths": (64, 64, 64, 64)},
    scales={
        "laptop": LAPTOP | {"teacher_widths": (8, 8, 8, 8)},
        "smoke": SMOKE | {"teacher_widths": (4, 4)},
    },
    few_samples={"teacher_widths": (16, 16, 16, 16), "multiplier": 5},
    few_pixels={"teacher_widths": (16, 16, 16)},
)

"""Dense layers, one upon the other: the papers' fully connected nets."""

from tfluck.architectures.architecture import Architecture
from tfluck.architectures.graph import Draft


def _draw(draft: Draft, widths: tuple[int, ...]) -> None:
    for width in widths:
        draft.dense(width)


FC = Architecture(
    name="fc",
    draw=_draw,
    help="dense layers",
    defaults={"teacher_widths": (50, 75, 100, 125), "bn_affine": False},
    scales={
        "laptop": {
            "teacher_widths": (10, 15, 20, 25),
            "epochs": 20,
            "eval_samples": 5000,
        },
        "smoke": {
            "teacher_widths": (5, 8),
            "outputs": 30,
            "epochs": 2,
            "samples_per_epoch": 12_800,
            "eval_samples": 1000,
        },
    },
    few_samples={"teacher_widths": (20, 20, 20)},
)

"""``make gallery``: the pictures of the gallery that no long training is behind.

``tfluck figure`` makes each; here it is brought to 64 colours, which a drawing of lines
and letters does not miss, so that the repository stays small. Those of trainings come from
``make reproduce``, by ``docs/reproduced.py``.
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image

from tfluck.papers.figures import FIGURES, PaperFigure

ROOT = Path(__file__).parents[1]
COLOURS = 64


def keep(made: Path, figure: PaperFigure) -> None:
    """Keep a picture that was ``made`` in the gallery, in few colours."""
    picture = Image.open(made).convert("RGB")
    small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    name = f"{figure.paper}-{figure.number}.png"
    small.save(ROOT / "assets" / "gallery" / name, optimize=True)


def main() -> None:
    """Make every figure that is no figure of runs, and none of published weights."""
    made = ROOT / "build" / "gallery"
    for figure in FIGURES:
        if figure.kind == "runs" or figure.place.startswith("biases:"):
            continue
        folder = made / figure.paper
        words = ["figure", *figure.name.split(), "-o", str(folder)]
        subprocess.run([sys.executable, "-m", "tfluck.cli", *words], check=True)  # noqa: S603
        keep(folder / f"figure-{figure.number}.png", figure)


if __name__ == "__main__":
    main()

"""``make gallery``: the pictures of the gallery that no long training is behind.

``tfluck figure`` makes each; here it is brought to 64 colours, which a drawing of lines
and letters does not miss, so that the repository stays small.
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image

from tfluck.papers.figures import FIGURES

ROOT = Path(__file__).parents[1]
COLOURS = 64


def main() -> None:
    """Make every figure that is no figure of runs, and none of published weights."""
    made = ROOT / "build" / "gallery"
    for figure in FIGURES:
        if figure.kind == "runs" or figure.place.startswith("biases:"):
            continue
        folder = made / figure.paper
        words = ["figure", *figure.name.split(), "-o", str(folder)]
        subprocess.run([sys.executable, "-m", "tfluck.cli", *words], check=True)  # noqa: S603
        picture = Image.open(folder / f"figure-{figure.number}.png").convert("RGB")
        small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
        name = f"{figure.paper}-{figure.number}.png"
        small.save(ROOT / "assets" / "gallery" / name, optimize=True)


if __name__ == "__main__":
    main()

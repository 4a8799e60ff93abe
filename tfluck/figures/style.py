"""How every figure looks and is saved."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfluck.errors import BadInput
from tfluck.files import make_directory, write_atomic

#: Colour-blind safe (Okabe and Ito), the lowest layer first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#7F7F7F"
#: No dates or versions inside: the same data gives the same bytes.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None},
}


def new_figure(
    rows: int = 1, columns: int = 1, size: tuple[float, float] = (4.0, 3.0)
) -> tuple[Figure, Any]:
    """Return a figure with ``rows × columns`` axes of ``size`` inches each."""
    figure = Figure((size[0] * columns, size[1] * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` as PNG, PDF or SVG, by the suffix of ``path``.

    Raises:
        BadInput: the suffix is another.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in METADATA:
        raise BadInput(f"Pictures are .png, .pdf or .svg, not {path.name!r}.")
    make_directory(path.parent)
    # SVG names its parts at random unless it is given a salt.
    with rc_context({"svg.hashsalt": "tfluck"}):
        write_atomic(
            path,
            lambda stream: figure.savefig(
                stream, format=kind, dpi=150, metadata=METADATA[kind]
            ),
        )

"""How every figure begins and ends."""

from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfluck.errors import BadInput
from tfluck.files import make_directory, write_atomic

#: Colour-blind safe (Okabe and Ito), the lowest layer first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#7F7F7F"
#: No dates and no versions: the same data gives the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}


def new_figure(
    width: float = 6.0,
    height: float = 4.0,
    layout: Literal["constrained"] | None = "constrained",
) -> Figure:
    """Return an empty figure of ``width`` × ``height`` inches.

    It lays itself out; with ``layout`` None the caller places the axes, which is
    faster where there are many.
    """
    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


def panels(
    rows: int, columns: int, size: tuple[float, float] = (4.6, 3.1)
) -> tuple[Figure, Any]:
    """Return a figure and its ``rows × columns`` axes of ``size`` inches each."""
    figure = new_figure(size[0] * columns, size[1] * rows)
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


def format_of(path: Path) -> str:
    """Return ``png``, ``pdf`` or ``svg`` by the suffix of ``path``.

    Raises:
        BadInput: the suffix is another one.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _METADATA:
        raise BadInput(f"Expected a figure ending in .png, .pdf or .svg, got '{path}'.")
    return suffix


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` to ``path`` in the format of its suffix.

    Raises:
        BadInput: the suffix is none of .png, .pdf and .svg.
    """
    kind = format_of(path)
    make_directory(path.parent)
    with matplotlib.rc_context({"svg.hashsalt": "tfluck"}):
        write_atomic(
            path,
            lambda stream: figure.savefig(
                stream, format=kind, dpi=150, metadata=_METADATA[kind]
            ),
        )

"""How every figure begins and ends."""

import io
import textwrap
from pathlib import Path
from typing import Any, BinaryIO, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import make_directory, write_atomic

#: Colour-blind safe (Okabe and Ito), the lowest layer first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#7F7F7F"
#: Of the title's size, on average.
LETTERS_AN_INCH = 11
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


def headline(figure: Figure, text: str) -> None:
    """Write ``text`` above the panels, in as many lines as their width needs."""
    letters = int(figure.get_figwidth() * LETTERS_AN_INCH)
    lines = textwrap.wrap(text, letters, break_on_hyphens=False)
    # A run may be called "a$b$": names are no mathematics.
    figure.suptitle("\n".join(lines), fontsize=10, parse_math=False)


def framed(figure: Figure, heading: str, stamp: str) -> None:
    """Write ``heading`` above ``figure`` and ``stamp`` below it, outside its edges.

    So neither needs room that the drawing does not have; save it ``whole``.
    """
    for text, y, align, size in (
        (heading, 1.01, "bottom", 10),
        (stamp, -0.01, "top", 7),
    ):
        letters = int(figure.get_figwidth() * LETTERS_AN_INCH * 10 / size)
        lines = textwrap.wrap(text, letters, break_on_hyphens=False)
        figure.text(
            0.01,
            y,
            "\n".join(lines),
            fontsize=size,
            va=align,
            color="black" if size > 7 else GREY,
            parse_math=False,
        )


def legend_beside(axis: Axes) -> None:
    """Name the curves of ``axis`` to its right, where they cannot run."""
    handles, names = axis.get_legend_handles_labels()
    if handles:
        axis.legend(
            handles,
            names,
            fontsize=7,
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0.0,
            frameon=False,
        )


def legend_below(figure: Figure, axis: Axes) -> None:
    """Name what ``axis`` shows under all panels, for all of them."""
    handles, names = axis.get_legend_handles_labels()
    letters = figure.get_figwidth() * LETTERS_AN_INCH
    figure.legend(
        handles,
        names,
        fontsize=7,
        loc="outside lower center",
        ncols=max(1, min(len(names), int(letters / (8 + max(map(len, names)))))),
        frameon=False,
    )


def format_of(path: Path) -> str:
    """Return ``png``, ``pdf`` or ``svg`` by the suffix of ``path``.

    Raises:
        BadInput: the suffix is another one.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _METADATA:
        raise BadInput(f"Expected a figure ending in .png, .pdf or .svg, got '{path}'.")
    return suffix


def save(figure: Figure, path: Path, *, whole: bool = False) -> None:
    """Write ``figure`` to ``path`` in the format of its suffix.

    Args:
        figure: what was drawn.
        path: of the file.
        whole: with what stands outside the figure's edges too.

    Raises:
        BadInput: the suffix is none of .png, .pdf and .svg.
    """
    kind = format_of(path)
    make_directory(path.parent)
    write_atomic(path, lambda stream: _write(figure, stream, kind, whole))


def png(figure: Figure, dpi: int = 110) -> bytes:
    """Return ``figure`` as a picture for a page."""
    stream = io.BytesIO()
    _write(figure, stream, "png", whole=False, dpi=dpi)
    return stream.getvalue()


def _write(
    figure: Figure, stream: BinaryIO, kind: str, whole: bool, dpi: int = 150
) -> None:
    with matplotlib.rc_context({"svg.hashsalt": "tfluck"}):
        figure.savefig(
            stream,
            format=kind,
            dpi=dpi,
            metadata=_METADATA[kind],
            bbox_inches="tight" if whole else None,
        )

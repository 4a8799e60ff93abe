"""Determinants over angles, samples and spectra (figures 2 to 4 of the alignment paper)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tfluck.angular.criteria import Criterion
from tfluck.angular.grid import Surface
from tfluck.angular.phase import Phase
from tfluck.angular.sampling import Sample
from tfluck.angular.spectrum import Spectrum
from tfluck.figures.style import COLOURS, GREY, panels, save

_QUARTERS = [0, np.pi / 2, np.pi, 3 * np.pi / 2, 2 * np.pi]
_NAMES = ["0", "π/2", "π", "3π/2", "2π"]


def draw_surfaces(surfaces: Sequence[Surface], path: Path) -> None:
    """Write :func:`surface_panels` with a title to ``path``."""
    figure = surface_panels(surfaces)
    figure.suptitle(f"z = min det M_i, f = {surfaces[0].function}", fontsize=10)
    save(figure, path)


def surface_panels(surfaces: Sequence[Surface]) -> Figure:
    """Draw z as a surface (above) and as a map (below), one column a surface.

    On the map the zero set, where angles coincide, is the bright net; angles with
    every det M_i > 0 are orange.
    """
    figure, axes = panels(2, len(surfaces), (4.2, 3.4))
    for column, surface in enumerate(surfaces):
        _relief(figure, axes[0, column], surface)
        _map(figure, axes[1, column], surface)
    return figure


def _title(surface: Surface) -> str:
    fixed = ", ".join(f"θ{i} = {value:g}" for i, value in sorted(surface.fixed.items()))
    return f"m = {surface.m}{', ' if fixed else ''}{fixed}"


def _relief(figure: Any, axis: Any, surface: Surface) -> None:
    """Replace the flat ``axis`` by a three-dimensional one and draw the surface."""
    place = axis.get_subplotspec()
    axis.remove()
    relief = figure.add_subplot(place, projection="3d")
    x, y = np.meshgrid(surface.axis, surface.axis, indexing="ij")
    relief.plot_surface(
        x, y, surface.z, cmap="viridis", rcount=90, ccount=90, linewidth=0
    )
    relief.set_title(_title(surface), fontsize=9)
    _label(relief, surface)
    relief.set_zlabel("z")
    # In its own room a relief leaves half of the panel empty.
    relief.set_box_aspect(None, zoom=1.2)


def _map(figure: Any, axis: Any, surface: Surface) -> None:
    low, high = float(surface.z.min()), float(surface.z.max())
    edges = surface.axis
    image = axis.pcolormesh(
        edges,
        edges,
        surface.z.T,
        cmap="viridis",
        vmin=low,
        vmax=0 if high <= 0 else high,
    )
    positive = np.ma.masked_less_equal(surface.z.T, 0)
    if surface.violated:
        axis.contourf(edges, edges, positive, colors=["#D55E00"])
    axis.set_title(
        f"{surface.holds} negative, {surface.violated} positive, "
        f"{surface.degenerate + surface.zero} zero, {surface.undecided} undecided",
        fontsize=7,
    )
    _label(axis, surface)
    axis.set_aspect("equal")
    axis.grid(visible=False)
    figure.colorbar(image, ax=axis, fraction=0.046, pad=0.04, label="z")


def _label(axis: Any, surface: Surface) -> None:
    axis.set_xticks(_QUARTERS, _NAMES)
    axis.set_yticks(_QUARTERS, _NAMES)
    axis.set_xlabel(f"θ{surface.free[0]}")
    axis.set_ylabel(f"θ{surface.free[1]}")


def draw_samples(samples: Sequence[Sample], path: Path) -> None:
    """Write :func:`sample_panels` with a title to ``path``."""
    figure = sample_panels(samples)
    figure.suptitle(
        f"z = min det M_i at random angles, f = {samples[0].function}", fontsize=10
    )
    save(figure, path)


def sample_panels(samples: Sequence[Sample]) -> Figure:
    """Draw, for each m, z in the order drawn (above) and the distribution of |z| (below).

    Above, z is clipped at its 20 % quantile so that the many small values are seen, as in
    the paper; the verdicts and the histogram below are those of the unclipped values.
    """
    figure, axes = panels(2, len(samples), (4.2, 2.8))
    for column, sample in enumerate(samples):
        colour = COLOURS[column % len(COLOURS)]
        top, bottom = axes[0, column], axes[1, column]
        floor = float(np.quantile(sample.shown, 0.2))
        clipped = np.maximum(sample.shown, floor)
        top.plot(clipped, ",", color=colour, rasterized=True)
        top.axhline(0, color=GREY, linewidth=0.8)
        top.set_title(
            f"m = {sample.m}, {sample.samples} draws: {sample.violated} positive, "
            f"{sample.undecided} undecided",
            fontsize=8,
        )
        top.set_xlabel("draw")
        top.set_ylabel(f"z, clipped at {floor:.1e}", fontsize=8)
        _size_histogram(bottom, sample, colour)
    return figure


def _size_histogram(axis: Any, sample: Sample, colour: str) -> None:
    """Draw how |z| is distributed over the decades, negative and positive apart."""
    for values, shade, label in (
        (-sample.shown[sample.shown < 0], colour, "z < 0"),
        (sample.shown[sample.shown > 0], "#000000", "z > 0"),
    ):
        if values.size:
            axis.hist(np.log10(values), bins=80, color=shade, alpha=0.8, label=label)
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axis.set_xlabel("log₁₀ |z|")
    axis.set_ylabel("draws")
    _legend(axis, 7)


def _legend(axis: Any, size: float) -> None:
    """Explain what is drawn, if anything is: Matplotlib complains of an empty legend."""
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=size)


def draw_spectrum(spectrum: Spectrum, path: Path) -> None:
    """Draw |c_k| over k on a logarithmic scale, negative coefficients in another colour."""
    figure, axes = panels(1, 1, (5.0, 3.2))
    axis = axes[0, 0]
    k, c = np.arange(len(spectrum.coefficients)), spectrum.coefficients
    floor = 1e-17
    for sign, colour, label in (
        (1, COLOURS[0], "c_k > 0"),
        (-1, COLOURS[1], "c_k < 0"),
    ):
        chosen = sign * c > floor
        if chosen.any():
            axis.vlines(k[chosen], floor, sign * c[chosen], color=colour, linewidth=1)
            axis.plot(k[chosen], sign * c[chosen], "o", color=colour, label=label)
    axis.set_yscale("log")
    positive = np.abs(c)[np.abs(c) > floor]
    axis.set_ylim(positive.min() / 10 if positive.size else floor, None)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("k")
    axis.set_ylabel("|c_k|")
    _legend(axis, 8)
    axis.set_title(
        f"{spectrum.function}: AD {spectrum.ad}, PAD {spectrum.pad}", fontsize=9
    )
    save(figure, path)


#: Colour, symbol and height of each mark of the phase diagram.
_MARKS = {
    "certified violation": (COLOURS[1], "v", "all weights positive: certified witness"),
    "exactly zero": (GREY, "s", "exactly zero (A10)"),
    "none found": ("#000000", "o", "none found, nothing proved"),
    "certified absence": (COLOURS[2], "^", "a negative weight: proved (A3)"),
}


def draw_phase(phase: Phase, path: Path) -> None:
    """Mark each decay p by what is known there; below, how close the witnesses are."""
    sizes = sorted({point.m for point in phase.points})
    figure, axes = panels(2, 1, (6.4, 2.5))
    above, below = axes[0, 0], axes[1, 0]
    for mark, (colour, symbol, label) in _MARKS.items():
        chosen = [point for point in phase.points if point.mark == mark]
        if chosen:
            above.plot(
                [point.decay for point in chosen],
                [sizes.index(point.m) for point in chosen],
                symbol,
                mfc="white" if mark == "none found" else colour,
                color=colour,
                label=label,
            )
    for m in sizes:
        row = [point for point in phase.points if point.m == m]
        above.plot(
            [point.decay for point in row],
            [sizes.index(m) + 0.75 * point.random_share for point in row],
            "-",
            color=COLOURS[0],
            linewidth=0.9,
            label="share of random angles violated" if m == sizes[0] else None,
        )
    above.set_yticks(range(len(sizes)), [f"m = {m}" for m in sizes])
    above.set_ylim(-0.4, len(sizes))
    above.legend(
        fontsize=6.5, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False
    )
    above.set_title("½ + Σ cos(nθ)/(1 + nᵖ): is some weight negative?", fontsize=9)
    _nearest_nodes(below, phase)
    for axis in (above, below):
        axis.set_xlim(*above.get_xlim())
        for edge in (2, 4):
            axis.axvline(edge, color=GREY, linewidth=0.8, linestyle="--")
    save(figure, path)


def _nearest_nodes(axis: Any, phase: Phase) -> None:
    """Draw the distance from the teacher of each witness' nearest node."""
    seen = [
        (point.decay, point.nearest)
        for point in phase.points
        if point.witness is not None
    ]
    if seen:
        decays, nearest = zip(*seen, strict=True)
        axis.semilogy(decays, nearest, "v", color=COLOURS[1])
    axis.set_xlabel("decay p of the spectrum")
    axis.set_ylabel("nearest node")


#: Colour and words of each decision on the map of criteria.
_DECISIONS = {
    "nw": (COLOURS[2], "a negative weight, always"),
    "zero": (GREY, "least weight exactly 0"),
    "fails": (COLOURS[4], "all positive somewhere (A4, A5)"),
    "positive": (COLOURS[1], "all positive everywhere (A1, A10)"),
    "undecided": ("#DDDDDD", "undecided"),
}


def draw_criteria(
    families: Sequence[tuple[str, Sequence[tuple[float, Criterion]]]], path: Path
) -> None:
    """Draw for each family which theorem decides it, over its parameter."""
    figure, axes = panels(len(families), 1, (6.8, 1.25))
    for axis, (label, points) in zip(axes[:, 0], families, strict=True):
        values = [value for value, _ in points]
        for value, found in points:
            colour, words = _DECISIONS[found.decision]
            axis.plot(value, 0, "s", color=colour, markersize=7, label=words)
        for first, last, name in _runs(points):
            axis.text((first + last) / 2, 0.35, name, ha="center", fontsize=7)
        axis.set_ylim(-0.5, 0.9)
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        axis.set_xlim(min(values) - 0.2, max(values) + 0.2)
        axis.set_title(label, fontsize=8, loc="left")
    seen: dict[str, Any] = {}
    for axis in axes[:, 0]:
        handles, words = axis.get_legend_handles_labels()
        seen |= dict(zip(words, handles, strict=True))
    figure.legend(
        list(seen.values()), list(seen), loc="outside lower center", ncols=3, fontsize=7
    )
    save(figure, path)


def _runs(
    points: Sequence[tuple[float, Criterion]],
) -> list[tuple[float, float, str]]:
    """Return stretches of points that one theorem decides."""
    runs: list[tuple[float, float, str]] = []
    for value, found in points:
        name = "" if found.decision == "undecided" else found.theorem
        if runs and runs[-1][2] == name:
            runs[-1] = (runs[-1][0], value, name)
        else:
            runs.append((value, value, name))
    return runs

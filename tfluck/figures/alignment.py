"""Students turning towards teachers (Figure 1 of the alignment paper), still and moving."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tfluck.alignment.descent import Descent, Snapshot
from tfluck.alignment.geometry import Array
from tfluck.alignment.gradient_flow import Flow
from tfluck.figures.style import COLOURS, GREY, new_figure, panels, save
from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import make_directory, write_atomic


def _plane(descent: Descent) -> None:
    if descent.teachers.shape[1] != 2:
        raise BadInput("Only networks in the plane can be drawn as arrows.")


def _window(points: Array) -> tuple[Array, Array]:
    """Return the corners of a box round ``points`` (n, 2) with a little air."""
    low, high = points.min(axis=0), points.max(axis=0)
    air = 0.08 * float((high - low).max())
    return low - air, high + air


def _panel(axis: Any, descent: Descent, snapshot: Snapshot) -> None:
    """Draw teachers as dotted rays and students as solid lines from the origin."""
    points = [
        np.zeros((1, 2)),
        descent.teachers,
        *(s.students for s in descent.snapshots),
    ]
    low, high = _window(np.concatenate(points))
    for x, y in descent.teachers:
        axis.plot([0, x], [0, y], ":", color=GREY, linewidth=1.6)
    for number, (x, y) in enumerate(snapshot.students):
        axis.plot(
            [0, x], [0, y], "-", color=COLOURS[number % len(COLOURS)], linewidth=1.1
        )
        axis.plot([x], [y], "o", color=COLOURS[number % len(COLOURS)], markersize=2.5)
    axis.set_xlim(low[0], high[0])
    axis.set_ylim(low[1], high[1])
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)
    axis.set_title(
        f"step {snapshot.step}\nloss {max(snapshot.loss, 0):.1e}, "
        f"max angle {snapshot.max_angle:.2g}",
        fontsize=8,
    )


def draw_descent(descent: Descent, steps: Sequence[int], path: Path) -> None:
    """Draw one panel for each of ``steps`` (those that have a snapshot)."""
    _plane(descent)
    chosen = [snapshot for snapshot in descent.snapshots if snapshot.step in set(steps)]
    save(arrows(descent, chosen), path)


def arrows(
    descent: Descent, snapshots: Sequence[Snapshot], width: float = 2.4
) -> Figure:
    """Return a figure with one panel a snapshot, its two lines of title uncut.

    Panels of equal scales shrink after an automatic layout, which then cuts their titles;
    here the room for them is set aside beforehand.
    """
    count = len(snapshots)
    figure = new_figure(width * count, width + 0.5, layout=None)
    axes = figure.subplots(1, count, squeeze=False)
    top = width / (width + 0.5) - 0.02
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=top, wspace=0.05)
    for axis, snapshot in zip(axes[0], snapshots, strict=True):
        _panel(axis, descent, snapshot)
    return figure


def frame_steps(steps: int, frames: int = 60) -> list[int]:
    """Return steps for an animation, from 0 to ``steps``, evenly spaced in logarithm."""
    spaced = np.unique(np.rint(np.geomspace(1, max(steps, 1), frames)).astype(int))
    return [0, *(int(step) for step in spaced if step <= steps)]


def animate_descent(descent: Descent, path: Path) -> None:
    """Write an animated GIF with one frame for each snapshot; the last one stays longer.

    Raises:
        BadInput: the path does not end in .gif, or the network is not in the plane.
    """
    from PIL import Image

    _plane(descent)
    if path.suffix.lower() != ".gif":
        raise BadInput(f"Animations are .gif files, not {path.name!r}.")
    images = []
    for snapshot in descent.snapshots:
        figure = arrows(descent, [snapshot], 3.4)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())  # type: ignore[attr-defined]
        images.append(
            Image.fromarray(pixels).convert("P", palette=Image.Palette.ADAPTIVE)
        )
    durations = [80] * (len(images) - 1) + [2000]
    make_directory(path.parent)
    write_atomic(
        path,
        lambda stream: images[0].save(
            stream,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=durations,
            loop=0,
        ),
    )


def draw_rate(found: Flow, path: Path) -> None:
    """Draw the loss over time, its proved bound, and lines of slope t⁻¹ and t⁻³."""
    figure, axes = panels(1, 1, (5.6, 3.6))
    axis = axes[0, 0]
    later = found.times > 0
    times, losses = found.times[later], found.losses[later]
    for bound, style, name in ((found.first, "--", "B3"), (found.second, "-.", "B5")):
        shown = np.where(np.isfinite(bound), bound, np.nan)[later]
        axis.loglog(times, shown, style, color=COLOURS[1], label=f"proved bound {name}")
    axis.loglog(times, losses, "o-", color=COLOURS[0], markersize=3, label="loss ℓ(t)")
    end = found.cube
    if end > 0:
        cubic = end / times**3
        shown = cubic < 10 * losses.max()
        axis.loglog(times[shown], cubic[shown], ":", color=GREY, label=f"{end:.3g} t⁻³")
    axis.set_xlabel("time t")
    axis.set_ylabel("loss")
    axis.legend(fontsize=8, frameon=False)
    axis.set_title(
        f"Gradient flow, {len(found.students)} students alive at the end, "
        f"{found.deaths} died; loss over bound ≤ {found.worst:.3g}",
        fontsize=9,
    )
    save(figure, path)

"""Correlation matrices as small pictures, one for each student, layer and epoch."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tfluck.analysis.correlation import best_match
from tfluck.analysis.matching import reordered
from tfluck.instruments.loaded import LoadedRun
from tfluck.papers.report.rendering import Picture
from tfluck.runs.correlations import Matrices, read_history

#: Steps from −1 to 1, an odd number: finer ones are not seen and weigh more.
LEVELS = 33
#: Students of a layer that are shown; they are the ones nearest to a teacher node.
WIDEST = 400
#: Entries of all matrices of a page together; each takes about half a byte.
ENTRIES = 10_000_000
_COLOURS = (matplotlib.colormaps["PuOr"](np.linspace(0, 1, LEVELS)) * 255).round()
PALETTE = _COLOURS[:, :3].astype(np.uint8)


@dataclass(frozen=True)
class Frame:
    """ρ of one student, layer and epoch.

    Attributes:
        seed, layer, epoch: which.
        picture: teacher nodes from top to bottom; students from left to right, by the
            teacher node that they match best at the end.
        caption: what it shows, in words.
    """

    seed: int
    layer: int
    epoch: int
    picture: Picture
    caption: str


@dataclass(frozen=True)
class Film:
    """All frames of a run, and what had to be left out of them.

    Attributes:
        frames: student by student, layer by layer, in the order of epochs.
        notes: sentences about what is not shown.
    """

    frames: tuple[Frame, ...]
    notes: tuple[str, ...]


def film(loaded: LoadedRun) -> Film:
    """Return the matrices of a run as pictures; damaged ones are told and left out."""
    widths = [min(WIDEST, width) for width in loaded.run.student_widths]
    nodes = loaded.run.experiment.network.teacher_widths
    entries = sum(m * n for m, n in zip(nodes, widths, strict=True))
    wanted = max(2, ENTRIES // entries // len(loaded.seeds))
    shown = loaded.seeds[: max(1, ENTRIES // entries // wanted)]
    frames: list[Frame] = []
    for seed in shown:
        history = read_history(loaded.run, seed, loaded.tell)
        frames += _frames(seed, history, wanted)
    return Film(tuple(frames), tuple(_left_out(loaded, len(shown), wanted)))


def _frames(seed: int, history: Sequence[Matrices], wanted: int) -> Iterator[Frame]:
    if not history:
        return
    last = history[-1]
    for layer, (rho, alive) in enumerate(zip(last.rho, last.live, strict=True)):
        order = _order(rho)
        for index in chosen(len(history), wanted):
            at = history[index]
            caption = _caption(seed, layer, at)
            raw = _png(at.rho[layer][:, order])
            picture = Picture.of(raw, f"{caption} {_shape(alive, len(order))}")
            yield Frame(seed, layer, at.epoch, picture, caption)


def chosen(count: int, wanted: int) -> list[int]:
    """Return ``wanted`` of ``count`` places, evenly, with the first two and the last."""
    if count <= wanted:
        return list(range(count))
    even = {round(at) for at in np.linspace(0, count - 1, wanted)}
    # The first epoch after the start is where winners begin to show.
    early = {1} if wanted > 3 else set()
    return sorted(even | early)


def _order(rho: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the students that are shown, by their best teacher node."""
    order = reordered(rho)
    if len(order) <= WIDEST:
        return order
    near = np.argsort(-rho.max(axis=0), kind="stable")[:WIDEST]
    return order[np.isin(order, near)]


def _png(rho: NDArray[np.float64]) -> bytes:
    levels = np.rint((np.clip(rho, -1, 1) + 1) / 2 * (LEVELS - 1)).astype(np.uint8)
    image = Image.frombytes("P", levels.shape[::-1], levels.tobytes())
    image.putpalette(PALETTE.tobytes())
    stream = io.BytesIO()
    image.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _caption(seed: int, layer: int, at: Matrices) -> str:
    rho, live = at.rho[layer], at.live[layer]
    head = f"Student {seed}, layer {layer}, epoch {at.epoch}:"
    if not live.any():
        return f"{head} no teacher node is live."
    best = best_match(rho[live]).rho
    return (
        f"{head} ρ̄ {best.mean():.3f}; {int((best > 0.9).sum())} of {int(live.sum())} "
        "live teacher nodes have a student above 0.9."
    )


def _shape(alive: NDArray[np.bool_], students: int) -> str:
    return f"{len(alive)} teacher nodes down, {students} students across."


def _left_out(loaded: LoadedRun, students: int, wanted: int) -> Iterator[str]:
    """Say what is not shown."""
    if max(loaded.run.student_widths) > WIDEST:
        yield (
            f"Of layers with more than {WIDEST} students those are shown that match some "
            "teacher node best at the end."
        )
    if len(loaded.epochs) > wanted:
        yield (
            f"Of {len(loaded.epochs)} evaluations about {wanted} are shown, so that the "
            "page can be sent."
        )
    if students < len(loaded.seeds):
        yield f"Of {len(loaded.seeds)} students the first {students} are shown."

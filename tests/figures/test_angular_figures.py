"""Pictures of determinants and of alignment: every format, the same bytes twice."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfluck.alignment import descend, flow, initial_students, spread_teachers
from tfluck.angular import parse, phase_diagram, sample, spectrum_of, surface
from tfluck.angular.criteria import criteria, decide
from tfluck.figures.alignment import (
    animate_descent,
    arrows,
    draw_descent,
    draw_rate,
    frame_steps,
)
from tfluck.figures.angular import (
    draw_criteria,
    draw_phase,
    draw_samples,
    draw_spectrum,
    draw_surfaces,
)
from tfluck.foundations.errors import BadInput


@cache
def surfaces() -> Any:
    return [surface(parse(f), 3, {1: 1.0}, 15) for f in ("relu", "poisson:0.8")]


@cache
def samples() -> Any:
    return [sample(parse("poisson:0.5"), m, 300) for m in (3, 4)]


@cache
def spectrum() -> Any:
    return spectrum_of(parse("cosines:1,-0.5,2"), 4)


@cache
def phases() -> Any:
    return phase_diagram([1.5, 2.0, 2.5, 4.0, 7.0], (3, 4), 50)


@cache
def maps() -> Any:
    rows = [(k, decide(criteria(parse(f"cosh:1,{k}")))) for k in (-0.5, 0.0, 0.5)]
    return [("cosh", rows)]


@cache
def rates() -> Any:
    students = np.array([[0.4, 0.2], [0.3, -0.4]])
    return flow(students, np.array([1.0, 0.0]), 5.0, 8)


@cache
def descents() -> Any:
    return descend(spread_teachers(3), initial_students(4, 2, 0.1, 0), 20, 0.1, [0, 5])


def draw_descents(found: Any, path: Path) -> None:
    draw_descent(found, [0, 5, 20], path)


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
@pytest.mark.parametrize(
    ("draw", "data"),
    [
        (draw_surfaces, surfaces),
        (draw_samples, samples),
        (draw_spectrum, spectrum),
        (draw_phase, phases),
        (draw_descents, descents),
        (draw_criteria, maps),
        (draw_rate, rates),
    ],
)
def test_the_same_data_gives_the_same_bytes(
    draw: Callable[[Any, Path], None],
    data: Callable[[], Any],
    suffix: str,
    tmp_path: Path,
) -> None:
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    draw(data(), first)
    draw(data(), second)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size > 2000


@pytest.mark.parametrize("count", [1, 2, 5])
def test_titles_of_snapshots_are_not_cut(count: int) -> None:
    steps = list(range(count))
    start = initial_students(4, 2, 0.1, 0)
    found = descend(spread_teachers(5), start, count - 1, 0.1, steps)
    figure = arrows(found, found.snapshots)
    figure.canvas.draw()
    for axis in figure.axes:
        title = axis.title.get_window_extent()
        assert title.y1 <= figure.bbox.y1
        assert title.x0 >= figure.bbox.x0
        assert title.x1 <= figure.bbox.x1


def test_arrows_need_the_plane(tmp_path: Path) -> None:
    found = descend(np.eye(3), initial_students(2, 3, 0.1, 0), 2, 0.1)
    for draw in (lambda: draw_descent(found, [2], tmp_path / "a.png"),):
        with pytest.raises(BadInput):
            draw()
    with pytest.raises(BadInput):
        animate_descent(found, tmp_path / "a.gif")


def test_frames_run_from_start_to_end() -> None:
    for steps in (0, 1, 7, 50_000):
        frames = frame_steps(steps)
        assert (frames[0], frames[-1]) == (0, steps)
        assert frames == sorted(set(frames))

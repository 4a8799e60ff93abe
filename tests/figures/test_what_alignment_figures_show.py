"""Arrows, films and rates: what is drawn is what was trained."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tfluck.alignment import descend, flow, polar
from tfluck.alignment.descent import Descent
from tfluck.alignment.gradient_flow import Flow
from tfluck.figures import alignment as room
from tfluck.figures.style import COLOURS, GREY
from tfluck.foundations.errors import BadInput

TEACHERS = polar(np.array([0.3, 1.4]))


@pytest.fixture
def run() -> Descent:
    start = np.array([[0.5, 0.1], [-0.2, 0.4], [0.1, 0.1]])
    return descend(TEACHERS, start, 12, 0.1, [0, 4])


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Figure]:
    kept: list[Figure] = []
    monkeypatch.setattr(room, "save", lambda figure, path: kept.append(figure))

    def draw(how: Callable, *what: object) -> Figure:
        how(*what, Path("nowhere.png"))
        return kept[-1]

    return draw


def test_teachers_are_dotted_rays_and_students_lines(run: Descent) -> None:
    figure = room.arrows(run, run.snapshots)
    assert len(figure.axes) == 3
    assert figure.get_size_inches().tolist() == pytest.approx([3 * 2.4, 2.9])
    narrow = room.arrows(run, run.snapshots[:1], 3.4)
    assert narrow.get_size_inches().tolist() == pytest.approx([3.4, 3.9])
    for axis, snapshot in zip(figure.axes, run.snapshots, strict=True):
        lines = axis.get_lines()
        teachers = [line for line in lines if line.get_linestyle() == ":"]
        assert {line.get_color() for line in teachers} == {GREY}
        ends = [[line.get_xdata()[1], line.get_ydata()[1]] for line in teachers]
        np.testing.assert_array_equal(ends, TEACHERS)
        students = [line for line in lines if line.get_linestyle() == "-"]
        ends = [[line.get_xdata()[1], line.get_ydata()[1]] for line in students]
        np.testing.assert_array_equal(ends, snapshot.students)
        assert all(line.get_xdata()[0] == line.get_ydata()[0] == 0 for line in students)
        assert [line.get_color() for line in students] == [*COLOURS[:3]]
        dots = [line for line in lines if line.get_marker() == "o"]
        tips = [[line.get_xdata()[0], line.get_ydata()[0]] for line in dots]
        np.testing.assert_array_equal(tips, snapshot.students)
        assert axis.get_title() == (
            f"step {snapshot.step}\nloss {snapshot.loss:.1e}, "
            f"max angle {snapshot.max_angle:.2g}"
        )
        assert axis.get_aspect() == 1


def test_all_panels_share_a_window_that_holds_everything(run: Descent) -> None:
    figure = room.arrows(run, run.snapshots)
    points = np.concatenate([[[0, 0]], TEACHERS, *(s.students for s in run.snapshots)])
    low, high = points.min(axis=0), points.max(axis=0)
    air = 0.08 * (high - low).max()
    for axis in figure.axes:
        assert axis.get_xlim() == pytest.approx((low[0] - air, high[0] + air))
        assert axis.get_ylim() == pytest.approx((low[1] - air, high[1] + air))
    box = room._window(np.array([[1.0, 2.0], [3.0, 2.5]]))
    np.testing.assert_allclose(box, [[0.84, 1.84], [3.16, 2.66]])


def test_only_the_steps_asked_for_are_drawn(run: Descent, drawn: Callable) -> None:
    figure = drawn(room.draw_descent, run, [4, 12, 99])
    titles = [axis.get_title().splitlines()[0] for axis in figure.axes]
    assert titles == ["step 4", "step 12"]


def test_a_loss_that_rounding_made_negative_is_shown_as_none() -> None:
    found = descend(-polar(2 * np.pi * np.arange(3) / 3), polar(np.zeros(1)), 0, 0.1)
    figure = room.arrows(found, found.snapshots)
    assert "loss -" not in figure.axes[0].get_title()


@pytest.mark.parametrize(
    ("steps", "frames", "expected"),
    [
        (0, 60, [0]),
        (1, 60, [0, 1]),
        (3, 60, [0, 1, 2, 3]),
        (1000, 4, [0, 1, 10, 100, 1000]),
        (10_000, 3, [0, 1, 100, 10_000]),
    ],
)
def test_frames_are_geometric(steps: int, frames: int, expected: list) -> None:
    assert room.frame_steps(steps, frames) == expected


def test_frames_of_a_long_run() -> None:
    found = room.frame_steps(10**9)
    assert 50 < len(found) <= 61
    assert (found[0], found[1], found[-1]) == (0, 1, 10**9)
    ratios = np.array(found[-20:]) / np.array(found[-21:-1])
    np.testing.assert_allclose(ratios, 10 ** (9 / 59), rtol=1e-4)


def test_a_film_has_a_frame_for_each_snapshot_and_ends_slowly(
    run: Descent, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "film.GIF"
    room.animate_descent(run, path)
    with Image.open(path) as film:
        assert film.n_frames == 3
        assert film.info["loop"] == 0
        durations = []
        for n in range(3):
            film.seek(n)
            durations.append(film.info["duration"])
        assert durations == [80, 80, 2000]
        assert film.size[1] > film.size[0]


def test_what_cannot_be_drawn(tmp_path: Path, run: Descent) -> None:
    space = descend(np.eye(3), np.ones((1, 3)), 1, 0.1)
    for draw in (
        lambda: room.draw_descent(space, [1], tmp_path / "a.png"),
        lambda: room.animate_descent(space, tmp_path / "a.gif"),
    ):
        with pytest.raises(BadInput) as caught:
            draw()
        assert str(caught.value) == "Only networks in the plane can be drawn as arrows."
    with pytest.raises(BadInput) as caught:
        room.animate_descent(run, tmp_path / "film.png")
    assert str(caught.value) == "Animations are .gif files, not 'film.png'."
    assert list(tmp_path.iterdir()) == []


def test_rates_show_losses_bounds_and_the_cubic_slope(drawn: Callable) -> None:
    found = flow(np.array([[0.5, 0.1], [0.45, -0.2]]), np.array([1.0, 0.0]), 40.0, 9)
    figure = drawn(room.draw_rate, found)
    axis = figure.axes[0]
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    lines = {line.get_label(): line for line in axis.get_lines()}
    first, second, loss, cubic = lines.values()
    assert list(lines)[:3] == ["proved bound B3", "proved bound B5", "loss ℓ(t)"]
    np.testing.assert_array_equal(loss.get_xdata(), found.times[1:])
    np.testing.assert_array_equal(loss.get_ydata(), found.losses[1:])
    np.testing.assert_array_equal(first.get_ydata(), found.first[1:])
    shown = np.isfinite(found.second[1:])
    assert shown.any()
    np.testing.assert_array_equal(second.get_ydata()[shown], found.second[1:][shown])
    assert np.isnan(second.get_ydata()[~shown]).all()
    assert cubic.get_label() == f"{found.cube:.3g} t⁻³"
    np.testing.assert_allclose(cubic.get_ydata() * cubic.get_xdata() ** 3, found.cube)
    assert cubic.get_ydata().max() < 10 * found.losses[1:].max()
    assert cubic.get_xdata()[-1] == 40.0
    assert axis.get_title() == (
        "Gradient flow, 2 students alive at the end, 0 died; loss over bound ≤ "
        f"{found.worst:.3g}"
    )
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("time t", "loss")


def test_without_a_loss_at_the_end_there_is_no_slope(drawn: Callable) -> None:
    t = np.array([0.0, 1.0, 2.0])
    losses, never = np.array([1.0, 0.5, 0.0]), np.full(3, np.inf)
    made = Flow(t, losses, np.ones(3), never, 1, 1.0, np.eye(2))
    axis = drawn(room.draw_rate, made).axes[0]
    assert [line.get_label() for line in axis.get_lines()] == [
        "proved bound B3",
        "proved bound B5",
        "loss ℓ(t)",
    ]

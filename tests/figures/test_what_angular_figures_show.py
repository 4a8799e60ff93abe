"""Pictures of determinants: what is drawn is read back and compared with what was found."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tfluck.angular import parse, sample, spectrum_of, surface
from tfluck.angular.angle import parse_angle
from tfluck.angular.criteria import Criterion
from tfluck.angular.phase import Phase, Point
from tfluck.angular.verdicts import check
from tfluck.figures import angular as room
from tfluck.figures.style import COLOURS, GREY


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Figure]:
    """Draw, and return the figure instead of writing it."""
    kept: list[Figure] = []
    monkeypatch.setattr(room, "save", lambda figure, path: kept.append(figure))

    def draw(how: Callable, what: object) -> Figure:
        how(what, Path("nowhere.png"))
        return kept[-1]

    return draw


# Surfaces.


def test_a_surface_and_its_map_hold_the_grid(drawn: Callable) -> None:
    found = surface(parse("relu"), 3, {2: 2.0}, 9)
    figure = drawn(room.draw_surfaces, [found])
    assert figure.get_suptitle() == "z = min det M_i, f = relu"
    plane, relief = figure.axes[0], figure.axes[1]
    assert relief.name == "3d"
    assert relief.get_title() == "m = 3, θ2 = 2"
    assert relief.get_zlabel() == "z"
    for axis in (plane, relief):
        assert (axis.get_xlabel(), axis.get_ylabel()) == ("θ1", "θ3")
        assert [t.get_text() for t in axis.get_xticklabels()] == [
            "0",
            "π/2",
            "π",
            "3π/2",
            "2π",
        ]
    mesh = plane.collections[0]
    np.testing.assert_array_equal(mesh.get_array().reshape(9, 9), found.z.T)
    assert mesh.get_clim() == (found.z.min(), 0)
    assert plane.get_title() == (
        f"{found.holds} negative, 0 positive, {found.degenerate} zero, 0 undecided"
    )
    # No angle with all det M_i positive, so nothing is orange.
    assert len(plane.collections) == 1


def test_positive_places_are_orange(drawn: Callable) -> None:
    found = surface(parse("poisson:0.8"), 3, {1: 1.0}, 15)
    figure = drawn(room.draw_surfaces, [found])
    plane = figure.axes[0]
    mesh, orange = plane.collections
    assert mesh.get_clim() == (found.z.min(), found.z.max())
    assert to_hex(orange.get_facecolor()[0]) == "#d55e00"
    assert plane.get_title().startswith(
        f"{found.holds} negative, {found.violated} positive"
    )


def test_one_column_for_each_surface_and_no_fixed_angle(drawn: Callable) -> None:
    two = surface(parse("relu"), 2, {}, 5)
    four = surface(parse("relu"), 4, {1: 1.0, 4: 4.5}, 5)
    figure = drawn(room.draw_surfaces, [two, four])
    titles = [axis.get_title() for axis in figure.axes if axis.name == "3d"]
    assert titles == ["m = 2", "m = 4, θ1 = 1, θ4 = 4.5"]
    labels = [axis.get_xlabel() for axis in figure.axes if axis.name == "3d"]
    assert labels == ["θ1", "θ2"]


# Samples.


def test_samples_are_drawn_in_order_and_clipped_from_below(drawn: Callable) -> None:
    found = sample(parse("poisson:0.5"), 3, 400)
    figure = drawn(room.draw_samples, [found])
    top, bottom = figure.axes
    floor = np.quantile(found.shown, 0.2)
    line, zero = top.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), np.maximum(found.shown, floor))
    assert line.get_color() == COLOURS[0]
    assert list(zero.get_ydata()) == [0, 0]
    assert top.get_ylabel() == f"z, clipped at {floor:.1e}"
    assert top.get_title() == (
        f"m = 3, 400 draws: {found.violated} positive, 0 undecided"
    )
    assert figure.get_suptitle().endswith("f = poisson:0.5")
    # Every draw is in one of the two histograms.
    heights = [sum(p.get_height() for p in bars.patches) for bars in bottom.containers]
    assert heights == [(found.shown < 0).sum(), (found.shown > 0).sum()]
    legend = [text.get_text() for text in bottom.get_legend().get_texts()]
    assert legend == ["z < 0", "z > 0"]
    assert bottom.get_xlabel() == "log₁₀ |z|"


def test_a_sign_that_does_not_occur_has_no_histogram(drawn: Callable) -> None:
    first, second = (sample(parse("relu"), m, 50) for m in (3, 4))
    figure = drawn(room.draw_samples, [first, second])
    for column in (0, 1):
        legend = figure.axes[2 + column].get_legend()
        assert [text.get_text() for text in legend.get_texts()] == ["z < 0"]
        assert figure.axes[column].get_lines()[0].get_color() == COLOURS[column]


# Spectra.


def test_coefficients_by_sign(drawn: Callable) -> None:
    found = spectrum_of(parse("cosines:1,-0.5,2,0"), 5)
    figure = drawn(room.draw_spectrum, found)
    axis = figure.axes[0]
    assert axis.get_yscale() == "log"
    points = {line.get_label(): line for line in axis.get_lines()}
    assert list(points) == ["c_k > 0", "c_k < 0"]
    plus, minus = points.values()
    assert plus.get_xdata().tolist() == [0, 2]
    assert plus.get_ydata().tolist() == [1, 2]
    assert (minus.get_xdata().tolist(), minus.get_ydata().tolist()) == ([1], [0.5])
    assert (plus.get_color(), minus.get_color()) == (COLOURS[0], COLOURS[1])
    assert axis.get_ylim()[0] == 0.05  # a tenth of the least
    assert axis.get_title() == "cosines:1.0,-0.5,2.0,0.0: AD no, PAD no"
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("k", "|c_k|")


def test_what_is_below_the_floor_is_left_out(drawn: Callable) -> None:
    found = spectrum_of(parse("cosines:1,1e-18"), 3)
    axis = drawn(room.draw_spectrum, found).axes[0]
    assert [line.get_label() for line in axis.get_lines()] == ["c_k > 0"]
    assert axis.get_lines()[0].get_xdata().tolist() == [0]


# The phase diagram.


def point(decay: float, m: int, mark: str, share: float, near: str | None) -> Point:
    nodes = (
        tuple(parse_angle(x) for x in (f"-{near}", f"2{near[1:]}", "1"))
        if near
        else None
    )
    witness = check(parse("relu"), nodes) if near else None
    return Point(decay, m, mark, None, witness, nodes, 5, share)


def test_marks_shares_and_nearest_nodes(drawn: Callable) -> None:
    points = (
        point(2.5, 3, "certified violation", 0.4, "1e-3"),
        point(2.0, 3, "exactly zero", 0.0, None),
        point(2.5, 5, "none found", 0.25, None),
        point(7.0, 5, "certified absence", 0.0, None),
    )
    figure = drawn(room.draw_phase, Phase(points, 10))
    above, below = figure.axes
    lines = {line.get_label(): line for line in above.get_lines()}
    violated = lines["all weights positive: certified witness"]
    assert (violated.get_xdata(), violated.get_ydata()) == ([2.5], [0])
    assert (violated.get_marker(), violated.get_color()) == ("v", COLOURS[1])
    zero = lines["exactly zero (A10)"]
    assert (zero.get_xdata(), zero.get_ydata(), zero.get_color()) == ([2.0], [0], GREY)
    nothing = lines["none found, nothing proved"]
    assert (nothing.get_xdata(), nothing.get_ydata()) == ([2.5], [1])
    assert nothing.get_markerfacecolor() == "white"
    proved = lines["a negative weight: proved (A3)"]
    assert (proved.get_ydata(), proved.get_color()) == ([1], COLOURS[2])
    shares = lines["share of random angles violated"]
    assert shares.get_ydata().tolist() == [0.75 * 0.4, 0]
    assert [t.get_text() for t in above.get_yticklabels()] == ["m = 3", "m = 5"]
    near = below.get_lines()[0]
    assert list(near.get_xdata()) == [2.5]
    assert near.get_ydata()[0] == pytest.approx(1e-3)
    assert below.get_yscale() == "log"
    for axis in (above, below):
        edges = [
            line.get_xdata()[0]
            for line in axis.get_lines()
            if line.get_linestyle() == "--"
        ]
        assert edges == [2, 4]
    assert above.get_xlim() == below.get_xlim()


def test_without_a_witness_nothing_is_near(drawn: Callable) -> None:
    figure = drawn(
        room.draw_phase, Phase((point(4.0, 3, "none found", 0.0, None),), 10)
    )
    assert len(figure.axes[1].get_lines()) == 2  # only the edges


# The map of criteria.


def test_colours_and_runs_of_criteria(drawn: Callable) -> None:
    def of(decision: str, theorem: str) -> Criterion:
        return Criterion(theorem, decision, "")

    rows = [
        (1.0, of("positive", "A1")),
        (1.5, of("positive", "A1")),
        (2.0, of("zero", "A10")),
        (3.0, of("fails", "A4")),
        (4.0, of("undecided", "none")),
        (5.0, of("nw", "A3")),
        (7.0, of("nw", "A3")),
    ]
    assert room._runs(rows) == [
        (1.0, 1.5, "A1"),
        (2.0, 2.0, "A10"),
        (3.0, 3.0, "A4"),
        (4.0, 4.0, ""),
        (5.0, 7.0, "A3"),
    ]
    figure = drawn(room.draw_criteria, [("power", rows), ("other", rows[:2])])
    first, second = figure.axes
    assert first.get_title(loc="left") == "power"
    assert second.get_title(loc="left") == "other"
    assert [line.get_xdata()[0] for line in first.get_lines()] == [x for x, _ in rows]
    colours = [line.get_color() for line in first.get_lines()]
    assert colours == [
        *[COLOURS[1]] * 2,
        GREY,
        COLOURS[4],
        "#DDDDDD",
        *[COLOURS[2]] * 2,
    ]
    names = {text.get_text(): text.get_position()[0] for text in first.texts}
    assert names == {"A1": 1.25, "A10": 2.0, "A4": 3.0, "": 4.0, "A3": 6.0}
    assert first.get_xlim() == (0.8, 7.2)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [
        "all positive everywhere (A1, A10)",
        "least weight exactly 0",
        "all positive somewhere (A4, A5)",
        "undecided",
        "a negative weight, always",
    ]


def test_pictures_leave_the_settings_of_matplotlib_alone(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    room.draw_spectrum(spectrum_of(parse("relu"), 4), tmp_path / "a.png")
    assert dict(mpl.rcParams) == before


def test_what_is_zero_throughout_is_drawn_without_a_legend(drawn: Callable) -> None:
    # 1 + cos at four angles is singular, so every z is exactly 0; so is every c_k of 0.
    nothing = sample(parse("cosines:1,1"), 4, 20)
    assert drawn(room.draw_samples, [nothing]).axes[1].get_legend() is None
    empty = drawn(room.draw_spectrum, spectrum_of(parse("cosines:0"), 4)).axes[0]
    assert empty.get_legend() is None
    assert empty.get_lines() == []

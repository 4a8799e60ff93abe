"""What the figures of Theorems 4 and 5 show is read back from their curves and bars."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tfluck.figures.style import COLOURS, GREY
from tfluck.figures.theory import draw_audit, draw_recovery, draw_suppression
from tfluck.theory.recovery import assembled, orthogonal, recover, start_at


@pytest.fixture(autouse=True)
def closed() -> Any:
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def lines(axis: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axis.lines}


def recovery(angle: float = 0.2) -> tuple[Any, Any]:
    teacher = orthogonal(2, 3)
    start = start_at(teacher, angle, np.random.default_rng(0))
    return recover(teacher, start, steps=40, every=4), assembled(
        1, angle, 0.0, 0.7, 0.45
    )


def test_a_recovery_is_drawn_as_it_ran() -> None:
    course, known = recovery()
    figure = draw_recovery(course, known, "here")
    left, right = figure.axes
    nodes = [line for line in left.lines if line.get_linestyle() == "-"]
    assert len(nodes) == 2
    for line, sines in zip(nodes, course.sines.T, strict=True):
        np.testing.assert_allclose(line.get_xdata(), course.steps * 0.05)
        np.testing.assert_array_equal(line.get_ydata(), sines)
    sine, rate = course.local_rates()
    np.testing.assert_array_equal(lines(right)["measured"].get_xdata(), sine)
    np.testing.assert_array_equal(lines(right)["measured"].get_ydata(), rate)
    assert left.get_yscale() == "log" and right.get_xscale() == "log"
    assert right.xaxis_inverted() and right.get_ylim()[0] == 0
    assert figure._suptitle.get_text() == f"here; γ = {known.gamma:.3g}"  # type: ignore[attr-defined]


def test_a_promise_is_drawn_as_it_falls_step_by_step() -> None:
    course, known = recovery()
    left, right = draw_recovery(course, known, "x").axes
    for name, value in (
        ("promise, d̄ mended", known.rate()),
        ("promise, d̄ as printed", known.rate(printed=True)),
    ):
        curve = lines(left)[name].get_ydata()
        exact = np.sin(0.2) * (1 - 0.05 * value) ** course.steps
        np.testing.assert_allclose(curve, exact, rtol=1e-9)
        assert set(lines(right)[name].get_ydata()) == {value}


def test_where_nothing_is_promised_nothing_is_drawn() -> None:
    course, _ = recovery()
    silent = assembled(9, 0.2, 0.5, 0.7, 0.45)
    figure = draw_recovery(course, silent, "x")
    assert not [
        name for axis in figure.axes for name in lines(axis) if "promise" in name
    ]
    assert figure._suptitle.get_text().endswith(": nothing is promised")  # type: ignore[attr-defined]


def course(relevant: Any, irrelevant: Any) -> Any:
    return SimpleNamespace(
        steps=np.array([0, 10, 20]),
        relevant=np.array(relevant),
        irrelevant=np.array(irrelevant),
    )


FAN_OUTS = course(
    [[1.0, 2.0, 1.5], [1.1, 1.8, 1.3], [1.2, 1.0, 1.4]],
    [[0.5, 0.4], [0.2, 0.1], [0.01, 0.02]],
)


def test_fan_outs_over_time() -> None:
    left = draw_suppression(FAN_OUTS, "x").axes[0]
    for name, values in (
        ("relevant", FAN_OUTS.relevant),
        ("irrelevant", FAN_OUTS.irrelevant),
    ):
        curve = lines(left)[f"{name}, mean"]
        np.testing.assert_allclose(curve.get_ydata(), values.mean(axis=1))
        np.testing.assert_array_equal(curve.get_xdata(), [0, 10, 20])
    bands = [path.get_paths()[0].vertices for path in left.collections]
    for band, values in zip(
        bands, (FAN_OUTS.relevant, FAN_OUTS.irrelevant), strict=True
    ):
        assert (band[:, 1].min(), band[:, 1].max()) == (values.min(), values.max())
    assert left.get_yscale() == "log" and "promised" not in lines(left)


def test_a_bound_on_the_r_set() -> None:
    left = draw_suppression(FAN_OUTS, "x", (0.1, 0.5)).axes[0]
    np.testing.assert_allclose(
        lines(left)["promised"].get_ydata(), 0.5 * 0.9 ** np.array([0, 10, 20])
    )


def bars(axis: Any) -> list[tuple[float, float, str, float]]:
    return [
        (
            p.get_x() + p.get_width() / 2,
            p.get_height(),
            to_hex(p.get_facecolor()),
            p.get_alpha(),
        )
        for p in axis.patches
    ]


def test_every_student_has_its_bar_before_and_after() -> None:
    """By final fan-out, the u-set first: 1.4, 1.2, 1.0, then 0.02, 0.01."""
    axis = draw_suppression(FAN_OUTS, "x").axes[1]
    found = bars(axis)
    assert [round(bar[0], 9) for bar in found] == [0, 1, 2, 3, 4] * 2
    assert [bar[1] for bar in found[:5]] == [1.5, 1.0, 2.0, 0.4, 0.5]
    assert [bar[1] for bar in found[5:]] == [1.4, 1.2, 1.0, 0.02, 0.01]
    assert {bar[2] for bar in found[:5]} == {to_hex(GREY)}
    assert [bar[2] for bar in found[5:]] == [to_hex(COLOURS[0])] * 3 + [
        to_hex(COLOURS[1])
    ] * 2
    assert {bar[3] for bar in found[:5]} == {0.35} and {
        bar[3] for bar in found[5:]
    } == {1.0}


def test_without_an_r_set_there_is_none_in_the_figure() -> None:
    alone = course(FAN_OUTS.relevant, np.zeros((3, 0)))
    left, right = draw_suppression(alone, "x").axes
    assert list(lines(left)) == ["relevant, mean"] and len(right.patches) == 6


def row(
    name: str, layer: int, epoch: int, measured: float | None, bound: Any = None
) -> Any:
    names = ("hypothesis", "layer", "epoch", "measured", "bound")
    return dict(zip(names, (name, layer, epoch, measured, bound), strict=True))


ROWS = [
    row("A", 0, 0, 0.3, 0.1), row("A", 1, 0, 0.4, 0.1), row("A", 0, 5, 0.05, 0.1),
    row("A", 1, 5, 0.2, 0.1), row("B", 0, 0, None, 1e-10), row("B", 1, 5, 1e-12, 1e-10),
    row("C", 0, 5, 2.0),
]  # fmt: skip


def audit(rows: Any = ROWS) -> tuple[Figure, dict[str, Any]]:
    figure = draw_audit(rows, "run x")
    return figure, {
        axis.get_title(): axis for axis in figure.axes if axis.get_visible()
    }


def test_an_audit_has_a_panel_for_each_hypothesis() -> None:
    figure, panels = audit()
    assert list(panels) == ["A", "B", "C"]
    assert figure._suptitle.get_text() == "run x"  # type: ignore[attr-defined]
    found = bars(panels["A"])
    assert [round(bar[0], 6) for bar in found] == [-0.2, 0.8, 0.2, 1.2]
    assert [bar[1] for bar in found] == [0.3, 0.4, 0.05, 0.2]
    assert [bar[2] for bar in found] == [to_hex(COLOURS[0])] * 2 + [
        to_hex(COLOURS[1])
    ] * 2
    assert [t.get_text() for t in panels["A"].get_xticklabels()] == ["L0", "L1"]
    labels = [text.get_text() for text in panels["A"].get_legend().get_texts()]
    assert labels == ["epoch 0", "epoch 5"]


def test_what_was_not_measured_has_no_bar_and_an_epoch_keeps_its_colour() -> None:
    _, panels = audit()
    ((place, height, colour, _),) = bars(panels["B"])
    assert (place, height, colour) == (1, 1e-12, to_hex(COLOURS[1]))
    assert [line.get_ydata()[0] for line in panels["B"].lines] == [1e-10]
    assert panels["B"].get_yscale() == "log" and panels["A"].get_yscale() == "linear"
    assert [line.get_ydata()[0] for line in panels["A"].lines] == [0.1]
    assert not panels["C"].lines


@pytest.mark.parametrize(
    ("count", "shape"), [(1, (1, 1)), (4, (1, 4)), (5, (2, 4)), (8, (2, 4))]
)
def test_at_most_four_panels_stand_side_by_side(
    count: int, shape: tuple[int, int]
) -> None:
    figure, panels = audit([row(f"h{k}", 0, 0, 0.1) for k in range(count)])
    grid = figure.axes[0].get_subplotspec().get_gridspec()  # type: ignore[union-attr]
    assert grid.get_geometry() == shape and len(panels) == count

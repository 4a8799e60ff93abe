"""What is drawn is what was measured: the numbers are read back from the curves."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from tfluck.analysis.overlap import Gram
from tfluck.figures.matching import draw_correlations, draw_l_shape, draw_ranks
from tfluck.figures.modulation import draw_modulation
from tfluck.figures.overlap import draw_overlap
from tfluck.figures.style import COLOURS, format_of, headline, new_figure, panels, save
from tfluck.figures.training import draw_training
from tfluck.foundations.errors import BadInput, TfluckError

draw = np.random.default_rng(5)
shares = arrays(np.float64, (4, 9), elements=st.floats(2**-6, 1, width=16), unique=True)
few = settings(max_examples=15, deadline=None)


def table(**curves: object) -> pd.DataFrame:
    """Make a run's table: metric → ``[seeds, epochs]``, or ``[seeds, layers, epochs]``."""
    rows = []
    for name, values in curves.items():
        split, _, metric = name.rpartition("__")
        array = np.asarray(values, float)
        layered = array.ndim == 3
        array = array if layered else array[:, None]
        for (seed, layer, epoch), value in np.ndenumerate(array):
            where = layer if layered else None
            rows.append((seed + 1, epoch, split or "eval", where, metric, value))
    return pd.DataFrame(
        rows, columns=["seed", "epoch", "split", "layer", "metric", "value"]
    )


def training(**more: object) -> tuple[pd.DataFrame, Figure]:
    rho, rank = draw.uniform(0, 1, (3, 2, 5)), draw.uniform(0, 1, (3, 2, 5))
    found = table(
        mean_best_correlation_live=rho,
        null_mean_best_correlation_live=rho / 2,
        mean_rank=rank,
        median_rank=rank / 3,
        loss=draw.uniform(1, 2, (3, 5)),
        train__loss=draw.uniform(2, 3, (3, 5)),
        **more,
    )
    return found, draw_training(found, "a run")


def values(found: pd.DataFrame, metric: str, layer: int | None = None) -> np.ndarray:
    """Return ``[seeds, epochs]`` of a metric."""
    rows = found[(found.metric == metric) & (found.split == "eval")]
    rows = rows if layer is None else rows[rows.layer == layer]
    return rows.pivot_table(index="seed", columns="epoch", values="value").to_numpy()


def bands(axis: object) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the lower and upper edge of every filled band, epoch by epoch."""
    found = []
    for band in axis.collections:
        assert isinstance(band, PolyCollection)
        points = band.get_paths()[0].vertices
        by_epoch = [points[points[:, 0] == x][:, 1] for x in np.unique(points[:, 0])]
        found.append(
            tuple(np.array([edge(y) for y in by_epoch]) for edge in (min, max))
        )
    return found


@pytest.mark.parametrize(
    ("panel", "metric"),
    [(0, "mean_best_correlation_live"), (1, "mean_rank"), (2, "median_rank")],
)
def test_a_curve_is_the_mean_and_its_band_the_range_of_seeds(
    panel: int, metric: str
) -> None:
    found, figure = training()
    axis = figure.axes[panel]
    for layer, (low, high) in enumerate(bands(axis)):
        runs, line = values(found, metric, layer), axis.get_lines()[layer]
        np.testing.assert_array_equal(line.get_xdata(), range(5))
        np.testing.assert_allclose(line.get_ydata(), runs.mean(axis=0))
        np.testing.assert_allclose(low, runs.min(axis=0))
        np.testing.assert_allclose(high, runs.max(axis=0))
        assert line.get_color() == COLOURS[layer]
        assert line.get_label() == f"layer {layer}"


def test_chance_is_dotted_in_the_colour_of_its_layer() -> None:
    found, figure = training()
    lines = figure.axes[0].get_lines()
    assert len(lines) == 4 and figure.axes[0].get_ylim() == (0, 1.02)
    for layer, line in enumerate(lines[2:]):
        null = values(found, "null_mean_best_correlation_live", layer).mean(axis=0)
        np.testing.assert_allclose(line.get_ydata(), null)
        assert (line.get_linestyle(), line.get_color()) == (":", COLOURS[layer])


def test_losses_of_both_splits_are_drawn_on_a_logarithmic_axis() -> None:
    found, figure = training()
    axis = figure.axes[3]
    assert axis.get_yscale() == "log"
    lines = {line.get_label(): line.get_ydata() for line in axis.get_lines()}
    assert set(lines) == {"train", "eval"}
    np.testing.assert_allclose(lines["eval"], values(found, "loss").mean(axis=0))
    assert lines["train"].min() >= 2 > lines["eval"].max()


def test_labelled_data_bring_accuracies_and_their_paired_difference() -> None:
    gap, error = draw.normal(size=(3, 5)), draw.uniform(0.1, 1, (3, 5))
    found, figure = training(
        accuracy=draw.uniform(0, 1, (3, 5)),
        teacher_accuracy=np.full((3, 5), 0.9),
        accuracy_difference=gap,
        accuracy_difference_error=error,
    )
    student, teacher = figure.axes[4].get_lines()
    np.testing.assert_allclose(student.get_ydata(), values(found, "accuracy").mean(0))
    np.testing.assert_allclose(teacher.get_ydata(), 0.9)
    bars = figure.axes[5].containers[0]
    middle, (_, _), (whiskers,) = bars.lines
    np.testing.assert_array_equal(middle.get_xdata(), [1, 2, 3, 4], "0 is untrained")
    shown = np.asarray(middle.get_ydata(), float)
    np.testing.assert_allclose(shown, gap.mean(axis=0)[1:])
    heights = [np.ptp(segment[:, 1]) for segment in whiskers.get_segments()]
    np.testing.assert_allclose(heights, 2 * error.mean(axis=0)[1:])


def test_without_labels_there_are_four_panels_and_epochs_are_whole() -> None:
    _, figure = training()
    assert len(figure.axes) == 4
    figure.canvas.draw()
    for axis in figure.axes:
        assert axis.get_xlabel() == "epoch"
        assert all(float(tick).is_integer() for tick in axis.get_xticks())


@few
@given(shares)
def test_matrices_are_drawn_with_students_by_their_best_teacher(
    rho: np.ndarray,
) -> None:
    figure = draw_correlations([("", [rho], [np.ones(4, bool)])], "run")
    picture = figure.axes[0].get_images()[0]
    shown = np.asarray(picture.get_array())
    assert picture.get_clim() == (-1, 1)
    columns = {tuple(column) for column in rho.T}
    assert {tuple(column) for column in shown.T} == columns and shown.shape == rho.shape
    assert (np.diff(shown.argmax(axis=0)) >= 0).all(), "a staircase"


def test_states_are_rows_and_layers_are_columns() -> None:
    rho = [draw.uniform(-1, 1, (2, 3)) for _ in range(3)]
    live = [np.ones(2, bool)] * 3
    figure = draw_correlations([("before", rho, live), ("after", rho, live)], "run")
    titles = [axis.get_title() for axis in figure.axes if axis.get_title()]
    assert [title.split(":")[0] for title in titles] == [
        f"layer {layer}, {state}" for state in ("before", "after") for layer in range(3)
    ]


def test_a_layer_without_live_nodes_has_no_mean() -> None:
    figure = draw_correlations([("", [np.zeros((2, 3))], [np.zeros(2, bool)])], "run")
    assert figure.axes[0].get_title() == "layer 0: ρ̄ –"


def test_ranks_show_every_winner_their_mean_and_chance() -> None:
    rank = draw.uniform(0, 1, (4, 6))
    figure = draw_ranks([0, 1, 5, 9], [rank, None], "run")
    full, empty = figure.axes
    lines = full.get_lines()
    assert len(lines) == 1 + 6 + 1 and len(empty.get_lines()) == 1
    blind, *winners, mean = lines
    assert set(blind.get_ydata()) == {0.5}
    for winner, line in zip(rank.T, winners, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [0, 1, 5, 9])
        np.testing.assert_array_equal(line.get_ydata(), winner)
    np.testing.assert_allclose(mean.get_ydata(), rank.mean(axis=1))


@few
@given(shares)
def test_the_l_shape_parts_winners_from_others(rho: np.ndarray) -> None:
    fan_out = np.linspace(0.1, 2, rho.shape[1])
    axis = draw_l_shape([(rho, fan_out)], "run").axes[0]
    others, winners = (c for c in axis.collections if isinstance(c, PathCollection))
    won = set(rho.argmax(axis=1))
    for points, chosen in (
        (winners, sorted(won)),
        (others, sorted(set(range(9)) - won)),
    ):
        expected = np.column_stack([rho.max(axis=0)[chosen], fan_out[chosen]])
        np.testing.assert_allclose(np.asarray(points.get_offsets()), expected)
    assert axis.get_ylim() == (0, pytest.approx(2.1))


def test_modulation_is_turned_ordered_and_without_its_bias() -> None:
    rho = np.array([[0.1, 0.9, 0.2], [0.8, 0.1, 0.3]])
    beta = np.arange(12.0).reshape(4, 3)
    figure = draw_modulation([("after", [({"β*": beta}, rho)])], "run")
    picture = figure.axes[0].get_images()[0]
    order = [1, 0, 2]
    np.testing.assert_array_equal(picture.get_array(), beta[:3, :2][order].T)
    limit = float(np.quantile(beta[:3, :2], 0.995))
    assert picture.get_clim() == (-limit, limit)
    assert figure.axes[0].get_title() == "β*, layer 0, after"


def test_overlaps_are_drawn_as_shares_below() -> None:
    activations = np.abs(draw.normal(size=(400, 7)))
    activations[draw.uniform(size=activations.shape) < 0.4] = 0
    gram = Gram.of(activations)
    figure = draw_overlap([("teacher", [gram])], "run")
    on = figure.axes[0].get_lines()[0]
    x, share = on.get_xdata(), on.get_ydata()
    assert (share[0], share[-1]) == (0, 1)
    assert (np.diff(x) >= 0).all() and (np.diff(share) > 0).all()
    probabilities = (activations > 0).mean(axis=0)
    np.testing.assert_allclose(x[[0, -1]], [probabilities.min(), probabilities.max()])
    labels = [axis.get_xlabel() for axis in figure.axes]
    assert labels == [
        "P(on) of the teacher's nodes",
        "ε_d of the teacher's pairs",
        "ε_l of the teacher's pairs",
    ]


@given(st.text("abcdefgh -", min_size=1, max_size=300), st.floats(2, 20))
@few
def test_a_headline_keeps_every_word(text: str, width: float) -> None:
    figure = new_figure(width)
    headline(figure, text)
    assert "".join(figure.get_suptitle().split()) == "".join(text.split())


def test_panels_are_as_many_and_as_large_as_asked_for() -> None:
    figure, axes = panels(2, 3, (2.0, 1.5))
    assert axes.shape == (2, 3)
    np.testing.assert_allclose(figure.get_size_inches(), [6.0, 3.0])
    assert len(COLOURS) == len({to_hex(colour) for colour in COLOURS})


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.png", b"\x89PNG"),
        ("a.PNG", b"\x89PNG"),
        ("a.pdf", b"%PDF"),
        ("a.svg", b"<?xml"),
    ],
)
def test_the_suffix_decides_the_format(tmp_path: Path, name: str, start: bytes) -> None:
    path = tmp_path / "new" / "folder" / name
    save(training()[1], path)
    assert path.read_bytes().startswith(start)
    assert [found.name for found in path.parent.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.jpeg", "a", "a.png.txt", ".png"])
def test_another_suffix_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(BadInput, match=r"\.png, \.pdf or \.svg"):
        format_of(tmp_path / name)
    with pytest.raises(BadInput):
        save(new_figure(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_picture_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TfluckError, match="Cannot write"):
        save(new_figure(), tmp_path / "file" / "a.png")


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    """In every format, and whatever the time of day."""
    found, _ = training()
    for suffix in ("png", "pdf", "svg"):
        for name in ("a", "b"):
            save(draw_training(found, "run"), tmp_path / f"{name}.{suffix}")
        one, other = (tmp_path / f"{name}.{suffix}" for name in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()

"""Nothing is cut off, no legend lies over a curve, and ρ̄ is the one of the table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from tfluck.analysis.overlap import Gram
from tfluck.figures.matching import draw_correlations, draw_l_shape, draw_ranks
from tfluck.figures.modulation import draw_modulation
from tfluck.figures.overlap import draw_overlap
from tfluck.figures.training import draw_training

TITLE = (
    "gaus-fc-82b713afe6cf-$a$_$, student 1: gaus, fc 50-75-100-125 ×10, BatchNorm before-relu, "
    "40 epochs, scale laptop, preset luck-matters/figure-7-fc-bn"
)
random = np.random.default_rng(0)


def matrices(layers: int) -> list[np.ndarray]:
    return [random.uniform(-1, 1, (3, 12)) for _ in range(layers)]


def training_table(layers: int, labelled: bool) -> pd.DataFrame:
    """Curves that fill their panels from corner to corner."""
    rows = []
    for epoch in range(6):
        up = {"mean_best_correlation_live": 0.98, "mean_best_correlation": 0.5}
        flat = {
            "null_mean_best_correlation_live": 0.25,
            "mean_rank": 1,
            "median_rank": 1,
        }
        for layer in range(layers):
            for metric, value in (up | flat).items():
                rows.append(
                    (1, epoch, "eval", layer, metric, value - layer * epoch / 30)
                )
        rows += [(1, epoch, s, None, "loss", 10.0**-epoch) for s in ("train", "eval")]
        if labelled:
            names = "accuracy", "teacher_accuracy"
            rows += [(1, epoch, "eval", None, name, 0.1 * epoch) for name in names]
            names = "accuracy_difference", "accuracy_difference_error"
            rows += [(1, epoch, "eval", None, name, 0.01 * epoch) for name in names]
    return pd.DataFrame(
        rows, columns=["seed", "epoch", "split", "layer", "metric", "value"]
    )


def correlations(layers: int) -> Figure:
    live = [np.array([True, False, True])] * layers
    states = [(name, matrices(layers), live) for name in ("before training", "epoch 9")]
    return draw_correlations(states, TITLE)


def ranks(layers: int) -> Figure:
    return draw_ranks([0, 1, 2], [random.uniform(0, 1, (3, 5))] * layers, TITLE)


def l_shape(layers: int) -> Figure:
    return draw_l_shape(
        [(rho, random.uniform(0, 1, 12)) for rho in matrices(layers)], TITLE
    )


def modulation(layers: int) -> Figure:
    found = [({"β*": rho.T, "H*": rho.T}, rho) for rho in matrices(layers)]
    return draw_modulation([("before training", found), ("epoch 20", found)], TITLE)


def overlap(layers: int) -> Figure:
    grams = [Gram.of(random.normal(size=(50, 6))) for _ in range(layers)]
    return draw_overlap([("teacher", grams), ("student", grams)], TITLE)


def training(layers: int) -> Figure:
    return draw_training(training_table(layers, labelled=False), TITLE)


def labelled(layers: int) -> Figure:
    return draw_training(training_table(layers, labelled=True), TITLE)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize(
    "draw", [training, labelled, correlations, ranks, l_shape, modulation, overlap]
)
def test_nothing_is_cut_and_no_legend_is_over_a_panel(
    draw: Callable[[int], Figure], layers: int
) -> None:
    figure = draw(layers)
    figure.draw_without_rendering()
    ink, page = figure.get_tightbbox(), figure.get_size_inches()
    assert min(ink.x0, ink.y0) >= 0 and ink.x1 <= page[0] and ink.y1 <= page[1]
    inner = [axis.get_window_extent() for axis in figure.axes]
    assert all(box.height > 60 for box in inner)
    for legend in figure.findobj(Legend):
        box = legend.get_window_extent()
        assert not any(box.overlaps(panel) for panel in inner)
    whole = " ".join(figure.get_suptitle().split())
    assert whole.startswith(TITLE), "the title is all there"


def test_the_training_picture_draws_rho_bar_over_live_nodes() -> None:
    figure = training(1)
    first = figure.axes[0]
    curve, null = (line.get_ydata() for line in first.get_lines())
    np.testing.assert_allclose(curve, 0.98)
    np.testing.assert_allclose(null, 0.25)
    assert "live teacher nodes" in first.get_title()


def test_the_matrices_say_rho_bar_over_live_nodes() -> None:
    rho = np.array([[0.5, 0.8], [0.0, 0.0]])
    figure = draw_correlations([("", [rho], [np.array([True, False])])], "run")
    assert figure.axes[0].get_title() == "layer 0: ρ̄ 0.800"
    assert "live teacher nodes" in figure.get_suptitle()


def test_a_table_of_an_older_run_is_drawn_without_its_null(tmp_path: Path) -> None:
    table = training_table(2, labelled=False)
    older = table[table.metric != "null_mean_best_correlation_live"]
    assert len(draw_training(older, "old").axes[0].get_lines()) == 2

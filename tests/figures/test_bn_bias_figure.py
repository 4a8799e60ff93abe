"""Figures 6 and 16: bars are counts, colours are signs, bytes are repeatable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import to_rgba

from tfluck.figures.bn_bias import NEGATIVE, POSITIVE, bin_edges, draw_bn_bias
from tfluck.figures.style import save
from tfluck.foundations.errors import BadInput

biases = arrays(np.float64, st.integers(1, 60), elements=st.floats(-9, 9, width=32))


@given(biases)
def test_every_bias_has_a_bin_and_none_straddles_zero(values):
    edges = bin_edges(values)
    assert edges[0] <= values.min() and values.max() <= edges[-1]
    assert (edges == 0).any()


@settings(max_examples=10, deadline=None)
@given(st.lists(biases, min_size=1, max_size=7))
def test_bars_of_a_colour_add_up_to_the_biases_of_that_sign(panels):
    figure = draw_bn_bias([("net", [(f"Conv{i}", p) for i, p in enumerate(panels)])])
    shown = [axis for axis in figure.get_axes() if axis.axison]
    assert len(shown) == len(panels)
    for axis, values in zip(shown, panels, strict=True):
        for colour, count in (
            (NEGATIVE, (values < 0).sum()),
            (POSITIVE, (values > 0).sum()),
        ):
            bars = [b for b in axis.patches if b.get_facecolor() == to_rgba(colour)]
            assert sum(bar.get_height() for bar in bars) == count


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_same_data_same_bytes(suffix, tmp_path):
    panels = [("Conv0", np.linspace(-1, 1, 64)), ("Conv1", np.linspace(-2, 1, 128))]
    written = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.{suffix}"
        save(draw_bn_bias([("net", panels), ("other", panels)]), path)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    magic = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[suffix]
    assert written[0].startswith(magic)


def test_nothing_to_draw_and_unknown_suffix_are_refused(tmp_path):
    for networks in ([], [("net", [])]):
        with pytest.raises(BadInput):
            draw_bn_bias(networks)
    with pytest.raises(BadInput, match=r"\.png"):
        save(draw_bn_bias([("net", [("a", np.ones(2))])]), tmp_path / "a.jpeg")

"""Graphs of layers by counting: shapes, costs, who reads whom, who is added to whom."""

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.architectures import ARCHITECTURES, Draft, Graph, draw
from tfluck.foundations.errors import BadInput

PLACES = ("none", "after-relu", "before-relu")
places = st.sampled_from(PLACES)
widths = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def counted(graph: Graph) -> tuple[int, int]:
    """Weights and multiply-adds, connection by connection."""
    weights = products = 0
    for vertex in graph.linear:
        below = graph.by_name[vertex.reads[0]]
        taps = 9 if vertex.kind == "conv" else 1
        weights += taps * below.shape[-1] * vertex.shape[-1]
        positions = math.prod(vertex.shape[:-1])
        products += positions * taps * below.shape[-1] * vertex.shape[-1]
    return weights, products


@given(st.integers(1, 30), widths, st.integers(1, 9), places)
def test_dense_nets(inputs: int, hidden: list[int], outputs: int, place: Any) -> None:
    graph = draw("fc", (inputs,), tuple(hidden), outputs, place)
    sizes = [inputs, *hidden, outputs]
    exact = sum(a * b for a, b in itertools.pairwise(sizes))
    assert graph.weights == graph.multiply_adds == exact
    assert (graph.weights, graph.multiply_adds) == counted(graph)
    assert [graph.fan_in(v) for v in graph.linear] == sizes[:-1]
    assert [v.nodes for v in graph.linear] == sizes[1:]
    assert [graph.layer_read_by(v) for v in graph.linear] == [None, *range(len(hidden))]
    assert graph.tied() == [{i} for i in range(len(hidden))]
    assert len(graph.vertices) == 2 + len(hidden) * (2 if place == "none" else 3)


@given(st.integers(3, 12), st.integers(3, 12), st.integers(1, 3), widths, places)
def test_conv_nets(
    height: int, width: int, channels: int, hidden: list[int], place: Any
) -> None:
    room = (min(height, width) - 1) // 2
    if len(hidden) > room:
        with pytest.raises(
            BadInput, match=f"need an image-size above {2 * (room + 1)}"
        ):
            draw("cnn", (height, width, channels), tuple(hidden), 2, place)
        return
    graph = draw("cnn", (height, width, channels), tuple(hidden), 2, place)
    for depth, layer in enumerate(graph.hidden, 1):
        shape = (height - 2 * depth, width - 2 * depth, hidden[depth - 1])
        for name in (layer.linear, layer.relu, layer.handed):
            assert graph.by_name[name].shape == shape
        assert not graph.by_name[layer.linear].padded
    assert (graph.weights, graph.multiply_adds) == counted(graph)
    assert graph.source(graph.by_name["output"]).name == graph.hidden[-1].handed


@pytest.mark.parametrize("place", PLACES)
def test_where_batch_norm_stands(place: Any) -> None:
    graph = draw("fc", (3,), (4,), 2, place)
    kinds = [v.kind for v in graph.vertices]
    assert (
        kinds
        == {
            "none": ["input", "dense", "relu", "dense"],
            "after-relu": ["input", "dense", "relu", "norm", "dense"],
            "before-relu": ["input", "dense", "norm", "relu", "dense"],
        }[place]
    )
    (layer,) = graph.hidden
    assert (layer.linear, layer.relu) == ("layer0_linear", "layer0_relu")
    handed = "layer0_batch_norm" if place == "after-relu" else "layer0_relu"
    assert layer.handed == handed == graph.by_name["output"].reads[0]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("blocks", [0, 1, 2, 3])
def test_residual_blocks(place: Any, blocks: int) -> None:
    """Each block adds to its top what it read; outputs of all blocks are tied."""
    sizes = (5, *(7, 5) * blocks)
    graph = draw("resnet", (3,), sizes, 2, place)
    adds = [v for v in graph.vertices if v.kind == "add"]
    assert [v.name for v in adds] == [f"layer{2 * k + 2}_add" for k in range(blocks)]
    for k, vertex in enumerate(adds):
        branch, skip = vertex.reads
        assert skip == graph.hidden[2 * k].handed and vertex.nodes == 5
        norm = place == "before-relu"
        assert branch == f"layer{2 * k + 2}_{'batch_norm' if norm else 'linear'}"
        relu = graph.by_name[graph.hidden[2 * k + 2].relu]
        assert relu.reads == (vertex.name,), "ReLU of the sum"
    outer = set(range(0, 2 * blocks + 1, 2))
    for index, group in enumerate(graph.tied()):
        assert group == (outer if index in outer else {index})
    exact = 3 * 5 + blocks * 2 * 5 * 7 + 5 * 2
    assert graph.weights == exact, "a skip has no weights"


def test_padded_blocks_read_images_of_one_size() -> None:
    graph = draw("resnet-conv", (1, 2, 3), (4, 6, 4), 2, "none")
    assert {v.shape[:2] for v in graph.vertices if len(v.shape) == 3} == {(1, 2)}
    assert all(v.padded for v in graph.linear if v.kind == "conv")
    assert not any(v.padded for v in graph.vertices if v.kind != "conv")
    assert graph.multiply_adds == 2 * 9 * (3 * 4 + 4 * 6 + 6 * 4) + 8 * 2


@pytest.mark.parametrize(
    ("sizes", "fine"),
    [((4,), True), ((4, 9, 4), True), ((4, 4), False), ((4, 9, 5), False),
     ((4, 9, 4, 9, 5), False), ((4, 1, 4, 2, 4), True), ((9, 4, 4), False)],
)  # fmt: skip
def test_widths_of_blocks(sizes: tuple[int, ...], fine: bool) -> None:
    for arch, shape in (("resnet", (3,)), ("resnet-conv", (4, 4, 1))):
        if fine:
            graph = draw(arch, shape, sizes, 2)
            assert [graph.by_name[h.relu].nodes for h in graph.hidden] == [*sizes]
        else:
            words = "not " + "-".join(map(str, sizes))
            with pytest.raises(BadInput, match=words):
                draw(arch, shape, sizes, 2)


@pytest.mark.parametrize(("count", "convs"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_the_lower_half_rounded_up_convolves(count: int, convs: int) -> None:
    graph = draw("mixed", (12, 12, 1), tuple(range(2, 2 + count)), 3)
    kinds = [v.kind for v in graph.linear]
    assert kinds == ["conv"] * convs + ["dense"] * (count - convs + 1)
    flat = [v for v in graph.vertices if v.kind == "flatten"]
    side = 12 - 2 * convs
    assert [v.shape for v in flat] == [(side * side * (1 + convs),)], "flattened once"


def test_an_image_under_dense_layers_is_flattened() -> None:
    graph = draw("fc", (2, 3, 4), (5,), 2)
    assert [v.kind for v in graph.vertices[:3]] == ["input", "flatten", "dense"]
    assert graph.fan_in(graph.vertices[2]) == 24
    assert graph.source(graph.vertices[2]).name == "x"
    assert graph.layer_read_by(graph.vertices[2]) is None


def test_a_draft_grows_from_its_top() -> None:
    draft = Draft((5, 5, 2), "none")
    assert draft.top.name == "x"
    assert draft.conv(3) == "layer0_relu" == draft.top.name
    assert draft.dense(4) == "layer1_relu" and draft.top.shape == (4,)
    with pytest.raises(BadInput, match=r"needs images, not samples of shape \(4,\)"):
        draft.conv(3)
    graph = draft.finish(6)
    assert graph.vertices[-1].name == "output" and graph.vertices[-1].shape == (6,)
    assert [v.name for v in graph.readers(0)] == ["layer1_linear"]
    assert [v.name for v in graph.readers(1)] == ["output"]


def test_an_image_too_small_names_the_smaller_side() -> None:
    with pytest.raises(BadInput, match=r"2 convolutions .* above 4, not 4; use larger"):
        draw("cnn", (4, 9, 1), (2, 2), 3)
    assert draw("cnn", (5, 9, 1), (2, 2), 3).by_name["layer1_relu"].shape == (1, 5, 2)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_settings_of_every_scale_can_be_drawn(name: str) -> None:
    about = ARCHITECTURES[name]
    assert (
        about.name == name and about.help and set(about.scales) == {"laptop", "smoke"}
    )
    shape = (16, 16, 1) if about.images else (20,)
    paper = draw(name, shape, about.defaults["teacher_widths"], 10)
    sizes = [
        draw(name, shape, scale["teacher_widths"], 10).weights
        for scale in (about.scales["laptop"], about.scales["smoke"])
    ]
    assert paper.weights > sizes[0] > sizes[1], "a smaller scale is smaller"
    tiny = about.few_pixels or about.few_samples
    draw(name, (8, 8, 1) if about.images else (64,), tiny["teacher_widths"], 10)


def test_a_graph_is_drawn_once() -> None:
    assert draw("fc", (3,), (4,), 2) is draw("fc", (3,), (4,), 2)
    assert draw("fc", (3,), (4,), 2) is not draw("fc", (3,), (4,), 3)

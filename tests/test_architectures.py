"""An architecture is drawn once, as a graph; costs and wiring are read off it."""

import math

import pytest

from tfluck.architectures import ARCHITECTURES, Graph, draw
from tfluck.foundations.errors import BadInput


def shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {vertex.name: vertex.shape for vertex in graph.vertices}


def test_a_dense_net_is_a_chain() -> None:
    graph = draw("fc", (20,), (10, 15), 7, "after-relu")
    assert [v.name for v in graph.vertices] == [
        *("x", "layer0_linear", "layer0_relu", "layer0_batch_norm"),
        *("layer1_linear", "layer1_relu", "layer1_batch_norm", "output"),
    ]
    for below, vertex in zip(graph.vertices, graph.vertices[1:], strict=False):
        assert vertex.reads == (below.name,)
    assert graph.weights == graph.multiply_adds == 20 * 10 + 10 * 15 + 15 * 7


def test_a_convolution_takes_two_pixels_off() -> None:
    graph = draw("cnn", (9, 8, 2), (3, 4), 5)
    found = shapes(graph)
    assert (found["layer0_linear"], found["layer1_relu"]) == ((7, 6, 3), (5, 4, 4))
    assert found["flatten"] == (80,) and found["output"] == (5,)
    assert graph.weights == 9 * 2 * 3 + 9 * 3 * 4 + 80 * 5
    assert graph.multiply_adds == 42 * 54 + 20 * 108 + 400


def test_who_reads_a_layer_is_found_through_flattening() -> None:
    graph = draw("cnn", (9, 8, 2), (3, 4), 5, "after-relu")
    assert [[v.name for v in graph.readers(i)] for i in (0, 1)] == [
        ["layer1_linear"],
        ["output"],
    ]
    assert graph.source(graph.by_name["output"]).nodes == 4
    assert graph.tied() == [{0}, {1}]


def test_an_image_that_is_used_up_is_refused() -> None:
    with pytest.raises(BadInput, match="image-size above 8, not 8"):
        draw("cnn", (8, 9, 1), (2, 2, 2, 2), 3)


def test_a_block_adds_what_it_reads() -> None:
    graph = draw("resnet", (6,), (4, 9, 4, 2, 4), 3, "before-relu")
    adds = {v.name: v.reads for v in graph.vertices if v.kind == "add"}
    assert adds == {
        "layer2_add": ("layer2_batch_norm", "layer0_relu"),
        "layer4_add": ("layer4_batch_norm", "layer2_relu"),
    }
    assert [sorted(group) for group in graph.tied()] == [
        *([0, 2, 4], [1], [0, 2, 4], [3], [0, 2, 4]),
    ]
    assert graph.weights == 6 * 4 + 4 * 9 + 9 * 4 + 4 * 2 + 2 * 4 + 4 * 3


def test_padded_blocks_keep_the_size_of_images() -> None:
    graph = draw("resnet-conv", (5, 4, 2), (3, 6, 3), 7, "after-relu")
    assert {s[:2] for s in shapes(graph).values() if len(s) == 3} == {(5, 4)}
    assert shapes(graph)["flatten"] == (60,)


@pytest.mark.parametrize("widths", [(4,) * 2, (4, 4, 5), (3, 4, 4)])
def test_blocks_that_cannot_be_added_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="odd number of widths"):
        draw("resnet", (6,), widths, 3)


def test_the_lower_half_of_a_mixed_net_convolves() -> None:
    kinds = [v.kind for v in draw("mixed", (9, 9, 1), (2, 3, 4), 5).linear]
    assert kinds == ["conv", "conv", "dense", "dense"]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("place", ["none", "after-relu", "before-relu"])
def test_every_architecture_is_computed_from_below(arch: str, place: str) -> None:
    """Vertices read what stands before them; every hidden layer is read by somebody."""
    about = ARCHITECTURES[arch]
    widths = about.defaults["teacher_widths"]
    graph = draw(arch, (16, 16, 1) if about.images else (20,), widths, 7, place)
    seen: set[str] = set()
    for vertex in graph.vertices:
        assert set(vertex.reads) <= seen
        seen.add(vertex.name)
    assert [graph.by_name[layer.handed].nodes for layer in graph.hidden] == [*widths]
    assert all(graph.readers(layer) for layer in range(len(widths)))
    assert math.prod(graph.vertices[-1].shape) == 7

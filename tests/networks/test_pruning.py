"""A pruned network computes what the whole one does without the nodes it lost."""

from typing import Any

import numpy as np
import pytest

from tfluck.foundations.errors import BadInput

CASES = [
    ("fc", (9,), "none"),
    ("fc", (4, 3, 2), "after-relu"),
    ("cnn", (9, 8, 2), "after-relu"),
    ("cnn", (7, 7, 1), "before-relu"),
    ("mixed", (7, 7, 2), "after-relu"),
    ("resnet", (5,), "before-relu"),
    ("resnet-conv", (5, 4, 2), "after-relu"),
]
SHARES = (0.5, 0.2, 0.5)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[2]}")
def trained(request: pytest.FixtureRequest, tf: Any) -> Any:
    """A network of random weights, BatchNorm statistics included."""
    from tfluck.networks import Network

    arch, shape, place = request.param
    network = Network(arch, shape, (6, 5, 6), 4, place, affine=place != "none")
    model = network.build(lambda name, fan_in: {}, "net")
    draw = np.random.default_rng(0)
    model.set_weights(
        [
            0.1 + draw.random(w.shape) ** 2 - 0.3 * (w.ndim > 1)
            for w in model.get_weights()
        ]
    )
    x = draw.standard_normal((11, *shape)).astype(np.float32)
    return network, model, x


def lowest(kernels: list[np.ndarray], nodes: int, count: int) -> set[int]:
    """The original's rule, written as a loop, over all layers that share their nodes."""
    sizes = np.zeros(nodes)
    for kernel in kernels:
        flat = kernel.reshape(-1, kernel.shape[-1])
        sizes += [np.abs(flat[node::nodes]).mean() for node in range(nodes)]
    return set(np.argsort(sizes)[:count])


def test_the_least_read_nodes_go(trained: Any) -> None:
    from tfluck.networks import linear_layers
    from tfluck.networks.pruning import surviving_nodes

    network, model, _ = trained
    kernels = [layer.kernel.numpy() for layer in linear_layers(model)]
    kept = surviving_nodes(network.graph, model, SHARES)
    added = {0: [1, 3], 2: [1, 3]} if network.arch.startswith("resnet") else {}
    for i, (nodes, left, share) in enumerate(
        zip(network.widths, kept, SHARES, strict=True)
    ):
        above = [kernels[reader] for reader in added.get(i, [i + 1])]
        assert set(left) == set(range(nodes)) - lowest(above, nodes, int(share * nodes))


def test_layers_that_are_added_lose_the_same_share(tf: Any) -> None:
    from tfluck.networks import Network
    from tfluck.networks.pruning import prune

    network = Network("resnet", (5,), (4, 3, 4), 2)
    model = network.build(lambda name, fan_in: {}, "net")
    with pytest.raises(BadInput, match="Layers 0, 2 are added"):
        prune(network, model, (0.5, 0.0, 0.0))


def test_it_computes_what_zero_fan_out_would(trained: Any) -> None:
    from tfluck.networks import linear_layers
    from tfluck.networks.pruning import prune, surviving_nodes

    network, model, x = trained
    kept = surviving_nodes(network.graph, model, SHARES)
    smaller, pruned = prune(network, model, SHARES)
    assert smaller.widths == tuple(map(len, kept)) == (3, 4, 3)
    layers = linear_layers(model)
    for nodes, left, above in zip(network.widths, kept, layers[1:], strict=True):
        kernel = above.kernel.numpy()
        view = kernel.reshape(-1, nodes, kernel.shape[-1])
        view[:, np.setdiff1d(np.arange(nodes), left)] = 0
        above.kernel.assign(view.reshape(kernel.shape))
    whole, small = model(x), pruned(x)
    for left, theirs, ours in zip(kept, whole[:-1], small[:-1], strict=True):
        np.testing.assert_allclose(
            ours, theirs.numpy()[..., left], rtol=1e-4, atol=1e-5
        )
    np.testing.assert_allclose(small[-1], whole[-1], rtol=1e-4, atol=1e-4)


def test_nothing_to_remove_changes_nothing_and_one_node_stays(trained: Any) -> None:
    from tfluck.networks.pruning import prune

    network, model, x = trained
    same, copy = prune(network, model, (0.0,))
    assert same == network
    np.testing.assert_array_equal(copy(x)[-1], model(x)[-1])
    assert prune(network, model, (0.99,))[0].widths == (1, 1, 1)

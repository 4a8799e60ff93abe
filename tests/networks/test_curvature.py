"""Second derivatives against the exact Hessian, finite differences and closed forms."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from tfluck.architectures import ARCHITECTURES
from tfluck.foundations.errors import BadInput

NETS: dict[str, dict[str, Any]] = {
    "dense": {"arch": "fc", "input_shape": (4,), "widths": (5, 6)},
    "dense-norm": {
        "arch": "fc",
        "input_shape": (4,),
        "widths": (5, 6),
        "batch_norm": "after-relu",
        "affine": True,
    },
    "conv": {
        "arch": "cnn",
        "input_shape": (6, 6, 1),
        "widths": (3, 4),
        "batch_norm": "before-relu",
        "affine": True,
    },
    "residual": {"arch": "resnet", "input_shape": (4,), "widths": (4, 3, 4)},
}


def mse(target: Any, logits: Any) -> Any:
    from tfluck.training.objectives.mse import mean_squared_error

    return mean_squared_error(target, logits)


def surface_of(name: str, piece: int = 16, **given: Any) -> Any:
    """Return (network, surface) as it was made; each is compiled once."""
    network, surface, theta = made(name, piece, tuple(given.items()))
    surface.theta = theta.copy()
    return network, surface


@cache
def made(name: str, piece: int, given: Any) -> Any:
    """Make a random net whose BatchNorm has seen something, and 40 samples."""
    from tfluck.networks import Network
    from tfluck.networks.curvature import Surface, in_float64
    from tfluck.networks.initializers import default_start

    network = Network(outputs=3, **NETS[name] | dict(given))
    model = network.build(lambda layer, fan: default_start(3, layer, fan), "student")
    draw = np.random.default_rng(0)
    for variable in model.non_trainable_variables:
        low = 0.5 if "variance" in variable.path else -0.2
        variable.assign(draw.uniform(low, low + 0.4, variable.shape))
    twin = in_float64(network, model)
    x = draw.standard_normal((40, *network.input_shape))
    surface = Surface(twin, mse, x, draw.standard_normal((40, 3)), piece)
    return network, surface, surface.theta


@cache
def hessian(name: str) -> np.ndarray:
    return surface_of(name)[1].hessian()


@pytest.fixture(params=["dense", "dense-norm", "conv"])
def known(request: pytest.FixtureRequest, tf: Any) -> Any:
    """A surface and its exact Hessian."""
    return *surface_of(request.param), hessian(request.param)


def test_products_are_the_exact_hessians(known: Any) -> None:
    _, surface, exact = known
    draw = np.random.default_rng(1)
    np.testing.assert_allclose(exact, exact.T, atol=1e-14)
    for _ in range(4):
        v = draw.standard_normal(surface.parameters)
        off = np.abs(surface.product(v) - exact @ v).max()
        assert off <= 1e-10 * max(1.0, np.abs(exact @ v).max())


def test_top_eigenvalues_are_the_exact_hessians(known: Any) -> None:
    from tfluck.analysis.lanczos import extremes

    _, surface, exact = known
    found = extremes(
        surface.product, surface.parameters, 4, np.random.default_rng(2), tolerance=1e-9
    )
    expected = np.linalg.eigvalsh(exact)
    assert found.converged
    np.testing.assert_allclose(found.top, expected[::-1][:4], rtol=1e-6, atol=1e-9)
    assert np.abs(expected - found.lowest).min() <= found.lowest_error + 1e-12


def test_block_traces_are_within_their_interval(known: Any) -> None:
    from tfluck.analysis.blocks import measure_block, measure_cross
    from tfluck.networks.curvature import CHOSEN, OTHER, touched_codes

    network, surface, exact = known
    chosen = [np.arange(width) % 2 == 0 for width in network.widths]
    codes = touched_codes(network.graph, surface.model, chosen)
    draw = np.random.default_rng(3)
    sets = {}
    for name, code in (("winners", CHOSEN), ("others", OTHER)):
        indices = sets[name] = np.flatnonzero(codes == code)
        block = measure_block(
            surface.product, surface.parameters, name, indices, draw, top=1, products=12
        )
        inner = exact[np.ix_(indices, indices)]
        assert block.trace.error > 0, "estimated, not summed up"
        assert block.trace.low <= np.trace(inner) <= block.trace.high
        assert block.extremes.top[0] == pytest.approx(
            np.linalg.eigvalsh(inner)[-1], rel=1e-6
        )
    pairs = list(sets.items())
    cross = measure_cross(surface.product, surface.parameters, *pairs, draw, products=9)
    part = exact[np.ix_(*sets.values())]
    assert cross.low <= np.linalg.norm(part) <= cross.high
    assert cross.top == pytest.approx(np.linalg.norm(part, 2), rel=1e-6)


def test_gradient_and_product_are_differences(known: Any) -> None:
    _, surface, _ = known
    draw = np.random.default_rng(4)
    v = draw.standard_normal(surface.parameters)
    v /= np.linalg.norm(v)
    h = 1e-6
    up, down = surface.theta + h * v, surface.theta - h * v
    slope = (surface.value(up) - surface.value(down)) / (2 * h)
    assert surface.gradient() @ v == pytest.approx(slope, rel=1e-5, abs=1e-8)
    turn = (surface.gradient(up) - surface.gradient(down)) / (2 * h)
    np.testing.assert_allclose(surface.product(v), turn, rtol=1e-4, atol=1e-7)


def test_pieces_do_not_matter(tf: Any) -> None:
    """BatchNorm's batch is none here, so 40 samples are 2 × 16 and 8, or all at once."""
    one, other = (surface_of("dense-norm", piece=piece)[1] for piece in (16, 40))
    assert one.value() == pytest.approx(other.value(), rel=1e-14)
    np.testing.assert_allclose(one.gradient(), other.gradient(), atol=1e-14)


def by_hand(network: Any, model: Any, chosen: Any) -> np.ndarray:
    """Go through a dense net's weights one by one."""
    codes = []
    sides = [None, *chosen, None]
    names = [f"layer{i}_linear" for i in range(len(network.widths))] + ["output"]
    for name, below, above in zip(names, sides, sides[1:], strict=False):
        rows, columns = model.get_layer(name).kernel.shape
        ends = [
            {
                bool(side[at])
                for side, at in ((below, i), (above, j))
                if side is not None
            }
            for i in range(rows)
            for j in range(columns)
        ]
        ends += [set() if above is None else {bool(above[j])} for j in range(columns)]
        codes += [(True in end) + 2 * (False in end) for end in ends]
    return np.array(codes)


def test_every_weight_is_counted_where_it_belongs(tf: Any) -> None:
    from tfluck.networks.curvature import touched_codes

    network, surface = surface_of("dense")
    draw = np.random.default_rng(6)
    chosen = [draw.random(width) < 0.5 for width in network.widths]
    codes = touched_codes(network.graph, surface.model, chosen)
    assert (codes == by_hand(network, surface.model, chosen)).all()


@pytest.mark.parametrize("name", ["conv", "dense-norm", "residual"])
def test_removing_a_node_stills_what_touches_it_and_nothing_else(
    tf: Any, name: str
) -> None:
    """A node that is dead and unread has no gradient; with it dead the others go on."""
    from tfluck.networks.curvature import BETWEEN, CHOSEN, touched_codes

    network, surface = surface_of(name)
    chosen = [np.zeros(width, bool) for width in network.widths]
    chosen[0][1] = True
    codes = touched_codes(network.graph, surface.model, chosen)
    mine = np.isin(codes, (CHOSEN, BETWEEN))
    silent = surface.theta.copy()
    silent[mine] = 0
    gradient = surface.gradient(silent)
    own = gradient[mine]
    alive = gradient[~mine]
    if name == "residual":  # its node is added to the one of the block above, and lives
        assert np.count_nonzero(own) < len(own)
    else:
        assert not own.any(), "neither fed nor read: nothing moves it"
    assert np.count_nonzero(alive) > len(alive) / 2


def test_architectures_all_have_codes(tf: Any) -> None:
    from tfluck.networks import Network
    from tfluck.networks.curvature import touched_codes
    from tfluck.networks.initializers import default_start

    for arch in ARCHITECTURES.values():
        shape = (8, 8, 2) if arch.images else (5,)
        network = Network(arch.name, shape, (3, 4, 3), 2, "after-relu", True)
        model = network.build(lambda n, f: default_start(0, n, f), "student")
        everybody = [np.ones(width, bool) for width in network.widths]
        codes = touched_codes(network.graph, model, everybody)
        size = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
        assert codes.shape == (size,)
        assert (codes == 0).sum() == 2, "only the biases of the outputs touch no node"
        nobody = [~nodes for nodes in everybody]
        assert (touched_codes(network.graph, model, nobody) == 2 * codes).all()


def planted(tf: Any, bias: float) -> Any:
    """A dense net with two planted nodes a layer: unread, and with this bias."""
    from tfluck.networks.curvature import CHOSEN, OTHER, touched_codes

    network, surface = surface_of("dense")
    planted = [np.arange(width) >= width - 2 for width in network.widths]
    where = places(surface)
    names = ["layer0_linear", "layer1_linear", "output"]
    for own, above, nodes in zip(names, names[1:], planted, strict=False):
        surface.theta[where[f"{own}/bias"][nodes]] = bias
        surface.theta[where[f"{above}/kernel"][nodes]] = 0
    codes = touched_codes(network.graph, surface.model, [~nodes for nodes in planted])
    assert CHOSEN in codes and OTHER in codes
    return network, surface, codes


def places(surface: Any) -> dict[str, np.ndarray]:
    """Return where in θ each variable's entries are, in the variable's shape."""
    ends = np.cumsum(surface.sizes)
    return {
        variable.path: np.arange(end - size, end).reshape(variable.shape)
        for variable, size, end in zip(
            surface.variables, surface.sizes, ends, strict=True
        )
    }


def test_the_block_of_nodes_that_do_not_matter_is_zero(tf: Any) -> None:
    """Planted without fan-out and off on every sample: no gradient, no curvature."""
    from tfluck.analysis.blocks import measure_block, measure_cross
    from tfluck.networks.curvature import BETWEEN, CHOSEN, OTHER

    _, surface, codes = planted(tf, -50.0)
    draw = np.random.default_rng(7)
    size, others = surface.parameters, np.flatnonzero(codes == OTHER)
    found = measure_block(surface.product, size, "x", others, draw, top=3, products=12)
    assert found.trace.value == found.trace.error == 0
    assert not found.extremes.top.any() and found.extremes.lowest == 0
    winners = np.flatnonzero(codes == CHOSEN)
    pair = ("winners", winners), ("others", others)
    assert measure_cross(surface.product, size, *pair, draw, products=12).norm == 0
    lively = measure_block(
        surface.product, size, "w", winners, draw, top=1, products=12
    )
    assert lively.trace.value > 0.01
    exact = surface.hessian()
    assert not exact[others].any() and not surface.gradient()[others].any()
    assert not exact[np.ix_(codes == BETWEEN, codes == BETWEEN)].any()


def test_unread_nodes_that_are_on_are_flat_but_for_their_fan_out(tf: Any) -> None:
    """Nothing reads them, so what feeds them does not matter; to be read would matter."""
    _, surface, _ = planted(tf, 0.4)
    exact, where = surface.hessian(), places(surface)
    unread = where["layer0_linear/kernel"][:, -2:].ravel()
    assert not exact[np.ix_(unread, unread)].any()
    assert not surface.gradient()[unread].any()
    # L = mean (y − v f − …)² over samples and 3 outputs: ∂²L/∂v² = 2 E f² / 3.
    f = np.concatenate([x.numpy() for x, _ in surface.pieces])
    for layer in ("layer0_linear", "layer1_linear"):
        kernel, bias = (
            surface.theta[where[f"{layer}/{w}"]] for w in ("kernel", "bias")
        )
        f = np.maximum(f @ kernel + bias, 0)
    expected = np.repeat(2 * np.square(f[:, -2:]).mean(axis=0) / 3, 3)
    diagonal = np.diag(exact)[where["output/kernel"][-2:].ravel()]
    np.testing.assert_allclose(diagonal, expected, rtol=1e-12)
    assert expected.min() > 0


def test_directions_are_as_long_as_the_rows(tf: Any) -> None:
    from tfluck.networks.curvature import along, filter_direction

    _, surface, codes = planted(tf, 0.4)
    mask = codes == 1
    direction = filter_direction(surface, mask, np.random.default_rng(8))
    assert not direction[~mask].any()
    for path, where in places(surface).items():
        if path.endswith("bias"):
            assert not direction[where].any()
            continue
        own = np.where(mask[where], surface.theta[where], 0)
        norms = [np.linalg.norm(rows, axis=0) for rows in (direction[where], own)]
        np.testing.assert_allclose(*norms, rtol=1e-12)
    steps = np.array([-0.5, 0.0, 0.5])
    values = along(surface, direction, steps)
    assert values[1] == surface.value()
    assert values[0] == surface.value(surface.theta - 0.5 * direction)


def test_a_slice_does_not_see_how_layers_share_their_scale(tf: Any) -> None:
    """ReLU(s w)·(v/s) is the same net; its slice along the same draw is the same curve."""
    from tfluck.networks.curvature import along, filter_direction

    _, surface, codes = planted(tf, 0.0)
    steps, curves = np.linspace(-1, 1, 5), []
    for factor in (1.0, 7.0):
        theta = surface.theta.copy()
        for path, where in places(surface).items():
            scale = {"layer1_linear": factor, "output": 1 / factor}
            if path != "output/bias":
                theta[where] *= scale.get(path.split("/")[0], 1.0)
        original, surface.theta = surface.theta, theta
        draw = np.random.default_rng(9)
        curves.append(
            along(surface, filter_direction(surface, codes == 1, draw), steps)
        )
        surface.theta = original
    np.testing.assert_allclose(*curves, rtol=1e-9)


def test_a_hessian_that_does_not_fit_is_refused(tf: Any) -> None:
    _, surface = surface_of("dense", widths=(90, 90))
    assert surface.parameters > 8000
    with pytest.raises(BadInput, match="not written out"):
        surface.hessian()

"""β and H against per-sample automatic differentiation and against the authors' arrays."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfluck.analysis.modulation import LayerModulation, modulation
from tfluck.analysis.relu_net import Affine, ReluNet
from tfluck.architectures import ARCHITECTURES
from tfluck.foundations.errors import BadInput

GOLDEN = Path(__file__).parents[1] / "golden"
PLACES = ("none", "after-relu", "before-relu")
Model = Any


def network(arch: str, widths: tuple[int, ...], place: str, seed: int) -> Model:
    """A float64 network with random weights and a BatchNorm that has seen things."""
    import tensorflow as tf

    from tfluck.networks import Network

    shape = (7, 7, 2) if ARCHITECTURES[arch].images else (6,)
    found = Network(arch, shape, widths, 4, place, affine=True).build(
        lambda name, fan_in: {}, f"net{seed}", "float64"
    )
    draw = np.random.default_rng(seed)
    for variable in found.variables:
        value = draw.normal(size=variable.shape) / 2
        if "variance" in variable.path:
            value = np.exp(value)
        variable.assign(tf.constant(value))
    return found


def pieces(model: Model, x: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """Per hidden layer: ReLU outputs f, gates, J, all by automatic differentiation."""
    import keras
    import tensorflow as tf

    relus = [layer for layer in model.layers if layer.name.endswith("_relu")]
    outputs = [layer.output for layer in relus] + [layer.input for layer in relus]
    whole = keras.Model(model.inputs, [*outputs, model.outputs[-1]])
    with tf.GradientTape(persistent=True) as tape:
        inputs = tf.constant(x)
        tape.watch(inputs)
        *both, logits = whole(inputs, training=False)
        each = tf.unstack(logits, axis=-1)
    half = len(relus)
    found = []
    for f, z in zip(both[:half], both[half:], strict=True):
        rows = tf.stack([tape.gradient(y, f) for y in each], axis=1)
        n = f.shape[-1]
        found.append(
            (
                f.numpy().reshape(len(x), -1, n),
                (z.numpy() > 0).reshape(len(x), -1, n),
                rows.numpy().reshape(len(x), len(each), -1, n),
                logits.numpy(),
            )
        )
    return found


def augmented(piece: tuple[np.ndarray, ...], k: int) -> tuple[np.ndarray, np.ndarray]:
    """One sample's J with the bias node's column, ``[outputs, positions, n + 1]``.

    The bias node stands at no position; a column of it at each is Σ-compatible with
    the nodes, and its own corner is put right by the caller.
    """
    f, gates, rows, logits = (array[k] for array in piece)
    bias = logits - np.einsum("cpn,pn->c", rows, f)
    column = np.repeat(bias[:, None, None], rows.shape[1], axis=1)
    on = np.concatenate([gates, np.ones((len(gates), 1))], axis=1)
    return np.concatenate([rows, column], axis=2), on


def brute_force(student: Model, teacher: Model, x: np.ndarray) -> list[LayerModulation]:
    results = []
    for s, t in zip(pieces(student, x), pieces(teacher, x), strict=True):
        sums: list[Any] = [0.0] * 6
        for k in range(len(x)):
            (a, ga), (b, gb) = augmented(s, k), augmented(t, k)
            pairs = ((a, b), (a * ga, b * gb), (a, a), (a * ga, a * ga))
            for i, (left, right) in zip((0, 1, 3, 4), pairs, strict=True):
                one = np.einsum("cpn,cpm->nm", left, right)
                one[-1, -1] /= a.shape[1]
                sums[i] = sums[i] + one / len(x)
            for i, (left, right) in ((2, (ga, gb)), (5, (ga, ga))):
                sums[i] = sums[i] + left.T @ right / len(left) / len(x)
        beta_cross, gated_cross, d_cross, beta, gated, d = sums
        results.append(
            LayerModulation(
                beta_cross=beta_cross,
                h_cross=beta_cross * d_cross,
                gated_cross=gated_cross,
                beta=beta,
                h=beta * d,
                gated=gated,
            )
        )
    return results


def inputs(arch: str, count: int = 9) -> np.ndarray:
    shape = (count, 7, 7, 2) if ARCHITECTURES[arch].images else (count, 6)
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("teacher_place", ["none", "after-relu"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_it_is_automatic_differentiation_sample_by_sample(
    tf: Any, arch: str, place: str, teacher_place: str, monkeypatch: Any
) -> None:
    from tfluck.networks.folding import relu_net

    monkeypatch.setattr("tfluck.analysis.modulation.PIECE", 30_000)
    student = network(arch, (8, 7, 8), place, 1)
    teacher = network(arch, (4, 5, 4), teacher_place, 2)
    x = inputs(arch)
    ours = modulation(relu_net(student), relu_net(teacher), x)
    for one, other in zip(ours, brute_force(student, teacher, x), strict=True):
        for name, matrix in vars(other).items():
            np.testing.assert_allclose(
                getattr(one, name), matrix, rtol=1e-10, atol=1e-10, err_msg=name
            )


@pytest.mark.parametrize("arch", ["fc", "resnet"])
@pytest.mark.parametrize("place", PLACES)
def test_theorem_1(tf: Any, place: str, arch: str) -> None:
    """β* f* − β f is the negative gradient at the nodes of any layer."""
    from tfluck.networks.folding import relu_net

    student = network(arch, (8, 7, 8), place, 3)
    teacher = network(arch, (4, 3, 4), "none", 4)
    x = inputs(arch)
    nets = relu_net(student), relu_net(teacher)
    s, t = pieces(student, x), pieces(teacher, x)
    for k in range(len(x)):
        found = modulation(*nets, x[k : k + 1])
        for layer, (one, other) in enumerate(zip(s, t, strict=True)):
            f, f_teacher = (np.append(p[0][k].ravel(), 1) for p in (one, other))
            ours = found[layer].beta_cross @ f_teacher - found[layer].beta @ f
            error = other[3][k] - one[3][k]
            gradient = one[2][k, :, 0].T @ error
            np.testing.assert_allclose(ours[:-1], gradient, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("place", PLACES)
def test_a_folded_network_computes_the_same(tf: Any, arch: str, place: str) -> None:
    from tfluck.networks.folding import relu_net

    model = network(arch, (8, 7, 8), place, 5)
    x = inputs(arch)
    output = relu_net(model).activations(x)[-1]
    np.testing.assert_allclose(output, model(x)[-1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["fc_nobn", "fc_nobn_dead", "fc_bn_affine"])
def test_the_authors_own_numbers(tf: Any, name: str) -> None:
    """Their variant ignores BatchNorm, and has a spurious 1 in the corner."""
    from tfluck.networks import Network, linear_layers
    from tfluck.networks.folding import relu_net

    golden = np.load(GOLDEN / f"{name}.npz")
    nets = {}
    for who in ("teacher", "student"):
        weights = [golden[f"{who}/W{i}"] for i in range(3)]
        has_norm = f"{who}/bn0_mean" in golden.files
        place = "after-relu" if has_norm else "none"
        widths = tuple(len(w) for w in weights[:2])
        shape = Network("fc", (4,), widths, len(weights[2]), place, affine=has_norm)
        model = shape.build(lambda layer, fan_in: {}, who, "float64")
        for i, layer in enumerate(linear_layers(model)):
            layer.set_weights([weights[i].T, golden[f"{who}/b{i}"]])
        norms = [layer for layer in model.layers if "batch_norm" in layer.name]
        for i, norm in enumerate(norms):
            parts = ("gamma", "beta", "mean", "var")
            norm.set_weights([golden[f"{who}/bn{i}_{part}"] for part in parts])
        nets[who] = relu_net(model, ignore_batch_norm=True)
    found = modulation(nets["student"], nets["teacher"], golden["X"])
    assert len(found) == 2
    for i, layer in enumerate(found):
        theirs = {
            "beta_cross": golden[f"eval/beta_st{i}"],
            "gated_cross": golden[f"eval/H_st{i}"],
            "beta": golden[f"eval/beta_ss{i}"],
            "gated": golden[f"eval/H_ss{i}"],
        }
        for key, matrix in theirs.items():
            ours = getattr(layer, key).copy()
            ours[-1, -1] += 1
            np.testing.assert_allclose(ours, matrix, rtol=1e-10, atol=1e-10)


def test_a_student_that_is_its_teacher() -> None:
    draw = np.random.default_rng(6)
    net = ReluNet(
        tuple(
            Affine(draw.normal(size=shape), draw.normal(size=shape[1]))
            for shape in ((5, 4), (4, 3), (3, 2))
        )
    )
    x = draw.normal(size=(20, 5))
    for layer in modulation(net, net, x):
        np.testing.assert_array_equal(layer.beta, layer.beta.T)
        np.testing.assert_allclose(layer.beta_cross, layer.beta, rtol=1e-12)
        for cross, own in ((layer.h_cross, layer.h), (layer.gated_cross, layer.gated)):
            np.testing.assert_allclose(cross, own, rtol=1e-12)
            assert np.linalg.eigvalsh(own).min() > -1e-12
            assert np.all(np.diag(own) <= np.diag(layer.beta) + 1e-12)


def test_gates_and_modulation_depend_on_each_other_below_the_top() -> None:
    """H = β∘D and E[GβG] are one matrix in the highest hidden layer and for one sample."""
    draw = np.random.default_rng(8)

    def net(*widths: int) -> ReluNet:
        shapes = itertools.pairwise(widths)
        return ReluNet(
            tuple(
                Affine(draw.normal(size=(a, b)) / np.sqrt(a), draw.normal(size=b) / 3)
                for a, b in shapes
            )
        )

    student, teacher = net(10, 24, 27, 7), net(10, 8, 9, 7)
    x = draw.normal(size=(400, 10))
    low, top = modulation(student, teacher, x)
    for layer, apart in ((low, True), (top, False)):
        for h, gated in ((layer.h_cross, layer.gated_cross), (layer.h, layer.gated)):
            nodes = np.s_[:-1, :-1]
            difference = np.linalg.norm((h - gated)[nodes])
            assert (difference > 0.05 * np.linalg.norm(gated[nodes])) == apart
            assert apart or difference < 1e-12
    for layer in modulation(student, teacher, x[:1]):
        np.testing.assert_allclose(layer.h_cross, layer.gated_cross, atol=1e-12)


def test_nets_that_do_not_fit_are_refused() -> None:
    one = Affine(np.eye(2), np.zeros(2))
    deep, shallow = ReluNet((one, one, one)), ReluNet((one, one))
    wide = ReluNet((one, Affine(np.ones((2, 3)), np.zeros(3))))
    for student, teacher, x in (
        (deep, shallow, np.ones((3, 2))),
        (shallow, wide, np.ones((3, 2))),
        (deep, deep, np.ones((0, 2))),
    ):
        with pytest.raises(BadInput):
            modulation(student, teacher, x)

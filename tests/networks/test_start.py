"""Where weights start: the paper's teacher, the original's student, students near a teacher."""

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.foundations.errors import BadInput

SHAPES = {
    "fc": ((6,), (4, 5)),
    "cnn": ((9, 9, 2), (3, 4)),
    "mixed": ((7, 7, 2), (3, 4)),
    "resnet": ((6,), (4, 5, 4)),
    "resnet-conv": ((5, 5, 2), (3, 4, 3)),
}


@pytest.fixture(params=SHAPES)
def shapes(request: pytest.FixtureRequest, tf: Any) -> tuple[Any, Any]:
    """Return a teacher's and a three times wider student's network."""
    from tfluck.networks import Network

    inputs, widths = SHAPES[request.param]
    teacher = Network(request.param, inputs, widths, 7)
    return teacher, Network(request.param, inputs, tuple(3 * w for w in widths), 7)


@given(st.integers(0, 2**31), st.integers(1, 30), st.integers(2, 20))
def test_separated_rows(seed: int, rows: int, fan_in: int) -> None:
    from tfluck.networks.initializers import LEVELS, separated_rows

    if rows > len(LEVELS) ** fan_in - 1:
        rows = len(LEVELS) ** fan_in - 1
    found = separated_rows(seed, rows, fan_in)
    assert found.shape == (rows, fan_in)
    assert np.isin(found, LEVELS).all()
    assert found.any(axis=1).all(), "no row is zero"
    assert len(np.unique(found, axis=0)) == rows, "no two rows are equal"


def test_all_patterns_can_be_asked_for_and_no_more() -> None:
    from tfluck.networks.initializers import separated_rows

    assert len(separated_rows(1, 24, 2)) == 24
    with pytest.raises(BadInput, match="only 24 patterns"):
        separated_rows(1, 25, 2)


def test_levels_are_equally_likely() -> None:
    from tfluck.networks.initializers import LEVELS, separated_rows

    values, counts = np.unique(separated_rows(3, 500, 400), return_counts=True)
    np.testing.assert_array_equal(values, LEVELS)
    sigma = math.sqrt(200_000 * 0.2 * 0.8)
    assert np.abs(counts - 40_000).max() < 5 * sigma


def test_teacher_rows_have_norm_one_and_students_start_as_pytorch_does(
    shapes: tuple[Any, Any],
) -> None:
    from tfluck.networks import build_student, build_teacher, linear_layers

    teacher = build_teacher(shapes[0], 5)
    for layer in linear_layers(teacher):
        rows = layer.kernel.numpy().reshape(-1, layer.kernel.shape[-1])
        np.testing.assert_allclose(np.linalg.norm(rows, axis=0), 1, atol=1e-4)
    student = build_student(shapes[1], 6, teacher)
    for layer in linear_layers(student):
        fan_in = math.prod(layer.kernel.shape[:-1])
        for part in layer.get_weights():
            assert np.abs(part).max() <= 1 / math.sqrt(fan_in)
        assert abs(layer.kernel.numpy().std() * math.sqrt(3 * fan_in) - 1) < 0.25
    assert not np.array_equal(
        *(layer.bias.numpy()[:7] for layer in linear_layers(student)[:2])
    )


def test_models_are_functions_of_their_seed(shapes: tuple[Any, Any]) -> None:
    from tfluck.networks import build_student, build_teacher

    def weights(seed: int) -> list[np.ndarray]:
        teacher = build_teacher(shapes[0], seed)
        return (
            teacher.get_weights()
            + build_student(shapes[1], seed, teacher).get_weights()
        )

    for ours, again, other in zip(weights(1), weights(1), weights(2), strict=True):
        np.testing.assert_array_equal(ours, again)
        assert not np.array_equal(ours, other)


@pytest.mark.parametrize("init", ["default", "perturb:0.3", "same-sign"])
def test_a_student_that_starts_again_is_a_new_one(
    shapes: tuple[Any, Any], init: str
) -> None:
    """Of another seed, with whatever BatchNorm has learned forgotten."""
    from tfluck.networks import build_student, build_teacher, restart_student

    network = replace(shapes[1], batch_norm="before-relu", affine=True)
    teacher = build_teacher(shapes[0], 5)
    used = build_student(network, 6, teacher, init)
    used.set_weights([array + 3 for array in used.get_weights()])
    restart_student(used, network, 7, teacher, init)
    new = build_student(network, 7, teacher, init)
    for weight, expected in zip(used.weights, new.weights, strict=True):
        np.testing.assert_array_equal(weight, expected, weight.path)


def test_every_layer_is_an_output_by_name(shapes: tuple[Any, Any]) -> None:
    from tfluck.networks import Network
    from tfluck.networks.initializers import default_start

    plain = shapes[0]
    network = Network(
        plain.arch, plain.input_shape, plain.widths, 7, "before-relu", True
    )
    model = network.build(partial(default_start, 1), "net")
    names = [layer.name for layer in model.layers]
    for index in range(2):
        order = [f"layer{index}_{part}" for part in ("linear", "batch_norm", "relu")]
        assert [name for name in names if name in order] == order
    assert [output.shape[-1] for output in model.outputs] == [*plain.widths, 7]


def test_an_unperturbed_student_computes_its_teacher(shapes: tuple[Any, Any]) -> None:
    from tfluck.networks import build_student, build_teacher

    teacher = build_teacher(shapes[0], 5)
    student = build_student(shapes[1], 6, teacher, "perturb:0")
    x = np.random.default_rng(0).normal(0, 10, (20, *shapes[0].input_shape))
    np.testing.assert_allclose(student(x)[-1], teacher(x)[-1], rtol=1e-4, atol=1e-4)


def test_same_direction_keeps_the_students_norm_and_the_teachers_direction(
    shapes: tuple[Any, Any],
) -> None:
    from tfluck.networks import build_student, build_teacher, linear_layers

    teacher = build_teacher(shapes[0], 5)
    plain = build_student(shapes[1], 6, teacher)
    turned = build_student(shapes[1], 6, teacher, "same-direction")
    signed = build_student(shapes[1], 6, teacher, "same-sign")
    layers = zip(*map(linear_layers, (teacher, plain, turned, signed)), strict=True)
    for index, group in enumerate(layers):
        t, p, d, s = (layer.kernel.numpy() for layer in group)
        nodes = t.shape[-1]
        np.testing.assert_array_equal(p[..., nodes:], d[..., nodes:])
        own, new = (k[..., :nodes].reshape(-1, nodes) for k in (p, d))
        np.testing.assert_allclose(
            np.linalg.norm(new, axis=0), np.linalg.norm(own, axis=0), rtol=1e-5
        )
        np.testing.assert_allclose(np.abs(s), np.abs(p))
        if index == 0:
            unit = t.reshape(-1, nodes) / np.linalg.norm(t.reshape(-1, nodes), axis=0)
            np.testing.assert_allclose(
                (new * unit).sum(0), np.linalg.norm(new, axis=0), rtol=1e-5
            )
            assert np.all((np.sign(s[..., :nodes]) == np.sign(t)) | (t == 0))


def test_a_bias_shift_silences_nodes(tf: Any) -> None:
    from tfluck.networks import Network, build_teacher

    network = Network("fc", (20,), (30, 30), 5)
    x = np.random.default_rng(0).normal(0, 10, (2000, 20))
    active = [
        float(np.mean(build_teacher(network, 1, bias_shift=shift)(x)[0] > 0))
        for shift in (0.0, -10.0, -20.0)
    ]
    assert active[0] > 0.45 and active[0] > active[1] > active[2]


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("shape", [(40, 4), (8, 5, 4), (4, 5, 2, 4)])
def test_batch_norm_against_its_formula(
    shape: tuple[int, ...], affine: bool, tf: Any
) -> None:
    """In float64; its gradients are ∂/∂x, ∂/∂γ and ∂/∂β of Σ c·y."""
    from tfluck.networks import BatchNorm

    rng = np.random.default_rng(1)
    x, c = rng.normal(3, 2, (2, *shape)).astype(np.float32)
    layer = BatchNorm(affine)
    layer.build(shape)
    gamma, beta = rng.normal(1, 0.5, (2, 4)).astype(np.float32)
    if affine:
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
    else:
        gamma, beta = np.ones(4), np.zeros(4)
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = layer(inputs, training=True)
    asked = [inputs, *layer.trainable_variables]
    gradients = tape.gradient(y, asked, output_gradients=tf.constant(c))

    flat, slopes = (a.reshape(-1, 4).astype(np.float64) for a in (x, c))
    scale = 1 / np.sqrt(flat.var(0) + 1e-5)
    unit = (flat - flat.mean(0)) * scale
    np.testing.assert_allclose(y.numpy().reshape(-1, 4), gamma * unit + beta, atol=1e-5)
    np.testing.assert_allclose(layer.running_mean, 0.1 * flat.mean(0), rtol=1e-5)
    unbiased = flat.var(0, ddof=1)
    np.testing.assert_allclose(layer.running_variance, 0.9 + 0.1 * unbiased, rtol=1e-5)
    along = slopes - slopes.mean(0) - unit * (slopes * unit).mean(0)
    expected = [gamma * scale * along, (slopes * unit).sum(0), slopes.sum(0)]
    for found, exact in zip(gradients, expected, strict=False):
        np.testing.assert_allclose(
            found.numpy().reshape(exact.shape), exact, rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("jit", [False, True])
def test_batch_norm_of_images_is_that_of_their_positions(jit: bool, tf: Any) -> None:
    """Images take TensorFlow's own operation, rows take sums: one layer all the same."""
    from tfluck.networks import BatchNorm

    images = np.random.default_rng(2).normal(1, 3, (6, 5, 4, 3)).astype(np.float32)
    found = []
    for x in (images, images.reshape(-1, 3)):
        layer = BatchNorm()
        layer.build(x.shape)
        apply = tf.function(partial(layer, training=True), jit_compile=jit)
        y = apply(tf.constant(x)).numpy().reshape(-1, 3)
        found.append([y, layer.running_mean.numpy(), layer.running_variance.numpy()])
    for image, row in zip(*found, strict=True):
        np.testing.assert_allclose(image, row, rtol=1e-5, atol=1e-6)


def test_keras_itself_keeps_the_biased_variance(tf: Any) -> None:
    """Why we have a layer of our own; when this fails, we may not need it any more."""
    import keras

    x = np.random.default_rng(1).normal(3, 2, (8, 4)).astype(np.float32)
    layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * x.var(0), rtol=1e-5)


@pytest.mark.parametrize("place", ["none", "after-relu", "before-relu"])
def test_a_model_survives_keras_own_format(place: str, tmp_path: Any, tf: Any) -> None:
    import keras

    from tfluck.networks import Network
    from tfluck.networks.initializers import teacher_start

    model = Network("fc", (4,), (3, 2), 2, place, True).build(
        partial(teacher_start, 1), "net"
    )
    x = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
    model(x, training=True)
    model.save(tmp_path / "net.keras")
    back = keras.models.load_model(tmp_path / "net.keras")
    for ours, again in zip(model(x), back(x), strict=True):
        np.testing.assert_array_equal(ours, again)

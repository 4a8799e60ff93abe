"""Networks are what their formulas say, worked out in NumPy, in both modes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.reference import Net

from tfluck.architectures import ARCHITECTURES

PLACES = ("none", "after-relu", "before-relu")
#: Widths that every architecture can have.
WIDTHS = (4, 3, 4)
few = settings(max_examples=4, deadline=None)


def build(
    arch: str, place: str, affine: bool, seed: int
) -> tuple[Any, Any, np.ndarray]:
    """Return a Keras model in float64, the same in NumPy, and inputs."""
    from tfluck.networks import Network
    from tfluck.networks.initializers import default_start

    draw = np.random.default_rng(seed)
    images = ARCHITECTURES[arch].images
    shape = (9, 8, 2) if images else (5,)
    network = Network(arch, shape, WIDTHS, 3, place, affine)
    model = network.build(
        lambda name, n: default_start(seed, name, n), "net", "float64"
    )
    for variable in model.variables:
        kept = "variance" in variable.path or "gamma" in variable.path
        low = 0.5 if kept else -0.5
        variable.assign(draw.uniform(low, low + 1, variable.shape))
    arrays = {v.path: np.asarray(v.numpy()) for v in model.variables}
    return model, Net(arrays, len(WIDTHS), place, arch), draw.normal(size=(6, *shape))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("arch", sorted(ARCHITECTURES))
@given(st.booleans(), st.integers(0, 10**6))
@few
def test_a_network_computes_its_formula(
    tf: Any, arch: str, place: str, affine: bool, seed: int
) -> None:
    model, reference, x = build(arch, place, affine, seed)
    for training in (False, True):
        theirs = model(x, training=training)
        for one, other in zip(theirs, reference(x, training), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)
    for variable in model.variables:
        np.testing.assert_allclose(
            variable.numpy(), reference.arrays[variable.path], rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("arch", sorted(ARCHITECTURES))
def test_its_gradients_are_those_worked_out_by_hand(
    tf: Any, arch: str, place: str
) -> None:
    model, reference, x = build(arch, place, True, 3)
    pull = np.random.default_rng(4).normal(size=(len(x), 3))
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(model(x, training=True)[-1] * pull)
    variables = model.trainable_variables
    found = tape.gradient(value, [variable.value for variable in variables])
    reference(x, training=True)
    expected = reference.gradients(pull)
    assert set(expected) == {variable.path for variable in variables}
    for variable, gradient in zip(variables, found, strict=True):
        np.testing.assert_allclose(
            gradient,
            expected[variable.path],
            rtol=1e-8,
            atol=1e-9,
            err_msg=variable.path,
        )

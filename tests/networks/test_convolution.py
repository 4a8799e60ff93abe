"""Our convolution is Keras' own, and so are its gradients."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

WIDE = (64, 72)


def both(
    padding: str, channels: tuple[int, int], dtype: str, batch: int = 3
) -> tuple[Any, Any, Any, Any]:
    """Ours, Keras', and two images of the shapes of what goes in and comes out."""
    import keras
    import tensorflow as tf

    from tfluck.networks.convolution import Conv2D

    draw = np.random.default_rng(0)
    kernel = draw.standard_normal((3, 3, *channels)) / np.sqrt(9 * channels[0])
    layers = []
    for kind in (Conv2D, keras.layers.Conv2D):
        layer = kind(channels[1], 3, padding=padding, dtype=dtype)
        layer.build((None, 7, 6, channels[0]))
        layer.set_weights([kernel, draw.standard_normal(channels[1])])
        layers.append(layer)
    layers[1].set_weights(layers[0].get_weights())
    x = tf.constant(draw.standard_normal((batch, 7, 6, channels[0])), dtype)
    g = tf.constant(draw.standard_normal(layers[0](x).shape), dtype)
    return *layers, x, g


def gradients(layer: Any, x: Any, g: Any) -> Sequence[Any]:
    import tensorflow as tf

    @tf.function(autograph=False)
    def found(x: Any, g: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        weights = [variable.value for variable in layer.trainable_variables]
        return y, *tape.gradient(y, [x, *weights], output_gradients=g)

    return [np.asarray(value) for value in found(x, g)]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("channels", [WIDE, (3, 5)])
def test_in_float64_it_is_keras_own(
    tf: Any, padding: str, channels: tuple[int, int]
) -> None:
    ours, theirs, x, g = both(padding, channels, "float64")
    for mine, expected in zip(
        gradients(ours, x, g), gradients(theirs, x, g), strict=True
    ):
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_in_float32_it_is_as_exact_as_a_sum_can_be(tf: Any, padding: str) -> None:
    exact = gradients(*both(padding, WIDE, "float64")[1:])
    ours, _, x, g = both(padding, WIDE, "float32")
    for mine, expected in zip(gradients(ours, x, g), exact, strict=True):
        error = np.sqrt(np.mean((mine - expected) ** 2) / np.mean(expected**2))
        assert error < 4 * np.finfo(np.float32).eps


def test_second_derivatives_pass_through(tf: Any) -> None:
    """d/dx of |∂L/∂x|² for L = Σ g y²: what products with a Hessian are made of."""
    ours, theirs, x, g = both("valid", WIDE, "float64")

    def second(layer: Any) -> Any:
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = tf.reduce_sum(g * layer(x) ** 2)
            first = inner.gradient(loss, [x, layer.kernel.value])
            size = sum(tf.reduce_sum(each**2) for each in first)
        return outer.gradient(size, x).numpy()

    expected = second(theirs)
    np.testing.assert_allclose(
        second(ours), expected, rtol=0, atol=1e-11 * abs(expected).max()
    )


def test_a_wide_one_computes_its_gradient_by_convolving(
    tf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would be right and slow; a GPU's library knows better."""

    def operations(channels: tuple[int, int]) -> set[str]:
        ours, _, x, g = both("valid", channels, "float32")

        @tf.function(autograph=False)
        def back(x: Any, g: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = ours(x)
            return tape.gradient(y, x, output_gradients=g)

        return {
            each.type
            for each in back.get_concrete_function(x, g).graph.get_operations()
        }

    assert "Conv2DBackpropInput" not in operations(WIDE)
    assert "Conv2DBackpropInput" in operations((3, 72))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    assert "Conv2DBackpropInput" in operations(WIDE)

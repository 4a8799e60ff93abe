"""Pre-activations of a chain of convolutions, against the network itself."""

import numpy as np
import pytest

from tfluck.foundations.errors import BadInput
from tfluck.weightfiles import TensorFile
from tfluck.zoo.effective_bias import conv_moments, fill_convolutions


@pytest.fixture(scope="module")
def chain():
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    import keras

    def build(activation):
        return keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                keras.layers.Conv2D(4, 3, activation=activation, name="conv_a"),
                keras.layers.MaxPooling2D(name="pool"),
                keras.layers.Conv2D(
                    5, 2, activation=activation, use_bias=False, name="conv_b"
                ),
            ]
        )

    return build


def tensors(model, *wrap):
    """Name the tensors as Keras files do, the last part being a matter of age."""
    values = {
        "/".join([layer.name, *wrap, str(index)]): value
        for layer in model.layers
        for index, value in enumerate(layer.get_weights())
    }
    shapes = {key: value.shape for key, value in values.items()}
    return TensorFile("test", shapes, values.__getitem__)


def test_moments_are_those_of_what_each_relu_receives(chain):
    import keras

    model = chain("relu")
    images = np.random.default_rng(5).normal(1, 2, (7, 8, 8, 3)).astype("f4")
    linear = chain("linear")
    linear.set_weights(model.get_weights())
    first = linear.get_layer("conv_a")(images)
    pooled = keras.layers.MaxPooling2D()(keras.ops.relu(first))
    second = linear.get_layer("conv_b")(pooled)
    for batch in (2, 7):
        found = conv_moments(model, images, batch)
        assert [name for name, *_ in found] == ["conv_a", "conv_b"]
        for (_, mean, std), before in zip(found, (first, second), strict=True):
            values = keras.ops.convert_to_numpy(before).reshape(-1, before.shape[-1])
            np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(std, values.std(axis=0), rtol=1e-4)


@pytest.mark.parametrize("wrap", [(), ("conv_a_W_1",)])
def test_convolutions_are_filled_by_name(wrap, chain):
    source, target = chain("relu"), chain("relu")
    fill_convolutions(target, tensors(source, *wrap))
    for there, here in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(there, here)


def test_a_missing_kernel_is_refused(chain):
    with pytest.raises(BadInput, match="conv_a"):
        fill_convolutions(chain("relu"), TensorFile("test", {}, {}.__getitem__))

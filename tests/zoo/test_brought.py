"""Models from files: their hidden layers are found; what we fold is a chain.

How a file is read, and what is refused, is in `test_rebuilding.py`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfluck.foundations.errors import BadInput


@pytest.fixture
def saved(tf: Any, tmp_path: Path) -> Path:
    import keras

    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(4, 3, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(6, 3, activation="relu"),
        keras.layers.Dropout(0.1),
        keras.layers.Flatten(),
        keras.layers.Dense(5),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", "mse")
    path = tmp_path / "model.keras"
    model.save(path)
    return path


def test_a_file_comes_back_and_its_hidden_layers_are_found(saved: Path) -> None:
    from tfluck.zoo.brought import hidden_layers, load_keras

    hidden = hidden_layers(load_keras(saved))
    shapes = [tuple(output.shape[1:]) for output in hidden.outputs]
    assert shapes == [(6, 6, 4), (1, 1, 6)]
    first = hidden(np.random.default_rng(0).normal(size=(3, 8, 8, 1)))[0]
    assert np.asarray(first).min() == 0, "watched behind the ReLU"


def test_our_own_batch_norm_comes_back(tf: Any, tmp_path: Path) -> None:
    from tfluck.networks import Network
    from tfluck.zoo.brought import hidden_layers, load_keras

    shape = Network("fc", (4,), (3, 5), 2, "before-relu", affine=True)
    model = shape.build(lambda name, fan_in: {}, "ours")
    model.save(tmp_path / "ours.keras")
    back = load_keras(tmp_path / "ours.keras")
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    for one, other in zip(back(x), model(x), strict=True):
        np.testing.assert_array_equal(one, other)
    assert hidden_layers(back).output_names == ["layer0_relu", "layer1_relu"]


def test_keras_own_layers_fold_too(tf: Any) -> None:
    import keras

    from tfluck.networks.folding import relu_net

    layers = [
        keras.Input((6, 6, 2)),
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.BatchNormalization(scale=False),
        keras.layers.Conv2D(3, (2, 1), use_bias=False),
        keras.layers.BatchNormalization(center=False),
        keras.layers.Activation("relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dense(5),
    ]
    model = keras.Sequential(layers)
    draw = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(np.abs(draw.normal(size=variable.shape)) + 0.1)
    x = draw.normal(size=(4, 6, 6, 2))
    output = relu_net(model).activations(x)[-1]
    np.testing.assert_allclose(output, model(x), rtol=1e-4)


def test_what_is_no_chain_is_refused(tf: Any) -> None:
    import keras

    from tfluck.networks.folding import relu_net

    dense, norm = keras.layers.Dense, keras.layers.BatchNormalization
    image = keras.Input((6, 6, 2))
    vector = keras.Input((4,))
    for layers in (
        [image, keras.layers.Conv2D(3, 3, padding="same", activation="relu"), dense(2)],
        [image, keras.layers.Conv2D(3, 3, strides=2, activation="relu"), dense(2)],
        [vector, dense(3, activation="tanh"), dense(2)],
        [vector, dense(3), dense(2)],
        [vector, dense(3, activation="relu")],
        [vector, dense(3), keras.layers.ReLU(max_value=6), dense(2)],
        [vector, norm(), dense(3, activation="relu"), dense(2)],
        [vector, keras.layers.ReLU(), dense(2)],
        [image, keras.layers.MaxPooling2D(), keras.layers.Flatten(), dense(2)],
    ):
        with pytest.raises(BadInput):
            relu_net(keras.Sequential(layers))

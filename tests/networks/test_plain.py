"""A cut network in plain Keras computes what the masked one did."""

from pathlib import Path
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
    ("cnn", (7, 7, 1), "none"),
]
KEPT = [np.array([0, 2, 5]), np.array([1, 4]), np.array([3, 4])]


def random_weights(model: Any) -> Any:
    """Give a model weights and BatchNorm statistics of size 1."""
    draw = np.random.default_rng(0)
    model.set_weights(
        [
            0.1 + draw.random(w.shape) ** 2 - 0.4 * (w.ndim > 1)
            for w in model.get_weights()
        ]
    )
    return model


@pytest.mark.parametrize(("dtype", "within"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[2]}")
def test_it_computes_what_the_masked_network_does(
    tf: Any, case: tuple[Any, ...], dtype: str, within: float
) -> None:
    from tfluck.analysis.removal import without
    from tfluck.networks import Network
    from tfluck.networks.folding import relu_net
    from tfluck.networks.plain import plain
    from tfluck.networks.pruning import cut

    arch, shape, place = case
    network = Network(arch, shape, (6, 5, 6), 4, place, affine=place != "none")
    model = random_weights(network.build(lambda name, fan_in: {}, "net", dtype=dtype))
    x = np.random.default_rng(1).standard_normal((5, *shape))
    # tests/analysis holds this to masks, to 1e-12.
    wanted = without(relu_net(model), KEPT).activations(x)[-1]
    found = plain(model, KEPT)(x.astype(dtype)).numpy()
    assert np.abs(found - wanted).max() <= within * max(1, np.abs(wanted).max())
    if dtype == "float32":
        ours = cut(network, model, KEPT, constants=True)[1](x.astype("f"))[-1].numpy()
        assert np.abs(ours - wanted).max() <= within * max(1, np.abs(wanted).max())


def keras_model(*, norm_first: bool = True, padding: str = "valid") -> Any:
    """A convolution with BatchNorm, two dense layers with dropout, and a softmax."""
    import keras

    layers = keras.layers
    norm, relu = layers.BatchNormalization(scale=False), layers.ReLU()
    return random_weights(
        keras.Sequential(
            [
                keras.Input((6, 6, 2)),
                layers.Conv2D(4, 3, padding="same", use_bias=False),
                *((norm, relu) if norm_first else (relu, norm)),
                layers.Conv2D(5, 3, padding=padding, activation="relu"),
                layers.Flatten(),
                layers.Dropout(0.5),
                layers.Dense(6, activation="relu"),
                layers.Dense(3, activation="softmax"),
            ]
        )
    )


def test_a_user_s_model_is_cut_saved_and_read_by_keras_alone(
    tf: Any, tmp_path: Path
) -> None:
    import keras

    from tfluck.analysis.removal import without
    from tfluck.networks.folding import relu_net
    from tfluck.networks.plain import plain

    model = keras_model(norm_first=False)
    kept = [np.array([1, 3]), np.array([0, 1, 4]), np.array([2])]
    x = np.random.default_rng(1).standard_normal((5, 6, 6, 2)).astype("f")
    path = tmp_path / "smaller.keras"
    plain(model, kept).save(path)
    found = keras.models.load_model(path)
    assert all(type(layer).__module__.startswith("keras.") for layer in found.layers)
    net = without(relu_net(plain(model, ending=False)), kept)
    wanted = keras.ops.softmax(net.activations(x.astype(np.float64))[-1]).numpy()
    np.testing.assert_allclose(found(x).numpy(), wanted, atol=1e-6)
    np.testing.assert_allclose(plain(model)(x), model(x), atol=1e-6)


def test_at_a_padded_border_no_bias_can_stand_for_a_constant(tf: Any) -> None:
    from tfluck.networks.plain import plain

    kept = [np.array([1, 3]), np.arange(5), np.arange(6)]
    with pytest.raises(BadInput, match="zeros in its place at the border"):
        plain(keras_model(norm_first=False, padding="same"), kept)
    # BatchNorm in front of ReLU leaves nothing behind.
    plain(keras_model(norm_first=True, padding="same"), kept)
    everything = [np.arange(4), np.arange(5), np.arange(6)]
    plain(keras_model(norm_first=False, padding="same"), everything)


def test_branches_and_shared_layers_get_a_sentence(tf: Any) -> None:
    import keras

    from tfluck.networks.plain import plain

    layers = keras.layers
    x = keras.Input((4,))
    shared = layers.Dense(4, activation="relu")
    twice = keras.Model(x, layers.Dense(2)(shared(shared(x))))
    with pytest.raises(BadInput, match=r"read in two places.*shared layers"):
        plain(twice)
    one = layers.Dense(4, activation="relu")(x)
    branch = keras.Model(x, layers.Dense(2)(layers.Add()([one, x])))
    with pytest.raises(BadInput, match=r"not read just the layer before.*branches"):
        plain(branch)
    pooled = keras.Sequential([keras.Input((4, 4, 1)), layers.MaxPooling2D()])
    with pytest.raises(BadInput, match=r"\(MaxPooling2D\) is not among"):
        plain(pooled)

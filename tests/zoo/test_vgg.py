"""VGG with BatchNorm as Keras models: the published sizes, and a faithful filling."""

import numpy as np
import pytest

from tfluck.foundations.errors import BadInput
from tfluck.weightfiles import batch_norms, open_tensors
from tfluck.zoo.norm_layers import (
    batch_norms_of,
    fill_batch_norms,
    shifted_batch_norms,
)
from tfluck.zoo.vgg import VGG_BN, recognise, torch_batch_norms, vgg_bn

#: Name → (BatchNorm channels, trainable parameters of the published network).
PUBLISHED = {
    "vgg11_bn": (2752, 132_868_840),
    "vgg13_bn": (2944, 133_053_736),
    "vgg16_bn": (4224, 138_365_992),
    "vgg19_bn": (5504, 143_678_248),
}
TOP = 25088 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000


@pytest.fixture(autouse=True)
def tensorflow():
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()


@pytest.mark.parametrize("name", VGG_BN)
def test_sizes_are_the_published_ones(name):
    model = vgg_bn(name, include_top=False)
    channels, parameters = PUBLISHED[name]
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable + TOP == parameters
    assert sum(layer.beta.shape[0] for layer in shifted_batch_norms(model)) == channels
    assert sum(torch_batch_norms(name).values()) == channels
    assert model.output_shape == (None, 7, 7, 512)


def test_top_of_a_small_network():
    model = vgg_bn("vgg11_bn", input_shape=(32, 32, 3), classes=10)
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("f4")
    assert model(images).shape == (2, 10)


def test_weights_are_a_function_of_the_seed():
    draws = [
        vgg_bn("vgg11_bn", include_top=False, seed=seed)
        .get_layer("conv3")
        .get_weights()
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(draws[0][0], draws[1][0])
    assert np.abs(draws[0][0] - draws[2][0]).max() > 0.01


@pytest.mark.parametrize("name", ["vgg11_bn", "vgg16_bn"])
def test_a_filled_model_holds_the_file_and_gates_every_layer(
    name, layout, write_vgg, norms
):
    model = vgg_bn(name, include_top=False)
    before = model.get_layer("conv2").get_weights()[0]
    with open_tensors(str(write_vgg(name, layout))) as file:
        assert recognise(file) == name
        fill_batch_norms(model, batch_norms(file))
    values = norms(name)
    layers = batch_norms_of(model)
    assert len(layers) == len(torch_batch_norms(name))
    for index, (layer, key) in enumerate(
        zip(layers, torch_batch_norms(name), strict=True)
    ):
        assert layer.name == f"bn{index}"
        assert layer.role.order == "bn-relu"
        np.testing.assert_array_equal(layer.shift, values[f"{key}.bias"])
        np.testing.assert_array_equal(layer.scale, values[f"{key}.weight"])
        np.testing.assert_array_equal(layer.mean, values[f"{key}.running_mean"])
        np.testing.assert_array_equal(layer.variance, values[f"{key}.running_var"])
    np.testing.assert_array_equal(model.get_layer("conv2").get_weights()[0], before)


def test_a_filled_layer_computes_what_pytorch_computes(write_vgg, norms):
    model = vgg_bn("vgg11_bn", include_top=False)
    with open_tensors(str(write_vgg("vgg11_bn", "zip"))) as file:
        fill_batch_norms(model, batch_norms(file))
    values = norms("vgg11_bn")
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 64)).astype("f4")
    root = np.sqrt(values["features.1.running_var"] + 1e-5)
    centred = (x - values["features.1.running_mean"]) / root
    expected = centred * values["features.1.weight"] + values["features.1.bias"]
    found = model.get_layer("bn0")(x, training=False)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def rename(values, old, new):
    return {key.replace(old, new): value for key, value in values.items()}


def test_recognition_needs_every_layer_and_none_besides(write_tensors, norms):
    values = norms("vgg11_bn")
    for changed, name in [
        (values, "vgg11_bn"),
        (rename(values, "features", "module.features"), "vgg11_bn"),
        (rename(values, "features.5.", "features.6."), None),
        ({k: v for k, v in values.items() if "features.1." not in k}, None),
        (values | rename(values, "features.1.", "extra."), None),
    ]:
        with open_tensors(str(write_tensors("safetensors", changed))) as file:
            assert recognise(file) == name


def test_what_does_not_fit_is_refused(write_vgg):
    with open_tensors(str(write_vgg("vgg16_bn", "safetensors"))) as file:
        layers = batch_norms(file)
    with pytest.raises(BadInput, match="has 8 BatchNorm layers, the file 13"):
        fill_batch_norms(vgg_bn("vgg11_bn", include_top=False), layers)
    with pytest.raises(BadInput, match="does not fit"):
        fill_batch_norms(vgg_bn("vgg16_bn", include_top=False), layers[::-1])
    with pytest.raises(BadInput, match="vgg99"):
        vgg_bn("vgg99_bn")

"""Where published weights lie, against Keras' own code; names people may ask for."""

import numpy as np
import pytest

from tfluck.foundations.errors import BadInput
from tfluck.zoo.addresses import (
    PUBLISHED,
    at_hand,
    how_to_bring,
    network_name,
    network_names,
    sources,
)
from tfluck.zoo.applications import (
    APPLICATIONS,
    LAYER_NORM,
    PLAIN,
    downloaded,
    kept_name,
    without_top,
)
from tfluck.zoo.norm_layers import shifted_batch_norms
from tfluck.zoo.pretrained import read_network
from tfluck.zoo.vgg import VGG_BN


class Asked(Exception):
    """Keras asked for a file."""


@pytest.fixture
def keras():
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    import keras

    return keras


def test_every_network_of_keras_applications_is_known(keras):
    there = {
        name
        for name in dir(keras.applications)
        if callable(getattr(keras.applications, name)) and name[0].isupper()
    }
    assert there == {*APPLICATIONS, *LAYER_NORM}


SMALL = ("VGG16", "MobileNet", "MobileNetV2", "MobileNetV3Small", "EfficientNetB0")


@pytest.mark.parametrize(
    "name",
    [
        n if n in SMALL else pytest.param(n, marks=pytest.mark.slow)
        for n in APPLICATIONS
    ],
)
@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")
@pytest.mark.parametrize("top", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_addresses_are_those_keras_would_ask(name, top, keras, monkeypatch):
    def get_file(fname=None, origin=None, **_):
        raise Asked(fname, origin)

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    with pytest.raises(Asked) as asked:
        getattr(keras.applications, name)(weights="imagenet", include_top=top)
    url = APPLICATIONS[name] if top else without_top(APPLICATIONS[name])
    assert asked.value.args == (kept_name(url), url)


def test_names_are_found_whatever_their_capitals():
    for name in network_names():
        assert network_name(name.upper()) == name
    for unknown in ("vgg16bn", "", "all"):
        with pytest.raises(BadInput, match="expected one of"):
            network_name(unknown)
    for name in LAYER_NORM:
        with pytest.raises(BadInput, match="LayerNorm"):
            network_name(name)


def test_files_on_this_disk_come_first(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert at_hand() == list(VGG_BN)
    assert all(downloaded(name) is None for name in APPLICATIONS)
    for name in VGG_BN:
        assert list(sources(name)) == list(PUBLISHED[name])
    resnet = tmp_path / "models" / kept_name(without_top(APPLICATIONS["ResNet50"]))
    plain = tmp_path / "models" / kept_name(APPLICATIONS[PLAIN[0]])
    vgg = tmp_path / "hub" / "checkpoints" / PUBLISHED["vgg13_bn"][0].rsplit("/", 1)[1]
    for path in (resnet, plain, vgg):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert next(sources("ResNet50")) == str(resnet)
    assert next(sources("vgg13_bn")) == str(vgg)
    assert at_hand() == [*VGG_BN, "ResNet50"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_to_bring_names_the_hash_of_the_file(name):
    digits = PUBLISHED[name][0][-12:-4]
    assert int(digits, 16) and digits in how_to_bring(name)
    assert f"--model {name} --weights FILE" in how_to_bring(name)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't")
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
@pytest.mark.parametrize(
    ("name", "relus", "others"),
    [("MobileNet", 27, 0), pytest.param("ResNet50", 33, 20, marks=pytest.mark.slow)],
)
def test_a_keras_network_is_read_without_its_convolutions(
    name, relus, others, keras, server, tmp_path, monkeypatch
):
    """F6 beyond VGG: the file Keras would download, of which a part travels."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    build = getattr(keras.applications, name)
    model = build(weights=None, include_top=False, input_shape=(224, 224, 3))
    draw = np.random.default_rng(11)
    norms = shifted_batch_norms(model)
    for layer in norms:
        shape = layer.beta.shape
        layer.set_weights([draw.normal(size=shape) ** 2 for _ in layer.get_weights()])
        layer.beta.assign(draw.normal(-0.2, 1, shape))
    path = tmp_path / "network.h5"
    model.save(path)
    monkeypatch.setitem(APPLICATIONS, name, server.url(path))
    reading = read_network(name)
    orders = [layer.order for layer in reading.network.layers]
    assert (orders.count("bn-relu"), orders.count("other")) == (relus, others)
    for (label, biases), layer in zip(reading.biases, norms, strict=True):
        assert label == layer.name
        np.testing.assert_allclose(biases, layer.get_weights()[1], rtol=1e-7)
    assert server.sent < path.stat().st_size / 4

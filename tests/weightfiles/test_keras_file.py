"""Keras files of every age as data: exact numbers, no links out, no bombs."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from tfluck.weightfiles import Refused, batch_norms, open_tensors
from tfluck.weightfiles import keras_file as module
from tfluck.weightfiles.opening import read_here

# Keras saves TensorFlow variables in a way NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't")


@pytest.fixture(scope="module")
def model():
    """Conv-BN-ReLU, a BatchNorm without scale in a nested model, one behind a ReLU."""
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    import keras

    inner_in = keras.Input((6, 6, 4))
    inner_out = keras.layers.BatchNormalization(scale=False, name="deep")(inner_in)
    inner = keras.Model(inner_in, keras.layers.ReLU()(inner_out), name="inner")
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="norm_10")(x)
    x = inner(keras.layers.Activation("relu")(x))
    x = keras.layers.Conv2D(5, 1, activation="relu")(x)
    x = keras.layers.BatchNormalization(name="norm_2")(x)
    x = keras.layers.BatchNormalization(center=False, name="no_bias")(x)
    model = keras.Model(inputs, x)
    draw = np.random.default_rng(3)
    for weight in model.weights:
        weight.assign(draw.uniform(0.1, 1, weight.shape))
    return model


def expected(model):
    inner = model.get_layer("inner").get_layer("deep")
    return [model.get_layer("norm_10"), inner, model.get_layer("norm_2")]


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_batch_norms_of_a_saved_model(suffix, model, tmp_path):
    path = tmp_path / f"model.{suffix}"
    model.save(path)
    with open_tensors(str(path)) as file:
        layers = batch_norms(file)
    assert [layer.name for layer in layers] == ["norm_10", "deep", "norm_2"]
    assert [layer.role.order for layer in layers] == ["bn-relu", "bn-relu", "relu-bn"]
    for layer, keras_layer in zip(layers, expected(model), strict=True):
        there = [layer.scale, layer.shift, layer.mean, layer.variance]
        there = [vector for vector in there if vector is not None]
        for vector, weight in zip(there, keras_layer.get_weights(), strict=True):
            np.testing.assert_array_equal(vector, weight)
    assert [layer.scale is None for layer in layers] == [False, True, False]


def test_weights_alone_do_not_tell_the_role(model, tmp_path):
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    with open_tensors(str(path)) as file:
        layers = batch_norms(file)
    # Three vectors without a description may be anything, so "deep" is left out.
    assert [layer.name for layer in layers] == ["norm_10", "norm_2"]
    assert {layer.role.consumer for layer in layers} == {"unknown"}


def write_h5(path, **datasets):
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights/bn/bn")
        for name in ("beta:0", "gamma:0", "moving_mean:0", "moving_variance:0"):
            group[name] = np.ones(3, "f4")
        for name, make in datasets.items():
            del group[f"{name}:0"]
            make(group, f"{name}:0")
    return path


def vds(group, name):
    layout = h5py.VirtualLayout(shape=(3,), dtype="f4")
    layout[:] = h5py.VirtualSource("secret.h5", "secret", shape=(3,))
    group.create_virtual_dataset(name, layout)


def link_out(group, name):
    group[name] = h5py.ExternalLink("secret.h5", "/secret")


def outside(group, name):
    group.create_dataset(name, (3,), "f4", external=[("secret.bin", 0, 12)])


def giant(group, name):
    group.create_dataset(name, (2**40,), "f4", chunks=(1024,))


def wide(group, name):
    group.create_dataset(name, (2**19, 2**19), "f4", chunks=(64, 64))


def hollow(group, name):
    group.create_dataset(name, (2**25,), "f4", chunks=(1024,), compression="gzip")


def words(group, name):
    group[name] = [b"a", b"b", b"c"]


@pytest.mark.parametrize("trap", [vds, link_out, outside, giant, wide, hollow, words])
def test_a_tensor_that_is_none_is_refused(trap, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["secret"] = np.full(3, 42, "f4")
    (tmp_path / "secret.bin").write_bytes(b"\0" * 12)
    path = str(write_h5(tmp_path / "a.h5", beta=trap))
    with open_tensors(path) as file, pytest.raises(Refused):
        batch_norms(file)


@pytest.mark.parametrize("trap", [vds, outside])
def test_what_lies_outside_the_file_is_refused_for_that(trap, tmp_path):
    """Not because it looks empty, which other versions of HDF5 may see otherwise."""
    path = str(write_h5(tmp_path / "a.h5", beta=trap))
    with open_tensors(path) as file, pytest.raises(Refused, match="outside the file"):
        batch_norms(file)


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_what_was_never_written_is_not_filled_with_zeros(compression):
    """64 MiB claimed, none there: HDF5 would fill them in."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset(
            "a", (2**24,), "f4", chunks=(4096,), compression=compression
        )
        file.create_dataset("b", data=np.zeros(10**5, "f4"), compression=compression)
    buffer.seek(0)
    file = read_here(buffer, by_path=True)
    assert not file.read("b").any()
    with pytest.raises(Refused, match="not there"):
        file.read("a")


def test_weights_root_outside_the_file_is_not_followed(tmp_path):
    write_h5(tmp_path / "secret.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["model_weights"] = h5py.ExternalLink("secret.h5", "/model_weights")
    with open_tensors(str(tmp_path / "a.h5")) as file:
        assert not file.shapes


def test_group_that_holds_itself_ends(tmp_path):
    path = write_h5(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file["model_weights/bn/again"] = file["model_weights"]
    with open_tensors(str(path)) as file:
        assert len(batch_norms(file)) == 1


def test_truncated_h5_is_refused(tmp_path):
    raw = write_h5(tmp_path / "a.h5").read_bytes()
    for length in range(8, len(raw) - 1, 97):
        stream = io.BytesIO(raw[:length])
        with pytest.raises(Refused), read_here(stream, by_path=False) as file:
            batch_norms(file)


@pytest.mark.parametrize("config", ["{", "[]", '{"a":' * 100_000, 7])
def test_description_that_is_none_is_refused(config, tmp_path):
    path = write_h5(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = config
    with pytest.raises(Refused):
        open_tensors(str(path))


def archive(**members):
    """Make a .keras archive in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, raw in members.items():
            file.writestr(name.replace("__", "."), raw)
    buffer.seek(0)
    return buffer


def test_archive_without_weights_is_refused():
    with pytest.raises(Refused, match=r"no model\.weights\.h5"):
        read_here(archive(config__json="{}"), by_path=False)


def test_archive_that_unpacks_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_CONFIG_BYTES", 10_000)
    bomb = json.dumps({"a": "0" * 10_000_000})
    with pytest.raises(Refused, match="unpacks to more"):
        read_here(archive(config__json=bomb), by_path=False)


def test_damaged_archive_is_refused():
    raw = bytearray(archive(config__json=json.dumps({"a": list(range(99))})).getvalue())
    raw[60] ^= 0xFF
    with pytest.raises(Refused):
        read_here(io.BytesIO(bytes(raw)), by_path=False)

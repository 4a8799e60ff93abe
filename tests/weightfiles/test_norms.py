"""BatchNorm layers by the names of their vectors, and how a look at them is kept."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.foundations.files import write_arrays
from tfluck.weightfiles import Refused, Role, batch_norms
from tfluck.weightfiles.cache import cache_folder, keep, kept, kept_path
from tfluck.weightfiles.norms import NormLayer
from tfluck.weightfiles.tensors import TensorFile


def file_of(values, config=None):
    read = []

    def one(name):
        read.append(name)
        return np.asarray(values[name])

    shapes = {name: np.shape(value) for name, value in values.items()}
    return TensorFile("test", shapes, one, config or {}), read


TORCH = {
    "running_mean": [1.0, 2],
    "weight": [3.0, 4],
    "bias": [5.0, 6],
    "running_var": [7.0, 0],
}
KERAS = dict(
    zip(
        ("moving_mean", "gamma", "beta", "moving_variance"), TORCH.values(), strict=True
    )
)


@pytest.mark.parametrize(("dot", "family"), [(".", TORCH), ("/", KERAS)])
def test_each_vector_is_what_it_is_called(dot, family):
    values = {f"a.b{dot}{name}": value for name, value in family.items()}
    file, read = file_of(values | {"conv.weight": np.zeros((9, 9))})
    (layer,) = batch_norms(file)
    assert layer.name == "a.b" and layer.role == Role()
    assert layer.mean.tolist() == [1, 2] and layer.scale.tolist() == [3, 4]
    assert layer.shift.tolist() == [5, 6] and layer.variance.tolist() == [7, 0]
    assert {v.dtype for v in (layer.mean, layer.shift)} == {np.dtype(np.float64)}
    assert sorted(read) == sorted(values), "other tensors stay unread"


def test_what_a_layer_may_lack():
    """Its scale; without a shift or a variance it is none, nor by another family's name."""
    values = {
        f"bn.{name}": TORCH[name] for name in ("running_mean", "bias", "running_var")
    }
    (layer,) = batch_norms(file_of(values)[0])
    assert layer.scale is None and layer.shift.tolist() == [5, 6]
    for lost in values:
        rest = {name: value for name, value in values.items() if name != lost}
        with pytest.raises(
            Refused, match="The test file holds no BatchNorm with a bias"
        ):
            batch_norms(file_of(rest)[0])
    mixed = {"bn/moving_mean": [1.0], "bn.bias": [1.0], "bn.running_var": [1.0]}
    with pytest.raises(Refused, match="no BatchNorm"):
        batch_norms(file_of(mixed)[0])


def test_layers_are_in_the_order_of_the_file():
    names = ["z", "a", "m.1"]
    values = {f"{name}.{part}": TORCH[part] for name in names for part in TORCH}
    assert [layer.name for layer in batch_norms(file_of(values)[0])] == names


def test_a_layer_is_known_by_its_name_in_the_networks_description():
    rows = [
        {"class_name": kind, "name": name, "config": {"name": name}}
        for kind, name in (
            ("Conv2D", "c"),
            ("BatchNormalization", "bn_1"),
            ("ReLU", "r"),
        )
    ]
    config = {"config": {"layers": rows}}
    for prefix in ("bn_1", "bn_1/bn_1", "model/bn_1", "bn_1/vars"):
        values = {f"{prefix}/{name}": value for name, value in KERAS.items()}
        (layer,) = batch_norms(file_of(values, config)[0])
        assert (layer.name, layer.role) == ("bn_1", Role("relu", "bn-relu"))
    values = {f"other/{name}": value for name, value in KERAS.items()}
    (layer,) = batch_norms(file_of(values, config)[0])
    assert (layer.name, layer.role) == ("other", Role())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"running_mean": [1.0]}, "differ in length"),
        ({"weight": [1.0, 2, 3]}, "differ in length"),
        ({"bias": [[1.0, 2]]}, r"has shape \(1, 2\); expected a vector"),
        ({"bias": [1.0, np.inf]}, "not finite"),
        ({"weight": [np.nan, 1.0]}, "not finite"),
        ({"running_var": [1.0, np.nan]}, "not finite"),
        ({"running_var": [1.0, -1e-30]}, "negative variance or none"),
    ],
)
def test_vectors_that_make_no_layer(change, reason):
    values = {f"bn.{name}": value for name, value in (TORCH | change).items()}
    with pytest.raises(Refused, match=reason):
        batch_norms(file_of(values)[0])


def test_a_layer_of_no_channels_and_one_of_too_many():
    empty = {f"bn.{name}": [] for name in TORCH}
    with pytest.raises(Refused, match="negative variance or none"):
        batch_norms(file_of(empty)[0])
    for size, fits in ((2**20, True), (2**20 + 1, False)):
        shapes = {f"bn.{name}": (size,) for name in TORCH}
        file = TensorFile("x", shapes, lambda name, n=size: np.ones(n, np.int8))
        if fits:
            assert batch_norms(file)[0].shift.size == size
        else:
            with pytest.raises(Refused, match="expected a vector"):
                batch_norms(file)


def layers(seed, scaled):
    draw = np.random.default_rng(seed)
    roles = Role("relu", "bn-relu"), Role("add+conv2d", "other")
    return tuple(
        NormLayer(
            f"é.{k}", *draw.normal(size=(1, 3 + k)), draw.normal(size=3 + k) if scaled else None,
            draw.normal(size=3 + k), draw.uniform(size=3 + k), roles[k],
        )
        for k in range(2)
    )  # fmt: skip


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_what_is_kept_is_read_again_in_single_precision(tmp_path_factory, seed, scaled):
    path = tmp_path_factory.getbasetemp() / "deep" / "x.npz"
    given = layers(seed, scaled)
    keep(path, given, {"source": "here", "etag": '"1"'})
    found, about = kept(path)
    assert about["source"] == "here" and about["etag"] == '"1"'
    for one, other in zip(found, given, strict=True):
        assert (one.name, one.role) == (other.name, other.role)
        assert (one.scale is None) == (not scaled)
        for field in ("shift", "mean", "variance", *(["scale"] if scaled else [])):
            exact = getattr(other, field).astype(np.float32)
            np.testing.assert_array_equal(getattr(one, field), exact)
            assert getattr(one, field).dtype == np.float64


def test_what_is_not_whole_is_not_there(tmp_path):
    path = tmp_path / "x.npz"
    assert kept(path) is None
    keep(path, layers(0, True), {})
    raw = path.read_bytes()
    for cut in (0, 30, len(raw) // 2, len(raw) - 1):
        path.write_bytes(raw[:cut])
        assert kept(path) is None
    row = {"name": "a", "consumer": "relu", "order": "other"}
    good = {f"0/{field}": np.ones(2) for field in ("shift", "mean", "variance")}
    cases = [
        ("{", good), ("[]", good), ("{}", good), ('{"layers": 3}', good),
        (json.dumps({"layers": [{}]}), good), (json.dumps({"layers": [row]}), {}),
        (json.dumps({"layers": [row]}), good | {"0/variance": -np.ones(2)}),
        (json.dumps({"layers": [row]}), good | {"0/mean": np.ones(3)}), ("[" * 10**5, good),
    ]  # fmt: skip
    for about, arrays in cases:
        write_arrays(path, arrays | {"about": np.array(about)})
        assert kept(path) is None, about[:40]
    write_arrays(path, good | {"about": np.array(json.dumps({"layers": [row]}))})
    assert kept(path)[0][0].role == Role("relu", "other")


def test_where_it_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tfluck" / "bn-bias"
    one, other = kept_path("vgg 16/é", "https://a"), kept_path("vgg 16/é", "https://b")
    assert one.parent == cache_folder() and one != other
    assert (
        one.name.startswith("vgg_16__-") and len(one.name) == len("vgg_16__-.npz") + 12
    )
    assert kept_path("vgg 16/é", "https://a") == one
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_folder() == Path("/home/somebody/.cache/tfluck/bn-bias")

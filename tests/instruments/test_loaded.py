"""A run in a notebook: labelled arrays, a table, networks, and no TensorFlow before those."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import tfluck
from tfluck.foundations.errors import BadInput, Damaged
from tfluck.instruments.labelled import LabelledArray
from tfluck.instruments.loaded import load_run
from tfluck.runs import Run, read_rows
from tfluck.runs.correlations import read_matrices, write_matrices
from tfluck.runs.kernels import read_linear


def test_matrices_come_as_labelled_arrays(watched: Run) -> None:
    run = tfluck.load_run(watched.layout.root)
    assert (run.seeds, run.epochs, run.layers) == ((1, 2), (0, 1, 2), (0, 1))
    for layer, shape in enumerate([(3, 6), (4, 8)]):
        rho, live = run.correlations[layer], run.live[layer]
        assert rho.dims == ("seed", "epoch", "teacher", "student")
        assert rho.shape == (2, 3, *shape) and live.shape == (2, 3, shape[0])
        kept = read_matrices(watched, 2, 1)
        np.testing.assert_array_equal(rho.sel(seed=2, epoch=1), kept.rho[layer])
        np.testing.assert_array_equal(live.sel(seed=2, epoch=1), kept.live[layer])
    assert "seeds 1, 2; 3 evaluations up to epoch 2" in repr(run)
    assert "teacher 3-4, students 6-8" in repr(run)


def test_labels_pick_and_are_checked() -> None:
    array = LabelledArray(
        np.arange(6).reshape(2, 3),
        ("seed", "epoch"),
        {"seed": (4, 5), "epoch": (0, 2, 9)},
    )
    assert array.sel(seed=5).values.tolist() == [3, 4, 5]
    assert array.sel(seed=5).dims == ("epoch",)
    assert int(array.sel(seed=4, epoch=9).values) == 2
    assert np.asarray(array, dtype=float).dtype == float
    assert repr(array) == "LabelledArray(seed: 2, epoch: 3; int64)"
    for wrong in ({"seed": 1}, {"layer": 0}):
        with pytest.raises(BadInput, match="seed: 4, 5; epoch: 0, 2, 9"):
            array.sel(**wrong)


def test_the_table_is_what_was_recorded(watched: Run) -> None:
    table = tfluck.load_run(watched).table()
    one = table[(table.seed == 2) & (table.metric == "loss") & (table.split == "eval")]
    rows = read_rows(watched.layout.seed(2).metrics)
    losses = [r.value for r in rows if r.metric == "loss" and r.split == "eval"]
    assert one.value.tolist() == losses and len(losses) == 3
    assert table.layer.isna().any() and str(table.layer.dtype) == "Int64"


def test_networks_are_those_that_were_trained(watched: Run) -> None:
    """Their activations have the correlations that were recorded."""
    from tfluck.analysis import correlation

    run = load_run(watched)
    x = run.view(2).inputs().astype(np.float32)
    assert len(x) == watched.experiment.watch.eval_samples
    for epoch in (0, 2):
        pairs = zip(run.teacher()(x)[:-1], run.student(2, epoch)(x)[:-1], strict=True)
        for layer, (teacher, student) in enumerate(pairs):
            rho = correlation(np.asarray(teacher), np.asarray(student))
            kept = run.correlations[layer].sel(seed=2, epoch=epoch)
            np.testing.assert_allclose(rho, kept, atol=2e-6)
    with pytest.raises(BadInput, match="--epoch 0 or --epoch 2"):
        run.student(1, 1)


def test_kernels_without_keras_are_those_of_keras(watched: Run) -> None:
    from tfluck.networks import linear_layers

    run = load_run(watched)
    view = run.view(1, 2)
    layers = linear_layers(run.student(1, 2))
    for kernel, bias, layer in zip(view.kernels, view.biases, layers, strict=True):
        np.testing.assert_array_equal(kernel, layer.kernel.numpy())
        np.testing.assert_array_equal(bias, layer.bias.numpy())
        assert kernel.dtype == bias.dtype == np.float64


def test_weights_of_another_network_are_told(watched: Run, tmp_path: Path) -> None:
    graph = watched.experiment.graph("student")
    good = watched.layout.seed(1).final_weights
    assert len(read_linear(good, graph)) == 3
    with pytest.raises(Damaged, match=r"teacher\.weights\.h5 .*another layer"):
        read_linear(watched.layout.teacher_weights, graph)
    path = tmp_path / "weights.h5"
    path.write_bytes(good.read_bytes())
    with h5py.File(path, "a") as file:
        file["layers/dense/vars/0"][0] = np.nan
    with pytest.raises(Damaged, match="seal"):
        read_linear(path, graph)
    with pytest.raises(Damaged, match="not finite"):
        read_linear(path, graph, sealed=False)
    with h5py.File(path, "a") as file:
        del file["layers/dense_1"]
    with pytest.raises(Damaged, match="linear layers: 'layer1_linear'"):
        read_linear(path, graph, sealed=False)


def test_a_damaged_matrix_leaves_a_gap_and_is_told(
    watched: Run, tmp_path: Path
) -> None:
    import shutil

    root = tmp_path / "copy"
    shutil.copytree(watched.layout.root, root)
    told: list[str] = []
    run = load_run(root, told.append)
    path = run.run.layout.seed(1).correlation(1)
    path.write_bytes(path.read_bytes()[:100])
    rho = run.correlations[0]
    assert np.isnan(rho.sel(seed=1, epoch=1).values).all()
    assert np.isfinite(rho.sel(seed=2).values).all()
    assert len(told) == 1 and str(path) in told[0]
    ranks = tfluck.analyze(run, "rank").to_json()
    assert ranks["epochs"] == [0, 2]


def test_a_student_that_has_not_begun_is_a_gap(make_run: Any) -> None:
    run = make_run(seeds=2)
    layout = run.layout.seed(2)
    layout.correlations.mkdir(parents=True)
    rho = [np.full(shape, 0.5) for shape in ((3, 6), (4, 8))]
    write_matrices(layout, 0, rho, [np.ones(len(r), bool) for r in rho])
    loaded = load_run(run)
    assert loaded.epochs == (0,)
    assert np.isnan(loaded.correlations[1].sel(seed=1).values).all()
    assert (loaded.correlations[1].sel(seed=2).values == 0.5).all()
    with pytest.raises(BadInput, match="no correlation matrices yet"):
        tfluck.analyze(loaded, "correlation")
    assert "none" in repr(load_run(make_run(folder="other")))


def test_what_needs_only_numbers_never_loads_tensorflow(watched: Run) -> None:
    code = (
        "import sys, tfluck\n"
        "run = tfluck.load_run(sys.argv[1])\n"
        "run.correlations, run.table(), repr(run), run.view(1, 2).kernels\n"
        "for name in ('rank', 'weights'): tfluck.analyze(run, name).to_json()\n"
        "tfluck.analyze(run, 'correlation', cka=False, all_seeds=True).rows()\n"
        "heavy = {'tensorflow', 'keras'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    call = [sys.executable, "-c", code, str(watched.layout.root)]
    subprocess.run(call, check=True, env=dict(os.environ))


def test_an_instrument_starts_tensorflow_as_all_of_us_do(watched: Run) -> None:
    """Quietly, and exactly: whoever imports it first decides both."""
    code = (
        "import os, sys; from tfluck.instruments.analyzing import analyze\n"
        f"analyze({str(watched.layout.root)!r}, 'modulation', epoch=0, samples=2)\n"
        "assert os.environ['TF_CPP_MIN_LOG_LEVEL'] == '3'"
    )
    own = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    subprocess.run([sys.executable, "-c", code], check=True, env=own)

"""``tfluck analyze`` on a run directory and on models a user brings."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from making import make

from tfluck.experiment.scales import configure
from tfluck.runs import Run, read_rows

Cli = Callable[..., Result]
COMMANDS = ("correlation", "rank", "modulation", "overlap", "weights")


@pytest.fixture(scope="module")
def runs(tf: Any, tiny: dict[str, Any], tmp_path_factory: Any) -> dict[str, Run]:
    """Three finished runs, one for each place of BatchNorm."""
    from tfluck.training.teachers import save_weights
    from tfluck.training.trainer import Trainer

    folder = tmp_path_factory.mktemp("runs")
    found = {}
    for arch, place in (("fc", "none"), ("fc", "before-relu"), ("cnn", "after-relu")):
        config = configure(**tiny | {"arch": arch, "batch_norm": place})
        run = make(folder, config, f"{arch}-{place}")
        trainer = Trainer(run, 1, lambda step, note: None)
        save_weights(trainer.kernel.teacher, run.layout.teacher_weights)
        trainer.train()
        found[run.name] = run
    return found


@pytest.fixture(params=["fc-none", "fc-before-relu", "cnn-after-relu"])
def run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    return runs[request.param]


def only_json(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    value = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(name))
    assert isinstance(value, dict) and result.stdout.count("\n") == 1
    return value


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_in_words_numbers_and_pictures(
    tfluck: Cli, run: Run, name: str, tmp_path: Path
) -> None:
    call = ("analyze", name, run.layout.root)
    picture = tmp_path / f"{name}.svg"
    found = only_json(tfluck(*call, "--json", "--plot", picture))
    assert found["run"] == str(run.layout.root) and found["seed"] == 1
    layers = found["epochs"][-1] if name == "modulation" else found
    assert len(layers["layers"]) == (4 if name == "overlap" else 2)
    assert picture.read_bytes().startswith(b"<?xml")
    text = tfluck(*call, "--quiet")
    assert text.exit_code == 0 and len(text.stdout.splitlines()) > 2
    assert text.stderr == ""


def test_correlation_is_what_training_recorded(tfluck: Cli, run: Run) -> None:
    rows = {r[:4]: r.value for r in read_rows(run.layout.seed(1).metrics)}
    for epoch in (0, 2, 3):
        found = only_json(
            tfluck(
                "analyze", "correlation", run.layout.root, "--epoch", epoch, "--json"
            )
        )
        for layer in found["layers"]:
            for metric in ("mean_best_correlation", "null_mean_best_correlation"):
                expected = rows[epoch, "eval", layer["layer"], metric]
                assert layer[metric] == pytest.approx(expected, abs=1e-6)
            assert (layer["cka"] is None) == (epoch == 2), "weights of 0 and 3 are kept"
            assert layer["mean_one_to_one_live"] <= layer["mean_best_correlation_live"]


def test_ranks_are_what_training_recorded(tfluck: Cli, run: Run) -> None:
    found = only_json(tfluck("analyze", "rank", run.layout.root, "--json"))
    recorded = {r[:4]: r.value for r in read_rows(run.layout.seed(1).ranks)}
    assert found["epochs"] == [0, 1, 2, 3]
    for layer in found["layers"]:
        for metric in ("mean_rank", "median_rank"):
            for epoch, value in zip(found["epochs"], layer[metric], strict=True):
                key = (epoch, "eval", layer["layer"], metric)
                assert value == pytest.approx(recorded[key], abs=1e-6)


def test_one_evaluation_ranks_nobody(tfluck: Cli, make_run: Callable[..., Run]) -> None:
    """Who leads before training leads by definition: 0 would mean nothing."""
    from tfluck.runs.correlations import write_matrices

    run = make_run(epochs=0)
    layout = run.layout.seed(1)
    layout.correlations.mkdir(parents=True)
    draw = np.random.default_rng(0)
    sizes = zip(
        run.experiment.network.teacher_widths,
        run.experiment.network.student_widths,
        strict=True,
    )
    rho = [draw.uniform(-1, 1, shape) for shape in sizes]
    write_matrices(layout, 0, rho, [np.ones(len(r), bool) for r in rho])
    found = only_json(tfluck("analyze", "rank", run.layout.root, "--json"))
    assert [layer["mean_rank"] for layer in found["layers"]] == [None, None]


def test_modulation_writes_its_matrices(tfluck: Cli, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "modulation.npz"
    found = only_json(
        tfluck("analyze", "modulation", run.layout.root, "--json", "-o", path)
    )
    assert [state["epoch"] for state in found["epochs"]] == [0, 3]
    with np.load(path) as arrays:
        for name in ("beta_cross", "h_cross", "gated_cross"):
            assert arrays[f"epoch3/layer1/{name}"].shape == (9, 5)
            assert name in found["epochs"][1]["layers"][1]
        assert arrays["epoch0/layer0/beta"].shape == (7, 7)
        beta = arrays["epoch3/layer0/beta"]
        np.testing.assert_allclose(beta, beta.T, rtol=1e-12)


def test_ignoring_batch_norm_matters_only_where_there_is_one(
    tfluck: Cli, runs: dict[str, Run], tmp_path: Path
) -> None:
    for name, differs in (("fc-none", False), ("fc-before-relu", True)):
        paths = [tmp_path / f"{name}{i}.npz" for i in range(2)]
        for path, more in zip(paths, ([], ["--ignore-batch-norm"]), strict=True):
            root = runs[name].layout.root
            result = tfluck("analyze", "modulation", root, "-o", path, *more)
            assert result.exit_code == 0, result.stderr
        with np.load(paths[0]) as one, np.load(paths[1]) as other:
            key = "epoch3/layer0/beta_cross"
            assert (not np.allclose(one[key], other[key])) == differs


def test_overlap_reports_the_lowest_layer_in_closed_form(
    tfluck: Cli, runs: dict[str, Run]
) -> None:
    root = runs["fc-none"].layout.root
    found = only_json(tfluck("analyze", "overlap", root, "--json"))
    closed = [row["closed_form"] is not None for row in found["layers"]]
    assert closed == [True, False, True, False]
    assert [k["limit"] for k in found["layers"][0]["lipschitz"]] == [45, 90, 120]
    # 100 samples decide no K at 120°; null is honest.
    assert found["layers"][0]["lipschitz"][2]["k_d"] is None


@pytest.mark.parametrize("spread", [0.0, 2.0])
def test_the_closed_form_knows_the_biases(spread: float) -> None:
    """A teacher that is shifted is on seldom; without its biases ε_d is about ½.

    The inputs' standard deviations differ by a factor of 1 + ``spread``.
    """
    from tfluck.analysis.relu_net import Affine, ReluNet
    from tfluck.instruments.overlap import layer_grams, overlap_rows

    draw = np.random.default_rng(0)
    std = np.linspace(10, 10 * (1 + spread), 12)
    kernel = draw.normal(size=(12, 6))
    norms = np.linalg.norm(kernel * std[:, None], axis=0)
    bias = norms * draw.uniform(-1.2, -0.8, 6)
    net = ReluNet((Affine(kernel, bias), Affine(np.ones((6, 1)), np.zeros(1))))
    x = std * draw.normal(size=(40_000, 12))
    (row,) = overlap_rows("teacher", net, x, layer_grams(net, x), std)
    assert row["eps_d"]["mean"] < 0.35
    for name in ("eps_d", "eps_l"):
        for key in ("mean", "median", "max"):
            measured = row[name][key]
            assert row["closed_form"][name][key] == pytest.approx(measured, abs=0.03)


def test_what_is_not_kept_is_a_sentence(tfluck: Cli, runs: dict[str, Run]) -> None:
    root = runs["fc-none"].layout.root
    for more, words in (
        (["modulation", root, "--epoch", 2], "--epoch 0 or --epoch 3"),
        (["correlation", root, "--epoch", 9], "there are 0, 1, 2, 3"),
        (["rank", root, "--seed", 7], "no student of seed 7"),
        (["rank", "nowhere", "--out", root.parent], "No run"),
        (["rank", root, "--plot", "x.bmp"], ".svg"),
    ):
        result = tfluck("analyze", *more)
        assert result.exit_code == 2 and words in result.stderr, result.stderr


def test_a_run_that_has_not_ended_has_no_final_weights(
    tfluck: Cli, make_run: Callable[..., Run]
) -> None:
    root = make_run().layout.root
    result = tfluck("analyze", "overlap", root)
    assert result.exit_code == 1 and "is missing" in result.stderr
    assert tfluck("analyze", "rank", root).exit_code == 2


@pytest.mark.parametrize("name", ["modulation", "overlap", "weights"])
def test_cheap_checks_come_before_dear_imports(
    tfluck: Cli, make_run: Callable[..., Run], name: str, monkeypatch: Any
) -> None:
    """What cannot be done is told in a moment: TensorFlow takes seconds."""

    def never(*_: object, **__: object) -> None:
        pytest.fail("TensorFlow was started for nothing")

    monkeypatch.setattr("tfluck.foundations.runtime.start_tensorflow", never)
    root = make_run().layout.root
    for more, words in (
        (["--epoch", 2], "use --epoch 0 or --epoch 3"),
        ([], "is missing"),
        (["--seed", 9], "no student of seed 9"),
    ):
        result = tfluck("analyze", name, root, *more)
        assert result.exit_code in (1, 2) and words in result.stderr, result.stderr
    result = tfluck(
        "analyze",
        "compare",
        root / "a.keras",
        root / "b.keras",
        "--data",
        root / "x.npz",
    )
    assert result.exit_code == 2 and "There is no file" in result.stderr


@pytest.fixture
def brought(tf: Any, tmp_path: Path) -> Path:
    import keras

    keras.utils.set_random_seed(1)
    for name, width in (("teacher", 4), ("student", 9)):
        keras.Sequential(
            [
                keras.Input((5,)),
                keras.layers.Dense(width, activation="relu"),
                keras.layers.Dense(width, activation="relu", name=f"top_{name}"),
                keras.layers.Dense(2),
            ]
        ).save(tmp_path / f"{name}.keras")
    x = np.random.default_rng(0).normal(size=(300, 5))
    np.savez(tmp_path / "x.npz", x=x, y=np.zeros(3))
    return tmp_path


def test_two_models_a_user_brings(tfluck: Cli, brought: Path) -> None:
    teacher, student = brought / "teacher.keras", brought / "student.keras"
    more = ("--data", brought / "x.npz", "--json", "--plot", brought / "p.pdf")
    found = only_json(tfluck("analyze", "compare", teacher, student, *more))
    assert [row["student_nodes"] for row in found["layers"]] == [9, 9]
    assert (brought / "p.pdf").read_bytes().startswith(b"%PDF")
    itself = only_json(tfluck("analyze", "compare", teacher, teacher, *more))
    for row in itself["layers"]:
        assert row["mean_best_correlation_live"] == pytest.approx(1)
        assert row["cka"] == pytest.approx(1)
    top = ("--teacher-layers", "top_teacher", "--student-layers", "top_student")
    found = only_json(tfluck("analyze", "compare", teacher, student, *more, *top))
    assert [row["teacher_layer"] for row in found["layers"]] == ["top_teacher"]
    assert tfluck("analyze", "compare", teacher, student, *more[:2]).exit_code == 0


def test_data_that_cannot_be_used_is_refused(tfluck: Cli, brought: Path) -> None:
    teacher = brought / "teacher.keras"
    np.savez(brought / "two.npz", a=np.ones((3, 5)), b=np.ones((3, 5)))
    np.savez(brought / "nan.npz", x=np.full((3, 5), np.nan))
    np.savez(brought / "words.npz", x=np.array([["a"] * 5] * 3))
    np.savez(brought / "narrow.npz", x=np.ones((3, 4)))
    np.savez(brought / "objects.npz", x=np.array([[{}], [{}]], dtype=object))
    (brought / "text.npz").write_text("no archive")
    np.save(brought / "array.npy", np.ones((3, 5)))
    (brought / "array.npy").rename(brought / "array.npz")
    names = ("missing", "two", "nan", "words", "narrow", "objects", "text", "array")
    for name in names:
        data = brought / f"{name}.npz"
        result = tfluck("analyze", "compare", teacher, teacher, "--data", data)
        assert result.exit_code == 2, (name, result.stderr)
    data = brought / "two.npz"
    for path in (brought / "nowhere.keras", data):
        result = tfluck(
            "analyze", "compare", path, teacher, "--data", brought / "x.npz"
        )
        assert result.exit_code == 2 and str(path) in result.stderr

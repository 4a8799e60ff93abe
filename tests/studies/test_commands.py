"""``tfluck analyze luck`` and ``flatness`` on runs, and what they refuse."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from making import make

from tfluck.experiment.scales import configure
from tfluck.runs import Run
from tfluck.runs.correlations import write_matrices

Cli = Callable[..., Result]
BASE: dict[str, Any] = {
    "teacher_widths": (3, 4),
    "multiplier": 4,
    "outputs": 5,
    "input_dim": 6,
    "image_size": 8,
    "epochs": 2,
    "samples_per_epoch": 60,
    "batch_size": 12,
    "eval_samples": 400,
    "chunk": 5,
    "jit": False,
    "seeds": 2,
}


@pytest.fixture(scope="module")
def runs(tf: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A dense run without BatchNorm, and a conv one with it."""
    from tfluck.training.kernel import Kernel
    from tfluck.training.teachers import save_weights
    from tfluck.training.trainer import Trainer

    folder, found = tmp_path_factory.mktemp("runs"), {}
    for arch, place in (("fc", "none"), ("cnn", "after-relu")):
        pair = configure(**BASE | {"arch": arch, "batch_norm": place})
        run = found[arch] = make(folder, pair, arch)
        kernel = Kernel(run)
        save_weights(kernel.teacher, run.layout.teacher_weights)
        for seed in run.seeds:
            Trainer(run, seed, lambda step, note: None, kernel).train()
    return found


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    value = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(name))
    assert isinstance(value, dict) and result.stdout.count("\n") == 1
    return value


@pytest.mark.parametrize("arch", ["fc", "cnn"])
def test_luck_in_words_numbers_and_a_picture(
    tfluck: Cli, runs: dict[str, Run], arch: str, tmp_path: Path
) -> None:
    root = runs[arch].layout.root
    picture = tmp_path / "luck.svg"
    found = told(tfluck("analyze", "luck", root, "--json", "--plot", picture))
    assert found["seeds"] == [1, 2] and found["epochs"] == [0, 1, 2]
    assert [layer["student_nodes"] for layer in found["layers"]] == [12, 16]
    assert (found["closed_form"] is None) == (arch == "cnn")
    assert (found["no_closed_form"] is None) == (arch == "fc")
    assert picture.read_bytes().startswith(b"<?xml")
    text = tfluck("analyze", "luck", root, "--quiet", "--seed", 2)
    assert text.exit_code == 0 and text.stderr == ""
    assert "closed form" in text.stdout and "AUC" in text.stdout
    one = told(tfluck("analyze", "luck", root, "--seed", 2, "--json"))
    assert one["seeds"] == [2] and one["layers"][0]["bits"] is None


def test_luck_is_that_of_the_matrices(tfluck: Cli, runs: dict[str, Run]) -> None:
    from tfluck.analysis import winner_ranks
    from tfluck.runs.correlations import read_history

    run = runs["fc"]
    found = told(tfluck("analyze", "luck", run.layout.root, "--json"))
    for layer in found["layers"]:
        index, shares = layer["layer"], []
        for seed in run.seeds:
            history = read_history(run, seed, lambda sentence: None)
            live = history[-1].live[index]
            ranks = winner_ranks([m.rho[index][live] for m in history])
            # Without ties AUC is what is left of the rank, but for the winner itself.
            count = layer["student_nodes"]
            shares.append(1 - ranks[0].mean() * count / (count - 1))
        if np.isfinite(shares).all():
            assert layer["auc"]["value"] == pytest.approx(np.mean(shares), abs=0.02)


def test_the_closed_form_reads_the_runs_own_teacher(
    tfluck: Cli, runs: dict[str, Run]
) -> None:
    """The run's kept correlations of layer 0 are those of its weights, in closed form."""
    from tfluck.runs.correlations import read_matrices
    from tfluck.runs.kernels import read_linear
    from tfluck.theory.initial_match import layer_correlation

    run = runs["fc"]
    graphs = (run.experiment.graph(role) for role in ("teacher", "student"))
    paths = run.layout.teacher_weights, run.layout.seed(1).initial_weights
    teacher, student = (
        read_linear(*pair)[0] for pair in zip(paths, graphs, strict=True)
    )
    assert teacher[0].shape == (6, 3) and student[0].shape == (6, 12)
    rho = layer_correlation(teacher, student, run.experiment.data.data_std)
    measured = read_matrices(run, 1, 0).rho[0]
    assert np.abs(rho - measured).max() < 5 / np.sqrt(400)
    assert np.corrcoef(rho.ravel(), measured.ravel())[0, 1] > 0.95
    found = told(tfluck("analyze", "luck", run.layout.root, "--json"))["closed_form"]
    assert found["counts"][-1] == 12 and abs(found["z"]) < 4


def test_luck_needs_no_tensorflow(runs: dict[str, Run]) -> None:
    root = str(runs["fc"].layout.root)
    code = (
        "import sys\nfrom tfluck.cli.main import main\n"
        f"try: main(['analyze', 'luck', {root!r}, '--quiet'])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.fixture
def begun(tmp_path: Path) -> Callable[..., Run]:
    """A run whose students have matrices of some evaluations, without any training."""

    def begin(*epochs: int, live: bool = True, **given: Any) -> Run:
        run = make(tmp_path / "runs", configure(**BASE | given))
        draw, net = np.random.default_rng(0), run.experiment.network
        for seed in run.seeds:
            layout = run.layout.seed(seed)
            layout.correlations.mkdir(parents=True)
            for epoch in epochs:
                shapes = zip(net.teacher_widths, net.student_widths, strict=True)
                rho = [draw.uniform(-1, 1, shape) for shape in shapes]
                alive = [np.full(len(r), live or i > 0) for i, r in enumerate(rho)]
                write_matrices(layout, epoch, rho, alive)
        return run

    return begin


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"dataset": "uniform"}, "not Gaussian"),
        ({"student_init": "perturb:0.1"}, "perturb:0.1, not at random"),
        ({"arch": "cnn"}, "no dense one"),
    ],
)
def test_without_a_closed_form_the_reason_is_told(
    tfluck: Cli, begun: Callable[..., Run], given: dict[str, Any], reason: str
) -> None:
    run = begun(0, 1, 2, **given)
    result = tfluck("analyze", "luck", run.layout.root)
    assert result.exit_code == 0 and reason in result.stdout


def test_a_dead_layer_is_said_to_be_dead(
    tfluck: Cli, begun: Callable[..., Run]
) -> None:
    run = begun(0, 2, live=False, dataset="uniform")
    result = tfluck("analyze", "luck", run.layout.root)
    assert "Layer 0 has no live teacher node." in result.stdout
    found = told(tfluck("analyze", "luck", run.layout.root, "--json"))
    assert found["layers"][0] is None and found["layers"][1]["layer"] == 1


def test_luck_refuses_what_tells_nothing(
    tfluck: Cli, begun: Callable[..., Run], tmp_path: Path
) -> None:
    run = begun(0)
    result = tfluck("analyze", "luck", run.layout.root)
    assert result.exit_code == 2 and "of one alone nothing can be told" in result.stderr
    assert "Student 1 has fewer than two evaluations" in result.stderr
    result = tfluck("analyze", "luck", run.layout.root, "--seed", 9)
    assert result.exit_code == 2 and "it has 1, 2" in result.stderr
    result = tfluck("analyze", "luck", "nobody", "--out", tmp_path)
    assert result.exit_code == 2 and "No run" in result.stderr


@pytest.mark.parametrize("arch", ["fc", "cnn"])
def test_flatness_in_words_numbers_and_a_picture(
    tfluck: Cli, runs: dict[str, Run], arch: str, tmp_path: Path
) -> None:
    root, picture = runs[arch].layout.root, tmp_path / "flat.svg"
    words = ("--blocks", "winners,others,between", "--samples", 20, "--top", 3)
    call = ("analyze", "flatness", root, *words, "--products", 12)
    if arch == "fc":
        text = tfluck(*call, "--quiet")
        assert text.exit_code == 0 and text.stderr == ""
        assert "winners × others" in text.stdout and "exact trace" in text.stdout
        return
    found = told(tfluck(*call, "--json", "--plot", picture))
    assert found["epoch"] == 2 and found["samples"] == 20
    assert (
        found["batch_norm"].startswith("inference") and found["loss_function"] == "mse"
    )
    assert [block["name"] for block in found["blocks"]] == words[1].split(",")
    assert len(found["cross"]) == 3 and len(found["slices"]) == 9
    assert found["slices"][0]["loss"][10] == pytest.approx(found["loss"])
    assert picture.read_bytes().startswith(b"<?xml")


def test_flatness_is_that_of_the_exact_hessian(tf: Any, runs: dict[str, Run]) -> None:
    """All of it at once: the run's loss, its winners, blocks that make up the whole."""
    from tfluck.runs.correlations import read_matrices
    from tfluck.studies.flatness import Effort, winners_of
    from tfluck.studies.run_flatness import run_flatness, run_surface

    run = runs["fc"]
    names = ("winners", "others", "between")
    epoch, found = run_flatness(
        run, 1, names=names, samples=400, effort=Effort(top=3, products=15)
    )
    assert found.exact is not None and epoch == 2
    np.testing.assert_allclose(found.ends.top, found.exact["top"][:3], rtol=1e-6)
    for block, exact in zip(found.blocks, found.exact["blocks"], strict=True):
        trace, slack = block.trace, 1e-9 * abs(exact["trace"])
        assert trace.low - slack <= exact["trace"] <= trace.high + slack
        np.testing.assert_allclose(
            block.extremes.top, exact["top"][:3], rtol=1e-6, atol=1e-9
        )
    surface = run_surface(run, 1, 2, 400)
    hessian = surface.hessian()
    whole = sum(exact["trace"] for exact in found.exact["blocks"])
    # The biases of the 5 outputs touch no node: L is a mean of squares over them.
    assert np.trace(hessian) == pytest.approx(whole + 5 * 2 / 5)
    matrices = read_matrices(run, 1)
    won = winners_of(matrices.rho, matrices.live)
    assert found.winners == tuple(int(nodes.sum()) for nodes in won)
    assert sum(block.parameters for block in found.blocks) + 5 == found.parameters
    rows = [row for row in read_rows_of(run) if row.metric == "loss"]
    assert found.loss == pytest.approx(rows[-1].value, rel=1e-5), "what training saw"


def read_rows_of(run: Run) -> list[Any]:
    from tfluck.runs import read_rows

    rows = read_rows(run.layout.seed(1).metrics)
    return [row for row in rows if row.split == "eval"]


def test_flatness_refuses_what_cannot_be_measured(
    tfluck: Cli, runs: dict[str, Run]
) -> None:
    root = runs["fc"].layout.root
    for words, sentence in (
        (("--blocks", "winners,loosers"), "not 'loosers'"),
        (("--blocks", "others,others"), "comes twice"),
        (("--epoch", 1), "No weights of epoch 1"),
        (("--products", 2), "--products"),
        (("--seed", 7), "no student of seed 7"),
        (("--plot", "x.txt"), "none of .png"),
    ):
        result = tfluck("analyze", "flatness", root, *words)
        assert result.exit_code == 2 and sentence in result.stderr, words


def test_runs_without_a_teacher_get_a_sentence(
    tfluck: Cli, begun: Callable[..., Run]
) -> None:
    digits = {"dataset": "digits", "sample_shape": (8, 8, 1), "outputs": 10}
    labels = digits | {"targets": "labels", "multiplier": 1, "samples": 60}
    run = begun(**labels)
    for name in ("luck", "flatness"):
        result = tfluck("analyze", name, run.layout.root)
        assert result.exit_code == 2 and "has no teacher" in result.stderr

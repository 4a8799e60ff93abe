"""Pruning studies on trained runs: curves, rounds of training, what is saved."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from tfluck.runs import Run

Finished = Callable[[str], Run]
SCORES = ("modulation", "fan-out", "taylor", "obd", "random", "truth", "oracle")


@pytest.fixture(scope="module")
def subject(finished: Finished) -> Any:
    from tfluck.studies.pruning import of_run

    return of_run(finished("dense-norm"), 1, 60)


def test_every_curve_starts_at_the_full_network_s_loss(subject: Any) -> None:
    from tfluck.analysis.removal import widths
    from tfluck.studies.pruning import agreements, one_shot, score_all

    found = score_all(subject, SCORES, 1)
    curves = one_shot(subject, found, (1.0, 0.5, 0.1))
    wanted = subject.model(subject.judge_x.astype("f"), training=False)[-1].numpy()
    full = np.square(wanted - subject.judge.target).mean()
    for curve in curves:
        assert curve.points[0].loss == pytest.approx(full, rel=1e-5)
        assert curve.points[0].widths == widths(subject.net) == (9, 12)
        assert [point.widths for point in curve.points[1:]] == [(5, 6), (1, 2)]
    rows = agreements(found)
    pairs = {(row["score"], row["against"]) for row in rows}
    wanted = {(name, "oracle") for name in SCORES if name != "oracle"}
    assert pairs == wanted | {("fan-out", "obd")}
    assert all(-1 <= row["spearman"] <= 1 for row in rows)
    # No step of these is random: the same again.
    assert score_all(subject, SCORES, 1)["random"][0] == pytest.approx(
        found["random"][0]
    )


def test_samples_that_choose_do_not_judge(subject: Any) -> None:
    chosen = {row.tobytes() for row in subject.x}
    judged = {row.tobytes() for row in subject.judge_x}
    assert len(chosen) == len(judged) == 30 and not chosen & judged


def test_rounds_of_training_repair_what_pruning_broke(
    finished: Finished, subject: Any
) -> None:
    from tfluck.studies.pruning import Rounds, one_shot, score_all

    shares = (1.0, 0.6, 0.3)
    rounds = Rounds(finished("dense-norm"), 1, 20)
    curve = rounds.curve(subject, "fan-out", shares)
    (bare,) = one_shot(subject, score_all(subject, ["fan-out"], 1), shares)
    assert [point.widths for point in curve.points] == [p.widths for p in bare.points]
    assert curve.points[0] == bare.points[0]
    assert curve.points[2].loss < bare.points[2].loss
    again = rounds.curve(subject, "truth", shares)
    assert len(rounds.compiled) == 2 and again.steps == 20


def test_a_run_s_command_prints_draws_and_saves(
    tfluck: Callable[..., Result], runs: Path, finished: Finished, tmp_path: Path
) -> None:
    finished("conv")
    smaller, picture = tmp_path / "smaller.keras", tmp_path / "curve.png"
    arguments = ("conv", "--out", runs, "--samples", 20, "--keep", 0.5)
    result = tfluck("prune", *arguments, "-o", smaller, "--plot", picture, "--json")
    assert result.exit_code == 0, result.stderr
    (curve,) = json.loads(result.stdout)["curves"]
    assert curve["score"] == "modulation"
    assert [point["widths"] for point in curve["points"]] == [[9, 12], [5, 6]]
    assert picture.stat().st_size > 5000 and "within" in result.stderr
    import keras

    model = keras.models.load_model(smaller)
    assert model.output_shape == (None, 5)
    assert [layer.filters for layer in model.layers if hasattr(layer, "filters")] == [
        5,
        6,
    ]
    text = tfluck("prune", *arguments, "--by", "fan-out,oracle").stdout
    assert "fan-out, oracle" in text and "loss, one shot" in text


def test_a_user_s_model_is_pruned_by_its_own_data(
    tfluck: Callable[..., Result], tmp_path: Path, tf: Any
) -> None:
    import keras

    layers = keras.layers
    x = np.random.default_rng(0).standard_normal((40, 6)).astype("f")
    y = (x[:, 0] > 0).astype(int)
    path, data, smaller = (tmp_path / n for n in ("m.keras", "d.npz", "s.keras"))
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(10),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.save(path)
    np.savez(data, x=x, y=y)
    arguments = (path, "--data", data, "--keep", 0.3, "--by", "taylor")
    result = tfluck("prune", *arguments, "-o", smaller)
    assert result.exit_code == 0, result.stderr
    kernel, *_ = keras.models.load_model(smaller).get_weights()
    assert kernel.shape == (6, 3)
    np.savez(data, x=x, y=y * 3)
    refused = tfluck("prune", *arguments)
    assert refused.exit_code == 2 and "holds classes from 0 to 3" in refused.stderr
    np.savez(data, x=x, y=np.ones((40, 7)))
    assert "targets [40, 2]" in tfluck("prune", *arguments).stderr
    np.savez(data, x=x)
    assert "has no array y" in tfluck("prune", *arguments).stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("dense --keep 0", "above 0 and up to 1, not 0"),
        ("dense --keep 1.5", "above 0 and up to 1"),
        ("dense --by size", "no score 'size'; choose of modulation"),
        ("dense --keep 0.5 --curve", "one of --keep and --curve"),
        ("dense -o x.keras", "give one --keep and one score"),
        (
            "dense --keep 0.5 --by obd,taylor -o x.keras",
            "give one --keep and one score",
        ),
        ("dense --keep 0.5 -o x.h5", "written to a .keras file"),
        ("dense --data x.npz", "a run has its own"),
        ("x.keras", "needs samples to score"),
        ("x.keras --data x.npz --steps 5", "does not say how it is trained"),
        ("x.keras --data x.npz --by truth", "needs a teacher"),
        ("x.keras --data x.npz", "x.keras"),
        ("residual --samples 4", "residual net"),
        ("nothing", "No run 'nothing'"),
    ],
)
def test_what_does_not_go_together_gets_a_sentence(
    tfluck: Callable[..., Result],
    runs: Path,
    finished: Finished,
    arguments: str,
    sentence: str,
) -> None:
    if "residual" in arguments:
        finished("residual")
    result = tfluck("prune", *arguments.split(), "--out", runs)
    assert result.exit_code == 2 and sentence in result.stderr

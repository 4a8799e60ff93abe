"""Two networks in memory: side by side, under ``model.fit``, and in a resumed training."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tfluck.foundations.errors import BadInput
from tfluck.instruments import find_instrument
from tfluck.instruments.loaded import load_run
from tfluck.instruments.watching import Watch, chosen_instruments
from tfluck.runs import Row, Run


@pytest.fixture
def plain(tf: Any) -> tuple[Any, Any, np.ndarray]:
    """A teacher and a wider student as a user writes them."""
    import keras

    keras.utils.set_random_seed(0)

    def build(widths: tuple[int, ...], name: str) -> Any:
        layers: list[Any] = [keras.Input((5,))]
        for at, width in enumerate(widths):
            layers.append(
                keras.layers.Dense(width, activation="relu", name=f"{name}{at}")
            )
        return keras.Sequential([*layers, keras.layers.Dense(3)])

    x = np.random.default_rng(0).normal(size=(200, 5)).astype("float32")
    return build((3, 4), "t"), build((6, 8), "s"), x


def watch(run: Run, names: tuple[str, ...], epochs: list[int]) -> dict[int, list[Row]]:
    """Let instruments look at kept networks as a training does, evaluation by evaluation."""
    loaded = load_run(run)
    observer = Watch(run, 1, names)
    seen = {}
    for epoch in epochs:
        view = loaded.view(1, epoch)
        kept = view.matrices
        evaluation = SimpleNamespace(correlations=kept.rho, live=kept.live)
        rows = [Row(epoch, "eval", 0, "null_mean_best_correlation_live", 0.25)]
        networks = (loaded.teacher(), loaded.student(1, epoch and 2))
        seen[epoch] = observer.rows(epoch, networks, view.batches, evaluation, rows)
    return seen


def test_a_resumed_training_sees_what_one_piece_sees(watched: Run) -> None:
    """What was before the checkpoint is read from the run."""
    whole = watch(watched, ("rank", "correlation"), [0, 1, 2])
    resumed = watch(watched, ("rank", "correlation"), [2])
    assert resumed[2] == whole[2] and whole[1] != whole[2]
    values = {(row.layer, row.metric): row.value for row in whole[2]}
    assert values[0, "correlation/null_mean_best_correlation_live"] == 0.25
    assert values[1, "correlation/null_mean_best_correlation_live"] is None
    assert 0 <= values[0, "rank/mean_rank_at_start"] <= 1
    assert {row.value for row in whole[0] if row.metric.startswith("rank/")} == {None}


def test_nobody_watches_what_has_no_teacher(watched: Run, make_run: Any) -> None:
    labels = make_run(
        dataset="digits", sample_shape=(8, 8, 1), outputs=10, multiplier=1,
        targets="labels", eval_samples=50,
    )  # fmt: skip
    with pytest.raises(BadInput, match="has no teacher"):
        Watch(labels, 1, ("rank",))
    assert Watch(labels, 1, ()).rows(0, (None, None), [], None, []) == []
    with pytest.raises(BadInput, match="learns labels has none"):
        make_run(
            dataset="digits", sample_shape=(8, 8, 1), outputs=10, multiplier=1,
            targets="labels", eval_samples=50, watch=("rank",),
        )  # fmt: skip
    names = [i.name for i in chosen_instruments(["rank", "weights", "rank"])]
    assert names == ["rank", "weights"]


def test_any_two_models_side_by_side(plain: Any) -> None:
    from tfluck.analysis import correlation
    from tfluck.instruments.live_view import view_of

    teacher, student, x = plain
    view, names = view_of(teacher, student, x)
    assert names == [("t0", "s0"), ("t1", "s1")]
    found = find_instrument("correlation").compute(view)
    below = [model.layers[0](x).numpy() for model in (teacher, student)]
    rho = correlation(*below)
    np.testing.assert_allclose(view.matrices.rho[0], rho, atol=1e-6)
    expected = rho.max(axis=1).mean()
    assert found.layers[0]["mean_best_correlation"] == pytest.approx(expected, abs=1e-6)
    assert 0 < found.layers[0]["cka"] < 1
    modulation = find_instrument("modulation").compute(view, samples=50)
    assert modulation.samples == 50 and modulation.found[1].beta_cross.shape == (9, 5)
    overlap = find_instrument("overlap").compute(view)
    on = (below[1] > 0).mean(axis=0)
    assert overlap.layers[2]["probability"]["mean"] == pytest.approx(on.mean())
    assert overlap.layers[0]["closed_form"] is None, (
        "nobody said the inputs are Gaussian"
    )
    itself, _ = view_of(student, student, x)
    for row in find_instrument("correlation").compute(itself).layers:
        assert row["mean_best_correlation_live"] == pytest.approx(1)


def test_part_of_the_layers_is_too_little_for_some(plain: Any) -> None:
    from tfluck.instruments.live_view import view_of

    teacher, student, x = plain
    view, names = view_of(teacher, student, x, ["t1"], ["s0"])
    assert names == [("t1", "s0")]
    assert len(find_instrument("correlation").compute(view).layers) == 1
    for name in ("weights", "modulation", "overlap"):
        with pytest.raises(BadInput, match="2 hidden layers and 1 are watched"):
            find_instrument(name).compute(view)


def test_a_fit_is_watched_by_instruments(plain: Any) -> None:
    import tfluck
    from tfluck.analysis.weights import fan_in_norms

    teacher, student, x = plain
    names = ("correlation", "rank", "weights", "modulation", "overlap")
    watcher = tfluck.NodeWatcher(teacher, x[:80], instruments=names)
    bare = tfluck.NodeWatcher(teacher, x[:80])
    student.compile("sgd", "mse")
    targets = teacher(x).numpy()
    student.fit(x, targets, epochs=1, verbose=0, callbacks=[watcher, bare])
    plainly = [row for row in watcher.rows if "/" not in row.metric]
    assert plainly == bare.rows
    seen = {row.metric.partition("/")[0] for row in watcher.rows if "/" in row.metric}
    assert seen == set(names)
    values = {row[:4]: row.value for row in watcher.rows}
    for layer, dense in enumerate(student.layers[:2]):
        norm = fan_in_norms(dense.kernel.numpy()).mean()
        assert values[1, "eval", layer, "weights/mean_fan_in"] == pytest.approx(norm)
        one = values[1, "eval", layer, "mean_best_correlation_live"]
        other = values[1, "eval", layer, "correlation/mean_best_correlation_live"]
        assert one == other
        started = values[1, "eval", layer, "rank/mean_rank_at_start"]
        assert started == pytest.approx(values[0, "eval", layer, "mean_rank"])
    with pytest.raises(BadInput, match="No instrument"):
        tfluck.NodeWatcher(teacher, x, instruments=["nobody"])


def test_compare_is_a_call_too(plain: Any, tmp_path: Path) -> None:
    from tfluck.instruments.compare import compare

    teacher, student, x = plain
    for model, name in ((teacher, "t"), (student, "s")):
        model.save(tmp_path / f"{name}.keras")
    np.savez(tmp_path / "x.npz", x=x)
    found = compare(tmp_path / "t.keras", tmp_path / "s.keras", tmp_path / "x.npz")
    told = found.to_json()
    assert told["samples"] == 200 and told["layers"] == found.layers
    assert [row["student_nodes"] for row in found.rows()] == [6, 8]
    assert list(found.rows()[0]) == list(found.rows()[1])
    assert "t.keras and s.keras" in found.draw()._suptitle.get_text()

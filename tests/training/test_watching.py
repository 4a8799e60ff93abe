"""What is seen of a training: evaluation, TensorBoard, traces, memory of graphs."""

from typing import Any

import numpy as np
import pytest
from making import make

from tfluck.analysis import correlation
from tfluck.experiment.scales import configure


@pytest.fixture(params=["fc", "cnn"], scope="module")
def trained(
    request: pytest.FixtureRequest,
    tiny: dict[str, Any],
    tf: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """A trainer that is done, to be looked at."""
    from tfluck.training.trainer import Trainer

    pair = configure(**tiny | {"arch": request.param, "epochs": 2})
    run = make(tmp_path_factory.mktemp("watched"), pair)
    trainer = Trainer(run, 1, lambda step, note: None)
    trainer.train()
    return trainer


def test_the_streamed_evaluation_is_the_direct_one(trained: Any, tf: Any) -> None:
    x = tf.concat(trained.kernel.evaluator.batches, 0)
    assert len(x) == trained.experiment.watch.eval_samples
    found = trained.kernel.evaluator.evaluate()
    teacher, student = trained.kernel.teacher(x), trained.student(x)
    for layer, rho in enumerate(found.correlations):
        np.testing.assert_allclose(
            rho, correlation(teacher[layer], student[layer]), atol=1e-5
        )
    difference = teacher[-1].numpy().astype(float) - student[-1].numpy()
    np.testing.assert_allclose(found.loss, np.mean(difference**2), rtol=1e-5)
    same = np.argmax(teacher[-1], -1) == np.argmax(student[-1], -1)
    assert found.accuracy == pytest.approx(same.mean())


def test_the_null_is_another_teacher(trained: Any) -> None:
    found = trained.kernel.evaluator.evaluate()
    for rho, null in zip(found.correlations, found.null_correlations, strict=True):
        assert rho.shape == null.shape and not np.array_equal(rho, null)


def test_rho_bar_and_its_null_are_over_live_nodes_of_their_own_teacher(
    trained: Any,
) -> None:
    from dataclasses import replace

    from tfluck.training.metrics import evaluation_rows
    from tfluck.training.reporter import headline

    found = trained.kernel.evaluator.evaluate()
    rho = np.full((3, 6), 0.1)
    rho[0, 0], rho[1, 1], rho[2] = 0.5, 0.7, 0.0
    null = np.full((3, 6), 0.3)
    null[:2] = 0.0
    made = replace(
        found,
        correlations=[rho, found.correlations[1]],
        null_correlations=[null, found.null_correlations[1]],
        live=[np.array([True, True, False]), np.zeros(4, bool)],
        null_live=[np.array([False, False, True]), found.null_live[1]],
        student_live=[np.arange(6) > 1, found.student_live[1]],
    )
    rows = evaluation_rows(1, made, trained.student, None)
    values = {(row.layer, row.metric): row.value for row in rows}
    for metric, value in (
        ("mean_best_correlation_live", 0.6),
        ("mean_best_correlation", 0.4),
        ("null_mean_best_correlation_live", 0.3),
        ("null_mean_best_correlation", 0.1),
        ("dead_student_nodes", 2),
    ):
        assert values[0, metric] == pytest.approx(value), metric
    assert values[1, "mean_best_correlation_live"] is None
    assert headline(made, rows).startswith("ρ̄ 0.600 –")


def test_a_student_that_never_fires_is_dead(make_run: Any, tf: Any) -> None:
    from tfluck.networks import linear_layers
    from tfluck.training.kernel import Kernel
    from tfluck.training.metrics import evaluation_rows

    for place in ("none", "after-relu"):
        kernel = Kernel(make_run(place, arch="fc", batch_norm=place))
        layer = linear_layers(kernel.student)[1]
        matrix, bias = layer.get_weights()
        bias[[1, 4]] = -1e6
        layer.set_weights([matrix, bias])
        found = kernel.evaluator.evaluate()
        alive = [True, False, True, True, False, True, True, True]
        np.testing.assert_array_equal(found.student_live[1], alive)
        rows = evaluation_rows(0, found, kernel.student, None)
        dead = [row.value for row in rows if row.metric == "dead_student_nodes"]
        assert dead == [0, 2]


def test_one_trace_serves_all_chunks(trained: Any) -> None:
    assert trained.kernel.program.run.experimental_get_tracing_count() == 1


def test_tensorboard_shows_scalars_images_and_hparams(trained: Any, tf: Any) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = trained.run.layout.tensorboard(1)
    events = EventAccumulator(str(folder)).Reload()
    tags = set(events.Tags()["tensors"])
    wanted = {"loss/eval", "loss/train", "accuracy/eval", "correlation/layer0"}
    wanted |= {f"mean_best_correlation/layer{layer}" for layer in range(2)}
    assert wanted <= tags
    rho = [
        float(tf.make_ndarray(event.tensor_proto))
        for event in events.Tensors("mean_best_correlation/layer0")
    ]
    assert len(rho) == 3 and all(-1 <= value <= 1 for value in rho)
    image = tf.make_ndarray(events.Tensors("correlation/layer0")[-1].tensor_proto)
    width, height, png = image
    assert tf.io.decode_png(png).shape == (int(height), int(width), 3)
    bins = tf.make_ndarray(
        events.Tensors("best_correlation_live/layer0")[-1].tensor_proto
    )
    assert bins[:, 2].sum() == 3, "one for each teacher node"
    plugins = events.summary_metadata
    assert any(meta.plugin_data.plugin_name == "hparams" for meta in plugins.values())


def told(trained: Any, tag: str) -> dict[int, float]:
    """What TensorBoard has under ``tag``, by step; no step twice."""
    import tensorflow as tf
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(trained.run.layout.tensorboard(1))).Reload()
    found = [
        (event.step, float(tf.make_ndarray(event.tensor_proto)))
        for event in events.Tensors(tag)
    ]
    assert len({step for step, _ in found}) == len(found)
    return dict(found)


def test_tensorboard_opens_on_rho_bar_and_rank(trained: Any, tf: Any) -> None:
    """Cards are ordered by their tags, and say what the tables say."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from tfluck.runs import tidy_rows

    events = EventAccumulator(str(trained.run.layout.tensorboard(1))).Reload()
    cards = dict.fromkeys(tag.split("/")[0] for tag in sorted(events.Tags()["tensors"]))
    assert list(cards)[:3] == [
        "1_mean_best_correlation_live",
        "2_mean_rank",
        "2_mean_rank_before_training_of_winners_so_far",
    ]
    described = events.SummaryMetadata("1_mean_best_correlation_live/layer0")
    assert "live teacher nodes" in described.summary_description
    rows = {tuple(row[:4]): row.value for _, row in tidy_rows(trained.run)}
    metrics = "1_mean_best_correlation_live", "2_mean_rank"
    for tag, metric in zip(
        metrics, ("mean_best_correlation_live", "mean_rank"), strict=True
    ):
        for step, value in told(trained, f"{tag}/layer1").items():
            assert value == pytest.approx(rows[step, "eval", 1, metric], abs=1e-6)
    so_far = told(trained, "2_mean_rank_before_training_of_winners_so_far/layer1")
    final = told(trained, "2_mean_rank/layer1")
    assert list(so_far) == list(final) == [0, 1, 2]
    assert so_far[0] == 0 and so_far[2] == pytest.approx(final[0], abs=1e-6)


def test_the_picture_of_a_perfect_match_is_a_staircase(tf: Any) -> None:
    from tfluck.training.tensorboard import picture

    image = picture(np.eye(4)[:, [2, 0, 3, 1]], height=4)
    blue = image[..., 0] < 128
    np.testing.assert_array_equal(blue, np.eye(4, dtype=bool))
    assert picture(np.full((1, 3), -1.0))[0, 0, 2] < 50, "negative is orange"


@pytest.mark.parametrize("trained", ["fc"], indirect=True)
def test_a_finished_run_draws_the_same_bytes_twice(trained: Any, tmp_path: Any) -> None:
    import pandas as pd

    from tfluck.figures.style import save
    from tfluck.figures.training import draw_training
    from tfluck.runs import write_csv

    with (tmp_path / "t.csv").open("w", newline="") as stream:
        write_csv(trained.run, stream)
    table = pd.read_csv(tmp_path / "t.csv")
    for kind in ("png", "pdf", "svg"):
        paths = [tmp_path / f"{n}.{kind}" for n in range(2)]
        for path in paths:
            save(draw_training(table, "title"), path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("settings", [{"loss": "cross-entropy"}, {"normalize": True}])
def test_other_objectives_learn_too(settings: dict, make_run: Any, tf: Any) -> None:
    from tfluck.networks import linear_layers
    from tfluck.training.trainer import Trainer

    run = make_run(**settings, batch_norm="none", lr=((0, 0.01),), epochs=4)
    trainer = Trainer(run, 1, lambda step, note: None)
    before = trainer.kernel.evaluator.evaluate()
    trainer.train()
    after = trainer.kernel.evaluator.evaluate()
    assert after.loss < before.loss
    if "normalize" in settings:
        for layer in linear_layers(trainer.student):
            rows = layer.kernel.numpy().reshape(-1, layer.kernel.shape[-1])
            np.testing.assert_allclose(np.linalg.norm(rows, axis=0), 1, atol=1e-4)


def test_zero_epochs_only_look(make_run: Any, tf: Any) -> None:
    from tfluck.runs import summarize
    from tfluck.training.trainer import Trainer

    run = make_run(epochs=0)
    trainer = Trainer(run, 1, lambda step, note: None)
    start = [weight.copy() for weight in trainer.student.get_weights()]
    trainer.train()
    assert run.status() == "finished"
    layer = summarize(run)["layers"][0]
    assert layer["mean_rank"] == {"initial": [None], "final": [None]}, "nobody has won"
    for before, after in zip(start, trainer.student.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_students_of_images_live_without_batch_norm_at_the_default_rate(
    make_run: Any, tf: Any
) -> None:
    """At the paper's 0.05 every student of the upper layer dies within an epoch."""
    from tfluck.runs import summarize
    from tfluck.training.trainer import Trainer

    sizes = {
        "teacher_widths": (4, 4),
        "multiplier": 10,
        "outputs": 100,
        "image_size": 16,
        "samples_per_epoch": 640,
        "batch_size": 64,
        "epochs": 1,
    }
    dead = {}
    for rate in (None, ((0, 0.05),)):
        given = sizes if rate is None else sizes | {"lr": rate}
        run = make_run(arch="cnn", batch_norm="none", **given)
        Trainer(run, 1, lambda step, note: None).train()
        found = summarize(run)
        dead[rate] = found["layers"][1]["dead_student_nodes"]["final"][0]
        assert bool(found["warnings"]) == (rate is not None)
    assert list(dead.values()) == [0, 40]


def test_a_dead_layer_hides_no_layer_above_it(tf: Any) -> None:
    """Ranks are told of every layer that has live teacher nodes, of no other."""
    from tfluck.training.metrics import rank_rows

    history = [[np.eye(2, 5), np.eye(3, 4)], [np.eye(2, 5), np.eye(3, 4)]]
    live = [np.zeros(2, bool), np.array([True, False, True])]
    rows = rank_rows([0, 9], history, live)
    assert {row.layer for row in rows} == {1} and {row.epoch for row in rows} == {0, 9}
    assert rank_rows([0], history[:1], live) == []


def test_two_checkpoints_are_kept(trained: Any) -> None:
    """One to go on from, and one for the day on which that is damaged."""
    assert len(list(trained.layout.checkpoints.glob("step-*.npz"))) == 2

"""A plain ``model.fit``, watched, gives the numbers of our own evaluation."""

from typing import Any

import numpy as np
import pytest

from tfluck.analysis import correlation, winner_ranks
from tfluck.foundations.errors import BadInput


@pytest.fixture
def plain(tf: Any) -> tuple[Any, Any, np.ndarray]:
    """A teacher and a wider student as a user writes them."""
    import keras

    keras.utils.set_random_seed(0)

    def build(widths: tuple[int, ...]) -> Any:
        layers: list[Any] = [keras.Input((5,))]
        for width in widths:
            layers += [keras.layers.Dense(width), keras.layers.ReLU()]
        return keras.Sequential([*layers, keras.layers.Dense(3)])

    x = np.random.default_rng(0).normal(size=(300, 5)).astype("float32")
    return build((3, 4)), build((6, 8)), x


def test_it_follows_a_fit(plain: Any) -> None:
    import tfluck

    teacher, student, x = plain
    watcher = tfluck.NodeWatcher(teacher, x[:100], batch_size=30)
    student.compile("sgd", "mse")
    student.fit(x, teacher(x).numpy(), epochs=2, verbose=0, callbacks=[watcher])
    assert sorted(watcher.correlations) == [0, 1, 2]
    tops = []
    for model in (teacher, student):
        activations = x[:100]
        for layer in model.layers[:4]:
            activations = layer(activations)
        tops.append(activations)
    expected = correlation(*tops)
    np.testing.assert_allclose(watcher.correlations[2][1], expected, atol=1e-6)
    values = {row[:4]: row.value for row in watcher.rows}
    for epoch, matches in watcher.matches.items():
        for match in matches:
            key = (epoch, "eval", match.layer, "mean_best_correlation")
            assert values[key] == match.mean_best_correlation
    alive = watcher.live[1]
    history = [watcher.correlations[e][1][alive] for e in range(3)]
    ranks = winner_ranks(history).mean(axis=1)
    for epoch in range(3):
        assert values[epoch, "eval", 1, "mean_rank"] == pytest.approx(ranks[epoch])


def test_the_same_numbers_as_the_evaluator(tf: Any, make_run: Any) -> None:
    """Our own models, watched by name, against what training records."""
    import keras

    import tfluck
    from tfluck.training.trainer import Trainer

    trainer = Trainer(make_run(), 1, lambda step, note: None)
    expected = trainer.kernel.evaluator.evaluate()
    x = np.concatenate([batch.numpy() for batch in trainer.kernel.evaluator.batches])
    logits = keras.Model(trainer.student.inputs, trainer.student.outputs[-1])
    logits.compile("sgd", "mse")
    watcher = tfluck.NodeWatcher(trainer.kernel.teacher, x)
    blank = np.zeros((len(x), 5))
    logits.fit(x, blank, shuffle=False, verbose=0, callbacks=[watcher])
    for ours, theirs in zip(
        watcher.correlations[0], expected.correlations, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_what_does_not_pair_is_refused(plain: Any) -> None:
    import keras

    import tfluck

    teacher, student, x = plain
    student.compile("sgd", "mse")
    with pytest.raises(BadInput, match="two samples"):
        tfluck.NodeWatcher(teacher, x[:1])
    with pytest.raises(BadInput, match="no layer nobody"):
        tfluck.NodeWatcher(teacher, x, teacher_layers=["nobody"])
    with pytest.raises(BadInput, match="the data has"):
        tfluck.NodeWatcher(teacher, x[:, :4])
    line = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    with pytest.raises(BadInput, match="no hidden layer"):
        tfluck.NodeWatcher(line, x)
    one = tfluck.NodeWatcher(teacher, x, teacher_layers=[teacher.layers[1].name])
    with pytest.raises(BadInput, match="1 hidden layers and the student 2"):
        student.fit(x, teacher(x).numpy(), epochs=1, verbose=0, callbacks=[one])

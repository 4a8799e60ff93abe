"""Objectives are the means they are called, and their gradients follow."""

from typing import Any

import numpy as np
import pytest
from laws.reference import loss_of

from tfluck.experiment.choices import OBJECTIVES


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_and_its_gradient_are_the_formulas(tf: Any, name: str) -> None:
    draw = np.random.default_rng(1)
    target, logits = draw.normal(size=(2, 7, 5))
    x = tf.Variable(logits)
    with tf.GradientTape() as tape:
        loss = OBJECTIVES[name](tf.constant(target), x)
    expected, gradient = loss_of(name, target, logits)
    assert loss.shape == () and float(loss) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(tape.gradient(loss, x), gradient, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_is_a_mean_over_samples(tf: Any, name: str) -> None:
    """So an evaluation in pieces is the evaluation of the whole."""
    draw = np.random.default_rng(2)
    target, logits = draw.normal(size=(2, 12, 3))
    find = OBJECTIVES[name]
    whole = float(find(target, logits))
    halves = [float(find(target[i : i + 6], logits[i : i + 6])) for i in (0, 6)]
    assert whole == pytest.approx(np.mean(halves), rel=1e-12)
    twice = find(np.tile(target, (2, 1)), np.tile(logits, (2, 1)))
    assert float(twice) == pytest.approx(whole, rel=1e-12)


def test_closed_facts(tf: Any) -> None:
    mse, entropy = OBJECTIVES["mse"], OBJECTIVES["cross-entropy"]
    x = np.random.default_rng(3).normal(size=(4, 6))
    assert float(mse(x, x)) == 0 and float(mse(x, x + 2)) == pytest.approx(4)
    assert float(entropy(x, 0 * x)) == pytest.approx(np.log(6))
    assert float(entropy(x, x + 5)) == pytest.approx(float(entropy(x, x)))
    sure = 1e3 * np.eye(6)[x.argmax(axis=1)]
    assert float(entropy(x, sure)) == pytest.approx(0, abs=1e-12)


def test_targets_are_not_trained(tf: Any) -> None:
    """Only which class of the target is the most probable counts for the entropy."""
    entropy = OBJECTIVES["cross-entropy"]
    draw = np.random.default_rng(4)
    target, logits = draw.normal(size=(2, 5, 3))
    assert float(entropy(target, logits)) == float(entropy(9 * target + 1, logits))


def test_a_new_objective_is_one_function(
    tf: Any, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.training.trainer import Trainer

    def absolute(target: Any, logits: Any) -> Any:
        return tf.reduce_mean(tf.abs(target - logits))

    monkeypatch.setitem(OBJECTIVES._known, "absolute", absolute)
    trainer = Trainer(make_run(loss="absolute", epochs=1), 1, lambda step, note: None)
    trainer.train()
    x = tf.concat(trainer.kernel.evaluator.batches, 0)
    found = trainer.kernel.evaluator.evaluate().loss
    outputs = (model(x, training=False)[-1].numpy().astype(np.float64)
               for model in (trainer.kernel.teacher, trainer.student))  # fmt: skip
    assert found == pytest.approx(np.mean(np.abs(np.subtract(*outputs))), rel=1e-5)

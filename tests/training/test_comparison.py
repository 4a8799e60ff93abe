"""Accuracy, its paired difference and agreement, against counting by hand."""

from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def found(tf: Any) -> dict[str, Any]:
    from tfluck.networks import Network
    from tfluck.training.evaluation import Evaluator
    from tfluck.training.objectives.mse import mean_squared_error

    draw = np.random.default_rng(2)

    def build(name: str) -> Any:
        model = Network("fc", (6,), (4,), 3).build(lambda layer, fan_in: {}, name)
        model.set_weights([draw.standard_normal(w.shape) for w in model.get_weights()])
        return model

    teacher, stranger, student = (build(name) for name in ("t", "x", "s"))
    x = draw.standard_normal((50, 6)).astype(np.float32)
    y = draw.integers(0, 3, 50)
    cuts = [slice(0, 20), slice(20, 50)]
    batches = [tf.constant(x[cut]) for cut in cuts]
    labels = [tf.constant(y[cut]) for cut in cuts]

    def look(*models: Any, labels: Any, batches: Any = batches) -> Any:
        return Evaluator(*models, mean_squared_error, batches, labels).evaluate()

    said = [model(x)[-1].numpy() for model in (teacher, student)]
    differ = np.diff([out.argmax(1) == y for out in said], axis=0)[0]
    two = [np.flatnonzero(differ)[0], np.flatnonzero(~differ)[0]]
    pair = {"labels": [tf.constant(y[two])], "batches": [tf.constant(x[two])]}
    return {
        "full": look(teacher, stranger, student, labels=labels),
        "unlabelled": look(teacher, stranger, student, labels=None),
        "two": look(teacher, stranger, student, **pair),
        "alone": look(None, None, student, labels=labels),
        "teacher": said[0],
        "student": said[1],
        "y": y,
    }


def test_the_comparison_is_a_count_of_pairs(found: dict[str, Any]) -> None:
    right, teacher_right = (
        (found[who].argmax(1) == found["y"]).astype(float)
        for who in ("student", "teacher")
    )
    difference = right - teacher_right
    assert 0 < abs(difference).sum() < 50
    comparison = found["full"].comparison
    assert found["full"].accuracy == pytest.approx(right.mean())
    assert comparison.teacher_accuracy == pytest.approx(teacher_right.mean())
    assert comparison.accuracy_difference == pytest.approx(difference.mean())
    error = difference.std(ddof=1) / np.sqrt(50)
    assert comparison.accuracy_difference_error == pytest.approx(error)


def test_two_samples_of_which_one_differs(found: dict[str, Any]) -> None:
    """Of the differences 1 and 0 the mean is ½, and its standard error ½ too."""
    comparison = found["two"].comparison
    assert abs(comparison.accuracy_difference) == pytest.approx(0.5)
    assert comparison.accuracy_difference_error == pytest.approx(0.5)


def test_agreement_needs_no_labels(found: dict[str, Any]) -> None:
    agree = (found["student"].argmax(1) == found["teacher"].argmax(1)).mean()
    assert found["full"].comparison.agreement == pytest.approx(agree)
    assert found["unlabelled"].accuracy == pytest.approx(agree)
    assert found["unlabelled"].comparison is None
    assert found["unlabelled"].loss == pytest.approx(found["full"].loss)


def test_without_a_teacher_the_labels_are_the_target(found: dict[str, Any]) -> None:
    alone = found["alone"]
    assert alone.accuracy == found["full"].accuracy
    assert alone.comparison is None and not alone.correlations
    wanted = ((np.eye(3)[found["y"]] - found["student"]) ** 2).mean()
    assert alone.loss == pytest.approx(wanted, rel=1e-5)

"""What is trained is what the formulas say, worked out again without TensorFlow."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from laws.reference import Arrays, Net, Training, loss_of, schedule

from tfluck.runs import read_rows

#: Twenty-one steps in float32 against float64.
CLOSE = {"rtol": 1e-3, "atol": 2e-5}


def arrays_of(model: Any) -> Arrays:
    return {v.path: np.asarray(v.numpy(), np.float64) for v in model.variables}


class Again(NamedTuple):
    """A specimen's first student, trained by the reference."""

    student: Net
    #: The mean loss of the training steps, and the loss of the evaluation set, by epoch.
    train: dict[int, float]
    evaluation: dict[int, float]


@pytest.fixture(scope="session")
def again(specimen: Any) -> Again:
    from tfluck.data.training_data import evaluation_set, open_stream

    config, kernel = specimen.run.experiment, specimen.kernel
    seed = specimen.run.seeds[0]
    depth = len(config.network.teacher_widths)
    kernel.reset(seed)
    student = Net(
        arrays_of(kernel.student),
        depth,
        config.network.batch_norm,
        config.network.arch,
    )
    teacher = None
    if kernel.teacher is not None:
        arrays = arrays_of(kernel.teacher)
        teacher = Net(
            arrays, depth, config.network.teacher_batch_norm, config.network.arch
        )
    stream = open_stream(config, seed, "train", kernel.images)
    looks = evaluation_set(config, kernel.images)
    training = Training(config, student)
    found = Again(student, {}, {0: evaluate(student, teacher, config, *looks)})
    losses = []
    for step in range(config.training.steps):
        batch = stream.batches(step, 1)
        x, target = batch if teacher is None else (batch, None)
        x = x[0].numpy().astype(np.float64)
        target = target[0].numpy() if teacher is None else teacher(x)[-1]
        epoch, rest = divmod(step + 1, config.training.steps_per_epoch)
        rate = schedule(config.training.lr, step // config.training.steps_per_epoch)
        losses.append(training.step(x, target, rate))
        last = epoch == config.training.epochs
        if rest == 0 and (epoch % config.watch.eval_every == 0 or last):
            found.train[epoch] = float(np.mean(losses))
            found.evaluation[epoch] = evaluate(student, teacher, config, *looks)
            losses = []
    return found


def evaluate(
    student: Net, teacher: Net | None, config: Any, batches: Any, labels: Any
) -> float:
    x = np.concatenate([batch.numpy() for batch in batches]).astype(np.float64)
    if teacher is not None:
        target = teacher(x)[-1]
    else:
        classes = np.concatenate([label.numpy() for label in labels])
        target = np.eye(config.network.outputs)[classes]
    return loss_of(config.training.loss, target, student(x)[-1])[0]


def test_every_weight_ends_where_the_formulas_lead(specimen: Any, again: Again) -> None:
    layout = specimen.run.layout.seed(specimen.run.seeds[0])
    newest = sorted(layout.checkpoints.glob("*.npz"))[-1]
    with np.load(newest) as archive:
        for name, expected in again.student.arrays.items():
            np.testing.assert_allclose(archive[name], expected, **CLOSE, err_msg=name)


@pytest.mark.parametrize("split", ["train", "eval"])
def test_losses_are_those_of_the_formulas(
    specimen: Any, again: Again, split: str
) -> None:
    """The loss of an epoch is the mean of its own steps, and of nobody else's."""
    expected = again.train if split == "train" else again.evaluation
    rows = read_rows(specimen.run.layout.seed(specimen.run.seeds[0]).metrics)
    found = {r.epoch: r.value for r in rows if (r.split, r.metric) == (split, "loss")}
    assert found == pytest.approx(expected, rel=1e-4)

"""Nets that learned labels: read again as they were trained, and as sharp as they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make

from tfluck.data import describe
from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput
from tfluck.runs import Run

SETTINGS: dict[str, Any] = {
    "dataset": "digits",
    "targets": "labels",
    "labels": "shuffled",
    "loss": "cross-entropy",
    "batch_norm": "none",
    "teacher_widths": (4, 3),
    "multiplier": 1,
    "epochs": 1,
    "samples": 96,
    "eval_samples": 30,
    "batch_size": 16,
    "chunk": 6,
    "jit": False,
    "seeds": 1,
}


@pytest.fixture(scope="module")
def learned_run(tf: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A net of two layers after one pass over 96 digits."""
    from tfluck.sweeps import train_run

    given = configure("smoke", data=describe("digits"), **SETTINGS)
    run = make(Path(tmp_path_factory.mktemp("labelled")), given)
    train_run(run)
    return run


def test_the_sharpest_direction_is_the_hessian_s(learned_run: Run) -> None:
    from tfluck.experiment.choices import OBJECTIVES
    from tfluck.networks.curvature import Surface, in_float64
    from tfluck.networks.shapes import networks
    from tfluck.studies.labelled import _model, learned, sharpest

    seed = learned_run.seeds[0]
    x, targets = learned(learned_run, 40)
    network = networks(learned_run.experiment)[1]
    exact = in_float64(network, _model(learned_run, seed))
    loss = OBJECTIVES.find("cross-entropy")
    hessian = Surface(exact, loss, x, targets).hessian()
    largest = np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1]
    assert largest > 0
    assert sharpest(learned_run, seed, 40) == pytest.approx(largest, rel=1e-5)
    assert sharpest(learned_run, seed, 10) != pytest.approx(largest, rel=1e-3)


def test_what_it_learned_are_the_labels_that_were_dealt(learned_run: Run) -> None:
    from tfluck.data import load_images
    from tfluck.studies.labelled import learned

    x, targets = learned(learned_run, 96)
    assert targets.shape == (96, 10)
    assert (targets.sum(axis=1) == 1).all()
    digits = load_images("digits")
    true = {
        row.tobytes(): int(label)
        for row, label in zip(
            digits.normalize(digits.x_train), digits.y_train, strict=True
        )
    }
    same = [
        true[row.astype(np.float32).tobytes()] == label
        for row, label in zip(x, targets.argmax(axis=1), strict=True)
    ]
    assert np.mean(same) < 0.5


def test_the_net_is_read_as_it_was_trained(learned_run: Run) -> None:
    from tfluck.studies.labelled import _model, evaluated, network_of

    seed, x = learned_run.seeds[0], evaluated(learned_run)
    assert len(x) == 30
    wanted = _model(learned_run, seed)(x.astype("f"), training=False)[-1].numpy()
    found = network_of(learned_run, seed).activations(x)[-1]
    assert found == pytest.approx(wanted, rel=1e-4, abs=1e-5)


@pytest.mark.usefixtures("tf")
def test_students_of_a_teacher_are_refused(make_run: Callable[..., Run]) -> None:
    from tfluck.studies.labelled import network_of

    with pytest.raises(BadInput, match="has a teacher"):
        network_of(make_run(), 1)

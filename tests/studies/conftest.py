"""Small finished runs, each trained once in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making import make

from tfluck.experiment.scales import configure
from tfluck.runs import Run

KINDS: dict[str, dict[str, Any]] = {
    "dense": {},
    "dense-norm": {"batch_norm": "after-relu", "momentum": 0.9, "weight_decay": 0.01},
    "conv": {"arch": "cnn", "batch_norm": "after-relu", "bn_affine": True},
    "residual": {"arch": "resnet", "teacher_widths": (3, 2, 3), "lr": ((0, 0.01),)},
}


def train(run: Run) -> Run:
    """Train every student of ``run`` here, one after the other."""
    from tfluck.training.kernel import Kernel
    from tfluck.training.teachers import keep_teacher
    from tfluck.training.trainer import Trainer

    kernel = Kernel(run)
    if kernel.teacher is not None:
        keep_teacher(run, kernel.teacher)
    for seed in run.seeds:
        Trainer(run, seed, lambda step, note: None, kernel).train()
    return run


@pytest.fixture(scope="session")
def finished(
    tf: Any, tiny: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Run]:
    """Return a finished run of two students of one of :data:`KINDS`."""
    root = tmp_path_factory.mktemp("studies") / "runs"
    known: dict[str, Run] = {}

    def made(kind: str) -> Run:
        if kind not in known:
            # Three times the teacher's nodes: winners, their rivals, and others.
            given = {"batch_norm": "none", "multiplier": 3, "seeds": 2, "epochs": 2}
            small = {"samples_per_epoch": 160, "eval_samples": 60, "keep_epochs": (1,)}
            pair = configure(**tiny | given | small | KINDS[kind])
            known[kind] = train(make(root, pair, kind))
        return known[kind]

    return made


@pytest.fixture
def runs(finished: Callable[[str], Run]) -> Path:
    """The folder of runs."""
    return finished("dense").layout.root.parent

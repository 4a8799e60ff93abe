"""One table of small runs that together have every feature a run can have.

The laws of this folder hold for each of them; ``test_coverage`` says that nothing which
can be chosen is missing here.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from making import Pair
from making import make as made

from tfluck.data import describe
from tfluck.experiment.scales import configure
from tfluck.runs import Run

#: Three epochs of seven steps, in chunks of three, three and one.
BASE: dict[str, Any] = {
    "teacher_widths": (3, 4),
    "multiplier": 2,
    "outputs": 5,
    "input_dim": 6,
    "image_size": 7,
    "epochs": 3,
    "samples_per_epoch": 84,
    "batch_size": 12,
    "eval_samples": 40,
    "chunk": 3,
    "jit": False,
    "batch_norm": "none",
    "seeds": 2,
}
#: Real images, cropped and mirrored anew at every step.
DIGITS = {
    "dataset": "digits",
    "sample_shape": (8, 8, 1),
    "outputs": 10,
    "augment": True,
}
LABELS = DIGITS | {"targets": "labels", "multiplier": 1}
SPECIMENS: dict[str, dict[str, Any]] = {
    "plain": {"jit": True},
    "adam": {
        "optimizer": "adam",
        "lr": ((0, 0.003), (2, 0.001)),
        "weight_decay": 0.01,
        "jit": True,
        "keep_epochs": (0, -2),
    },
    "conv-adam": {
        "arch": "cnn",
        "batch_norm": "after-relu",
        "optimizer": "adam",
        "lr": ((0, 0.003),),
        "eval_every": 2,
        "keep_epochs": (1, 3),
    },
    "momentum": {
        "batch_norm": "after-relu",
        "bn_affine": True,
        "momentum": 0.9,
        "weight_decay": 0.01,
        "lr": ((0, 0.05), (1, 0.01), (2, 0.03)),
        "teacher_init": "default",
        "teacher_bias": -0.2,
    },
    "normalized": {
        "batch_norm": "before-relu",
        "normalize": True,
        "eval_every": 2,
        "watch": ("rank", "correlation", "overlap"),
        "student_init": "perturb:0.3",
        "data_std": 2.0,
    },
    "cross-entropy": {
        "loss": "cross-entropy",
        "student_init": "same-sign",
        "samples": 30,
        "momentum": 0.5,
        "normalize": True,
    },
    "conv": {
        "arch": "cnn",
        "lr": ((0, 1e-3), (2, 1e-4)),
        "samples": 24,
        "student_init": "same-direction",
    },
    "conv-before": {
        "arch": "cnn",
        "batch_norm": "before-relu",
        "bn_affine": True,
        "normalize": True,
        "weight_decay": 0.01,
        "eval_every": 3,
    },
    "conv-after": {
        "arch": "cnn",
        "batch_norm": "after-relu",
        "bn_affine": False,
        "loss": "cross-entropy",
        "momentum": 0.9,
    },
    "residual": {
        "arch": "resnet",
        "teacher_widths": (3, 2, 3),
        "batch_norm": "after-relu",
        "student_init": "perturb:0.3",
        "jit": True,
        "dataset": "uniform",
    },
    "residual-conv": {
        "arch": "resnet-conv",
        "teacher_widths": (2, 3, 2),
        "batch_norm": "before-relu",
        "bn_affine": True,
        "momentum": 0.9,
        "lr": ((0, 0.01),),
        "dataset": "rademacher",
    },
    "mixed": {
        "arch": "mixed",
        "batch_norm": "before-relu",
        "normalize": True,
        "dataset": "mixture:3",
    },
    "tails": {"dataset": "student-t:3", "covariance": "spectrum:1", "samples": 40},
    "digits": DIGITS | {"samples": 90, "seed": 5},
    "npz": {"dataset": "npz", "arch": "cnn", "batch_norm": "after-relu"},
    "labels": LABELS
    | {
        "arch": "cnn",
        "loss": "cross-entropy",
        "batch_norm": "after-relu",
        "bn_affine": True,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "prune": (0.3,),
    },
    "labels-dense": LABELS
    | {"batch_norm": "before-relu", "lr": ((0, 0.1),), "labels": "shuffled"},
    "pretrained": DIGITS | {"teacher": "labels", "batch_norm": "after-relu"},
    "pretrained-dense": DIGITS | {"teacher": "labels-dense", "loss": "cross-entropy"},
}
#: A row for each thing that differs in a training's code, for costly laws: the others are
#: asked by ``make test-all``.
FEW = (
    "plain",
    "adam",
    "momentum",
    "normalized",
    "conv-before",
    "residual-conv",
    "labels",
    "pretrained",
)
#: One dense and one conv run, for what costs a process of its own.
DEAR = ("momentum", "conv-before")


def tinted(folder: Path) -> Path:
    """Write a small set of colour images of four classes; always the same bytes."""
    draw = np.random.default_rng(7)
    y = np.arange(110) % 4
    x = draw.integers(0, 100, (110, 7, 7, 3)) + 35 * y[:, None, None, None]
    x = x.astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tinted.npz"
    np.savez(path, x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    return path


def config_of(name: str, folder: Path, teacher: Path | None = None) -> Pair:
    """Make the settings of a specimen; ``folder`` is where its own files may lie."""
    chosen = BASE | SPECIMENS[name]
    data: dict[str, Any] | None = None
    if chosen.get("dataset") == "npz":
        chosen["dataset"] = f"npz:{tinted(folder)}"
        data = describe(chosen["dataset"])
        del chosen["outputs"]
    if "teacher" in chosen:
        from tfluck.runs import read_teacher

        assert teacher is not None
        chosen |= read_teacher(teacher).settings(teacher)
    return configure("paper", data=data, **chosen)


def make(name: str, folder: Path, teacher: Path | None = None) -> Run:
    """Make the run directory of a specimen."""
    return made(folder, config_of(name, folder.parent, teacher), name)


def train(
    run: Run,
    seed: int,
    kernel: Any = None,
    stop_asked: Callable[[], int | None] = lambda: None,
    report: Callable[[int, str], None] = lambda step, note: None,
) -> None:
    """Train one student, or go on with it, in this process."""
    from tfluck.training.trainer import Trainer

    Trainer(run, seed, report, kernel).train(stop_asked)


def outcome(run: Run, seed: int) -> dict[str, str]:
    """Everything a training leaves behind that may not depend on how it came about."""
    layout = run.layout.seed(seed)
    newest = sorted(layout.checkpoints.glob("*.npz"))[-1]
    found = {}
    for path in [newest, *sorted(layout.correlations.glob("*.npz"))]:
        with np.load(path) as archive:
            for name in archive.files:
                array = archive[name]
                bits = hashlib.sha256(array.tobytes()).hexdigest()
                found[f"{path.name}/{name}"] = f"{array.dtype} {array.shape} {bits}"
    for epoch in layout.kept_epochs():
        kept = layout.kept_weights(epoch).read_bytes()
        found[f"kept-{epoch}"] = hashlib.sha256(kept).hexdigest()
    return found | {
        "metrics": layout.metrics.read_text(),
        "ranks": layout.ranks.read_text(),
        "status": str(run.seed_status(seed)["status"]),
    }

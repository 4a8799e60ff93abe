"""Which settings make sense together; a configuration is held to it when it is made."""

import math
from typing import TYPE_CHECKING

from tfluck.experiment.choices import CHOICES, IMAGE_SETS, STUDENT_INITS, perturbation
from tfluck.experiment.inputs import LAW_NAMES, spectrum
from tfluck.experiment.limits import check_sizes
from tfluck.foundations.errors import BadInput

if TYPE_CHECKING:
    from tfluck.experiment.config import RunConfig


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BadInput(message)


def check(config: "RunConfig") -> None:
    """Refuse a configuration that cannot be trained.

    Raises:
        BadInput: a setting is out of range, or two do not go together.
    """
    for name, allowed in CHOICES.items():
        value = getattr(config, name)
        _require(
            value in allowed,
            f"{name.replace('_', '-')} must be one of {', '.join(allowed)}, not {value!r}.",
        )
    _check_data(config)
    _check_counts(config)
    _check_numbers(config)
    _check_shapes(config)


def _check_data(config: "RunConfig") -> None:
    _require(
        config.law is not None
        or config.dataset in IMAGE_SETS
        or config.dataset.startswith("npz:"),
        f"Unknown data set {config.dataset!r}; use {', '.join((*LAW_NAMES, *IMAGE_SETS))} "
        "or npz:PATH.",
    )
    _require(
        config.labelled == (config.sample_shape is not None),
        f"{config.dataset} needs the settings that tfluck.data.describe gives."
        if config.labelled
        else f"sample-shape belongs to labelled data; {config.dataset} has input-dim and "
        "image-size.",
    )
    _require(
        config.covariance == "identity"
        or (not config.labelled and len(config.input_shape) == 1),
        "covariance scales the coordinates of unlabelled vectors, as fc and resnet read "
        "them; leave it out.",
    )
    spectrum(config.covariance, 1)
    _require(
        not config.augment or len(config.sample_shape or ()) == 3,
        "Only images can be augmented.",
    )
    if config.targets == "labels":
        _require(
            config.labelled,
            f"{config.dataset} has no labels to learn; use an image set.",
        )
        _require(
            config.student_init == "default",
            "A net that learns labels has no teacher to start near.",
        )
    _require(
        config.labels == "true" or config.targets == "labels",
        "labels are shuffled where a net learns them: use `tfluck pretrain`.",
    )
    _require(
        not config.teacher_digest or config.teacher_bias == 0,
        "teacher-bias shifts a random teacher's biases, not a pretrained one's.",
    )
    _require(
        all(0 <= share < 1 for share in config.prune)
        and len(config.prune) in (0, 1, len(config.teacher_widths)),
        "prune takes one share in [0, 1), or one for every hidden layer.",
    )


def _check_counts(config: "RunConfig") -> None:
    for name in [
        "multiplier",
        "outputs",
        "input_dim",
        "image_size",
        "epochs",
        "samples_per_epoch",
        "batch_size",
        "seeds",
        "eval_samples",
        "eval_every",
        "chunk",
        "threads",
    ]:
        value = getattr(config, name)
        low = 0 if name == "epochs" else 1
        _require(
            value >= low,
            f"{name.replace('_', '-')} must be a whole number of at least {low}, not {value!r}.",
        )
    _require(config.seed >= 0, f"seed must be at least 0, not {config.seed}.")


def _check_numbers(config: "RunConfig") -> None:
    for name in ("data_std", "momentum", "weight_decay", "teacher_bias"):
        value = getattr(config, name)
        _require(
            math.isfinite(value) and (name == "teacher_bias" or value >= 0),
            f"{name.replace('_', '-')} must be a finite number of at least 0, not {value}.",
        )
    epochs, rates = [at for at, _ in config.lr], [rate for _, rate in config.lr]
    _require(
        all(math.isfinite(rate) and rate >= 0 for rate in rates),
        f"Learning rates must be finite and at least 0, not {rates}.",
    )
    _require(
        bool(epochs) and epochs[0] == 0 and sorted(set(epochs)) == epochs,
        f"A schedule starts at epoch 0 and its epochs rise, not {epochs}.",
    )
    noise = perturbation(config.student_init)
    _require(
        config.student_init in STUDENT_INITS or (noise is not None and noise >= 0),
        f"student-init must be one of {', '.join(STUDENT_INITS)}, "
        f"not {config.student_init!r}.",
    )


def _check_shapes(config: "RunConfig") -> None:
    widths = config.teacher_widths
    _require(
        bool(widths) and min(widths) >= 1,
        f"teacher-widths must all be at least 1, not {'-'.join(map(str, widths))}.",
    )
    _require(
        config.samples is None or config.batch_size <= config.samples,
        f"A batch of {config.batch_size} does not fit a data set of {config.samples} "
        "samples; lower --batch-size or raise --samples.",
    )
    _require(
        config.batch_norm == "none" or config.batch_size >= 2,
        "BatchNorm needs batches of at least 2 samples.",
    )
    shape = config.input_shape
    _require(
        len(shape) == 3 or not config.reads_images,
        f"A {config.arch} needs images, and {config.dataset} has samples of shape "
        f"{shape}; use --arch fc.",
    )
    config.graph()  # says itself what it cannot be drawn with
    check_sizes(config)

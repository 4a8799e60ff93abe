"""One frozen value that says everything that decides a run's result."""

import dataclasses
import hashlib
import math
from dataclasses import dataclass, fields
from typing import Any

from tfluck.choices import (
    CHOICES,
    IMAGE_SETS,
    STUDENT_INITS,
    Arch,
    BatchNormPlace,
    Loss,
    Schedule,
    Targets,
    TeacherInit,
    perturbation,
)
from tfluck.errors import BadInput
from tfluck.files import to_json

#: Fields that decide how fast a result comes, who sees it or where its ingredients lie,
#: but not what it is.
EXECUTION = frozenset({"jit", "chunk", "data_dir", "teacher"})


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A teacher, its students, their data and their training; checked when made.

    Build one with :func:`make_config`, which fills what depends on the architecture.
    ``epoch`` means ``samples_per_epoch`` samples, rounded up to whole batches.
    """

    dataset: str = "gaus"
    arch: Arch = "fc"
    teacher_widths: tuple[int, ...] = (50, 75, 100, 125)
    multiplier: int = 10
    outputs: int = 100
    input_dim: int = 20
    image_size: int = 16
    data_std: float = 10.0
    batch_norm: BatchNormPlace = "after-relu"
    bn_affine: bool = False
    #: Size of a finite data set; None draws fresh samples for ever.
    samples: int | None = None
    epochs: int = 40
    samples_per_epoch: int = 100_000
    batch_size: int = 64
    lr: Schedule = ((0, 0.05),)
    momentum: float = 0.0
    weight_decay: float = 0.0
    loss: Loss = "mse"
    teacher_init: TeacherInit = "separated"
    teacher_bias: float = 0.0
    student_init: str = "default"
    normalize: bool = False
    seed: int = 1
    seeds: int = 1
    eval_samples: int = 10_000
    eval_every: int = 1
    jit: bool = True
    chunk: int = 200
    #: Where published image sets lie; None for TFDS's own directory.
    data_dir: str | None = None
    #: Digest of an npz file's bytes when the run was made.
    data_digest: str = ""
    #: Shape of one labelled sample; None for Gaussian data, whose shape has names.
    sample_shape: tuple[int, ...] | None = None
    #: Train on random crops and mirror images.
    augment: bool = False
    #: What students learn: a teacher's outputs, or the true labels (pretraining).
    targets: Targets = "teacher"
    #: Directory of a pretrained teacher, and the digest of its weights.
    teacher: str | None = None
    teacher_digest: str = ""
    teacher_batch_norm: BatchNormPlace = "none"
    teacher_bn_affine: bool = False
    #: Share of each hidden layer's nodes to remove when pretraining is over.
    prune: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @property
    def student_widths(self) -> tuple[int, ...]:
        """Nodes of each hidden student layer."""
        return tuple(self.multiplier * width for width in self.teacher_widths)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        if self.sample_shape is not None:
            return self.sample_shape
        side = self.image_size
        return (side, side, 1) if self.arch == "cnn" else (self.input_dim,)

    @property
    def data_kind(self) -> str:
        """The data set's name without a path: ``npz`` for ``npz:PATH``."""
        return self.dataset.partition(":")[0]

    @property
    def labelled(self) -> bool:
        """Whether the data are images with true classes."""
        return self.dataset != "gaus"

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch."""
        return math.ceil(self.samples_per_epoch / self.batch_size)

    @property
    def steps(self) -> int:
        """Batches of the whole training of one student."""
        return self.epochs * self.steps_per_epoch

    @property
    def student_seeds(self) -> tuple[int, ...]:
        """The seed of each student; the teacher's is ``seed``."""
        return tuple(range(self.seed, self.seed + self.seeds))

    def learning_rate(self, epoch: int) -> float:
        """Return the rate during ``epoch``, counted from 0."""
        return [rate for start, rate in self.lr if start <= epoch][-1]

    def to_dict(self) -> dict[str, Any]:
        """Return every field, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunConfig":
        """Rebuild from :meth:`to_dict`'s result, also after a trip through JSON.

        Raises:
            BadInput: a field is unknown or out of range.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise BadInput(f"Unknown settings: {', '.join(unknown)}.")
        given = dict(values)
        for name in ("teacher_widths", "sample_shape", "prune"):
            if given.get(name) is not None:
                given[name] = tuple(given[name])
        if "lr" in given:
            given["lr"] = tuple((int(at), float(rate)) for at, rate in given["lr"])
        return cls(**given)

    def digest(self) -> str:
        """Name the experiment: 12 hex digits of what differs from the defaults.

        Settings in :data:`EXECUTION` do not count, and a field added later with a
        default does not rename old runs.
        """
        chosen = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in EXECUTION
            and getattr(self, field.name) != field.default
        }
        if self.data_digest:
            chosen["dataset"] = self.data_kind  # its bytes count, not where they lie
        text = to_json(dict(sorted(chosen.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BadInput(message)


def _check(config: RunConfig) -> None:
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


def _check_data(config: RunConfig) -> None:
    _require(
        config.dataset in ("gaus", *IMAGE_SETS) or config.dataset.startswith("npz:"),
        f"Unknown data set {config.dataset!r}; use gaus, {', '.join(IMAGE_SETS)} "
        "or npz:PATH.",
    )
    _require(
        config.labelled == (config.sample_shape is not None),
        f"{config.dataset} needs the settings that tfluck.data.describe gives."
        if config.labelled
        else "sample-shape belongs to labelled data; gaus has input-dim and image-size.",
    )
    _require(
        not config.augment or len(config.sample_shape or ()) == 3,
        "Only images can be augmented.",
    )
    if config.targets == "labels":
        _require(config.labelled, "gaus has no labels to learn; use an image set.")
        _require(
            config.student_init == "default",
            "A net that learns labels has no teacher to start near.",
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


def _check_counts(config: RunConfig) -> None:
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
    ]:
        value = getattr(config, name)
        low = 0 if name == "epochs" else 1
        _require(
            isinstance(value, int) and value >= low,
            f"{name.replace('_', '-')} must be a whole number of at least {low}, not {value!r}.",
        )
    _require(config.seed >= 0, f"seed must be at least 0, not {config.seed}.")


def _check_numbers(config: RunConfig) -> None:
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


def _check_shapes(config: RunConfig) -> None:
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
    if config.arch == "fc":
        return
    shape = config.input_shape
    _require(
        len(shape) == 3,
        f"A cnn needs images, and {config.dataset} has samples of shape {shape}; "
        "use --arch fc.",
    )
    _require(
        min(shape[:2]) > 2 * len(widths),
        f"{len(widths)} convolutions of 3×3 without padding need an image-size above "
        f"{2 * len(widths)}, not {min(shape[:2])}.",
    )

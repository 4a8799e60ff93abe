"""An experiment is a value: small frozen specifications of what is to be done.

What stands here decides a run's result, and so its name. How it is computed, where its
ingredients lie and how many students there are stand in :mod:`tfluck.experiment.execution`.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from tfluck.architectures import ARCHITECTURES, BatchNormPlace
from tfluck.experiment.choices import (
    OBJECTIVES,
    OPTIMIZERS,
    STUDENT_INITS,
    Labels,
    Schedule,
    Targets,
    TeacherInit,
    check_covariance,
    check_start,
    parse_names,
    parse_samples,
    parse_schedule,
    parse_shares,
    parse_widths,
)
from tfluck.experiment.fields import hold, setting
from tfluck.experiment.sources import Source, find_source, law_names
from tfluck.foundations.errors import BadInput


# Plugins bring more of these, and a plugin may import this module: they are asked late.
def _about_data() -> str:
    return f"Inputs drawn for ever from {', '.join(law_names())}, or an image set."


def _about_architectures() -> str:
    return "; ".join(f"{a.name}: {a.help}" for a in ARCHITECTURES.values()) + "."


def _architectures() -> Collection[str]:
    return ARCHITECTURES


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the inputs are: a law they are drawn from for ever, or a set of images."""

    dataset: str = setting(
        "gaus",
        _about_data,
        metavar="gaus|uniform|…|cifar10|…|npz:PATH",
    )
    input_dim: int = setting(20, "Input dimension of fc and resnet.", low=1)
    image_size: int = setting(16, "Height and width of the images of cnn.", low=1)
    covariance: str = setting(
        "identity",
        "Of vectors: spectrum:DECAY gives coordinate i variance ∝ i^−DECAY.",
    )
    data_std: float = setting(10.0, "Standard deviation of the inputs.", low=0)
    samples: int | None = setting(
        None,
        "Size of the data set; None draws fresh samples for ever.",
        parse=parse_samples,
        metavar="infinite|N",
        default_text="infinite",
        low=1,
    )
    augment: bool = setting(
        False,
        "Random crops and mirror images.",
        default_text="no; yes for cifar10, cifar100",
    )
    #: Labels of the training samples: their own, or each other's, which nothing but
    #: memory can learn. Those of the test samples stay.
    labels: Labels = setting("true", hidden=True)
    #: Shape of one labelled sample; None for unlabelled inputs, whose shape has names.
    sample_shape: tuple[int, ...] | None = setting(None, hidden=True)
    #: Digest of an npz file's bytes when the run was made.
    data_digest: str = setting("", hidden=True)

    def __post_init__(self) -> None:
        hold(self)
        # student-t:5.0 is student-t:5
        object.__setattr__(self, "dataset", self.source.name)
        check_covariance(self.covariance)
        if self.augment and len(self.sample_shape or ()) != 3:
            raise BadInput("Only images can be augmented.")

    @property
    def kind(self) -> str:
        """The data set's name without a path: ``npz`` for ``npz:PATH``."""
        return self.dataset.partition(":")[0]

    @property
    def source(self) -> Source:
        """What the inputs are drawn from."""
        return find_source(self.dataset)

    @property
    def labelled(self) -> bool:
        """Whether the data are images with true classes."""
        return self.source.labelled


@dataclass(frozen=True, kw_only=True)
class Networks:
    """A small teacher and its wide students, drawn by one architecture."""

    arch: str = setting("fc", _about_architectures, choices=_architectures)
    teacher_widths: tuple[int, ...] = setting(
        (50, 75, 100, 125),
        "Nodes of each hidden layer.",
        parse=parse_widths,
        metavar="10-15-20",
    )
    multiplier: int = setting(10, "Student width over teacher width.", low=1)
    outputs: int = setting(
        100,
        "Outputs.",
        default_text="100; the number of classes on labelled data",
        low=1,
    )
    batch_norm: BatchNormPlace = setting("after-relu", "Where BatchNorm stands.")
    bn_affine: bool = setting(
        False,
        "BatchNorm scale and shift.",
        default_text="no; yes with convolutions",
    )
    teacher_batch_norm: BatchNormPlace = setting("none", hidden=True)
    teacher_bn_affine: bool = setting(False, hidden=True)

    def __post_init__(self) -> None:
        hold(self)
        if not self.teacher_widths or min(self.teacher_widths) < 1:
            shown = "-".join(map(str, self.teacher_widths))
            raise BadInput(f"teacher-widths must all be at least 1, not {shown}.")

    @property
    def student_widths(self) -> tuple[int, ...]:
        """Nodes of each hidden student layer."""
        return tuple(self.multiplier * width for width in self.teacher_widths)

    @property
    def reads_images(self) -> bool:
        """Whether the architecture looks at images as images."""
        return ARCHITECTURES[self.arch].images


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where teacher and students begin."""

    teacher_init: TeacherInit = setting("separated", "separated is the paper's.")
    teacher_bias: float = setting(0.0, "Added to every hidden teacher bias.")
    student_init: str = setting("default", f"One of {', '.join(STUDENT_INITS)}.")
    #: Digest of a pretrained teacher's weights; "" for a random one.
    teacher_digest: str = setting("", hidden=True)

    def __post_init__(self) -> None:
        hold(self)
        check_start(self.student_init)
        if self.teacher_digest and self.teacher_bias:
            raise BadInput(
                "teacher-bias shifts a random teacher's biases, not a pretrained one's."
            )


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is learned, for how long and by which steps.

    ``epoch`` means ``samples_per_epoch`` samples, rounded up to whole batches.
    """

    epochs: int = setting(40, low=0, high=1_000_000)
    samples_per_epoch: int = setting(
        100_000, default_text="100000; the size of a finite set", low=1
    )
    batch_size: int = setting(64, low=1)
    optimizer: str = setting(
        "sgd",
        "How gradients become steps; adam starts from rate 0.001, without momentum.",
        choices=lambda: OPTIMIZERS,
    )
    lr: Schedule = setting(
        ((0, 0.05),),
        "A rate, or a schedule like 0:0.05,20:0.01.",
        parse=parse_schedule,
        metavar="rate",
        default_text="0.05; less for labels and for cnn without BatchNorm",
    )
    momentum: float = setting(0.0, "In PyTorch's meaning.", low=0)
    weight_decay: float = setting(0.0, "In PyTorch's meaning.", low=0)
    loss: str = setting(
        "mse", "cross-entropy is on the teacher's argmax.", choices=lambda: OBJECTIVES
    )
    normalize: bool = setting(False, "Rows back to norm 1 after every step.")
    #: What students learn: a teacher's outputs, or the true labels (pretraining).
    targets: Targets = setting("teacher", hidden=True)
    #: Share of each hidden layer's nodes to remove when pretraining is over.
    prune: tuple[float, ...] = setting((), parse=parse_shares, hidden=True)

    def __post_init__(self) -> None:
        hold(self)
        if self.optimizer == "adam" and self.momentum:
            raise BadInput(
                f"Adam has a momentum of its own; leave out momentum {self.momentum}, or "
                "use the optimizer sgd."
            )
        epochs, rates = [at for at, _ in self.lr], [rate for _, rate in self.lr]
        if not all(math.isfinite(rate) and rate >= 0 for rate in rates):
            raise BadInput(
                f"Learning rates must be finite and at least 0, not {rates}."
            )
        if not epochs or epochs[0] or sorted(set(epochs)) != epochs:
            raise BadInput(
                f"A schedule starts at epoch 0 and its epochs rise, not {epochs}."
            )

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch."""
        return math.ceil(self.samples_per_epoch / self.batch_size)

    @property
    def steps(self) -> int:
        """Batches of the whole training of one student."""
        return self.epochs * self.steps_per_epoch

    def learning_rate(self, epoch: int) -> float:
        """Return the rate during ``epoch``, counted from 0."""
        return [rate for start, rate in self.lr if start <= epoch][-1]


@dataclass(frozen=True, kw_only=True)
class Watch:
    """How students are looked at while they train."""

    eval_samples: int = setting(
        10_000,
        "192 is the original's.",
        default_text="10000, or 1024 images",
        low=1,
    )
    eval_every: int = setting(1, "Epochs between evaluations.", low=1)
    watch: tuple[str, ...] = setting(
        (),
        "Instruments of `tfluck analyze` that look at every evaluation.",
        parse=parse_names,
        metavar="NAME,NAME,…",
        default_text="none",
    )

    def __post_init__(self) -> None:
        hold(self)

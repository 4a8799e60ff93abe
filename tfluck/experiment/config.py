"""One frozen value that says everything that decides a run's result."""

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from tfluck.architectures import ARCHITECTURES, BatchNormPlace, Graph, draw
from tfluck.experiment.checks import check
from tfluck.experiment.choices import Labels, Loss, Schedule, Targets, TeacherInit
from tfluck.experiment.inputs import InputLaw, parse_law
from tfluck.experiment.typed import settle
from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import to_json

#: How a run is computed. These decide last bits and speed, not what the experiment is:
#: they are no part of its name, and a run keeps those it was born with.
HOW = frozenset({"jit", "chunk", "threads"})
#: Where a run's ingredients lie today: no part of its name either, and given anew.
WHERE = frozenset({"data_dir", "teacher"})
EXECUTION = HOW | WHERE
#: Threads of a student. TensorFlow adds up a convolution's gradient in as many parts as
#: it has threads, so their number may not follow the machine or what else it does.
THREADS = 2


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A teacher, its students, their data and their training; checked when made.

    Build one with :func:`make_config`, which fills what depends on the architecture.
    ``epoch`` means ``samples_per_epoch`` samples, rounded up to whole batches.
    """

    dataset: str = "gaus"
    arch: str = "fc"
    teacher_widths: tuple[int, ...] = (50, 75, 100, 125)
    multiplier: int = 10
    outputs: int = 100
    input_dim: int = 20
    image_size: int = 16
    data_std: float = 10.0
    covariance: str = "identity"
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
    #: TensorFlow's threads for each student, wherever it trains.
    threads: int = THREADS
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
    #: Labels of the training samples: their own, or each other's, which nothing but
    #: memory can learn. Those of the test samples stay.
    labels: Labels = "true"
    #: Directory of a pretrained teacher, and the digest of its weights.
    teacher: str | None = None
    teacher_digest: str = ""
    teacher_batch_norm: BatchNormPlace = "none"
    teacher_bn_affine: bool = False
    #: Share of each hidden layer's nodes to remove when pretraining is over.
    prune: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        settle(self)
        if self.law is not None:  # student-t:5.0 is student-t:5
            object.__setattr__(self, "dataset", self.law.text)
        check(self)

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
        return (side, side, 1) if self.reads_images else (self.input_dim,)

    @property
    def reads_images(self) -> bool:
        """Whether the architecture looks at images as images."""
        return ARCHITECTURES[self.arch].images

    def graph(self, role: Literal["teacher", "student"] = "student") -> Graph:
        """Return what the teacher, or every student, consists of."""
        mine = role == "student"
        widths = self.student_widths if mine else self.teacher_widths
        place = self.batch_norm if mine else self.teacher_batch_norm
        return draw(self.arch, self.input_shape, widths, self.outputs, place)

    @property
    def _size(self) -> str:
        """The setting that sizes the inputs; "" where the data do."""
        if self.sample_shape is not None:
            return ""
        return "image_size" if self.reads_images else "input_dim"

    @property
    def data_kind(self) -> str:
        """The data set's name without a path: ``npz`` for ``npz:PATH``."""
        return self.dataset.partition(":")[0]

    @property
    def labelled(self) -> bool:
        """Whether the data are images with true classes."""
        return self.law is None

    @property
    def law(self) -> InputLaw | None:
        """What unlabelled inputs are drawn from; None for labelled data."""
        return parse_law(self.dataset)

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
        return cls(**values)

    @property
    def places(self) -> dict[str, str | None]:
        """Where the ingredients lie, as far as it was said."""
        return {name: getattr(self, name) for name in ("dataset", *sorted(WHERE))}

    def placed(self, places: Mapping[str, str | None]) -> "RunConfig":
        """Return these settings with ingredients that lie at ``places`` now.

        What is None there stays where it was.
        """
        given = {name: place for name, place in places.items() if place is not None}
        return dataclasses.replace(self, **given)  # type: ignore[arg-type]

    def digest(self) -> str:
        """Name the experiment: 12 hex digits of what differs from the defaults.

        Settings in :data:`EXECUTION` do not count, nor does a size of the inputs that
        this run's inputs do not have; and a field added later with a default does not
        rename old runs.
        """
        silent = EXECUTION | {"image_size", "input_dim"} - {self._size}
        return self._named(self.to_dict(), silent)

    def first_digest(self, values: Mapping[str, Any]) -> str:
        """Name the experiment as format 1 did, from the ``values`` that were written.

        There 5 and 5.0 were two numbers, and sizes that no input had did count.
        """
        return self._named(values, EXECUTION)

    def _named(self, values: Mapping[str, Any], silent: frozenset[str]) -> str:
        chosen = {
            field.name: values[field.name]
            for field in fields(self)
            if field.name in values
            and field.name not in silent
            and getattr(self, field.name) != field.default
        }
        if self.data_digest:
            chosen["dataset"] = self.data_kind  # its bytes count, not where they lie
        text = to_json(dict(sorted(chosen.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

"""Which settings make sense together; an experiment is held to it when it is made."""

from typing import TYPE_CHECKING

from tfluck.experiment.limits import check_sizes
from tfluck.foundations.errors import BadInput

if TYPE_CHECKING:
    from tfluck.experiment.experiment import Experiment


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BadInput(message)


def check(experiment: "Experiment") -> None:
    """Refuse an experiment that cannot be trained.

    Raises:
        BadInput: two settings do not go together.
    """
    _check_data(experiment)
    _check_labels(experiment)
    _check_batches(experiment)
    shape, net = experiment.input_shape, experiment.network
    _require(
        len(shape) == 3 or not net.reads_images,
        f"A {net.arch} needs images, and {experiment.data.dataset} has samples of shape "
        f"{shape}; use --arch fc.",
    )
    experiment.graph()  # says itself what it cannot be drawn with
    check_sizes(experiment)


def _check_data(experiment: "Experiment") -> None:
    data = experiment.data
    _require(
        data.labelled == (data.sample_shape is not None),
        f"{data.dataset} needs the settings that tfluck.data.describe gives."
        if data.labelled
        else f"sample-shape belongs to labelled data; {data.dataset} has input-dim and "
        "image-size.",
    )
    _require(
        data.covariance == "identity"
        or (not data.labelled and len(experiment.input_shape) == 1),
        "covariance scales the coordinates of unlabelled vectors, as fc and resnet read "
        "them; leave it out.",
    )


def _check_labels(experiment: "Experiment") -> None:
    training = experiment.training
    if training.targets == "labels":
        _require(
            experiment.data.labelled,
            f"{experiment.data.dataset} has no labels to learn; use an image set.",
        )
        _require(
            experiment.start.student_init == "default",
            "A net that learns labels has no teacher to start near.",
        )
    _require(
        experiment.data.labels == "true" or training.targets == "labels",
        "labels are shuffled where a net learns them: use `tfluck pretrain`.",
    )
    _require(
        all(0 <= share < 1 for share in training.prune)
        and len(training.prune) in (0, 1, len(experiment.network.teacher_widths)),
        "prune takes one share in [0, 1), or one for every hidden layer.",
    )
    _require(
        not experiment.watch.watch or training.targets == "teacher",
        "watch compares a student with its teacher; one that learns labels has none.",
    )


def _check_batches(experiment: "Experiment") -> None:
    samples, batch = experiment.data.samples, experiment.training.batch_size
    _require(
        samples is None or batch <= samples,
        f"A batch of {batch} does not fit a data set of {samples} samples; lower "
        "--batch-size or raise --samples.",
    )
    _require(
        experiment.network.batch_norm == "none" or batch >= 2,
        "BatchNorm needs batches of at least 2 samples.",
    )

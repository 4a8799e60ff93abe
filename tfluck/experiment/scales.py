"""Settings the user did not give: by architecture, then by scale."""

from collections.abc import Mapping
from typing import Any

from tfluck.architectures import ARCHITECTURES, Architecture
from tfluck.experiment.choices import kept_epochs
from tfluck.experiment.cost import chunk_length
from tfluck.experiment.execution import Execution, execution_names
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.limits import check_chunk
from tfluck.foundations.accelerators import gpu_here
from tfluck.foundations.errors import BadInput

SCALES = ("paper", "laptop", "smoke")
#: What nobody asked otherwise: minutes on two cores.
DEFAULT_SCALE = "laptop"


#: The paper's rate for 100 outputs. The loss is a mean over outputs, so with 10 of them
#: the same steps need a tenth of it.
GAUSSIAN_RATE = 0.05
#: Adam's own default: its steps have about this size whatever the gradients' is.
ADAM_RATE = 1e-3
#: Rate × features ÷ outputs that the dense layer above convolutions bears, with BatchNorm
#: and without: its curvature grows with the features it reads. With BatchNorm 3.1 trained
#: and 31 diverged on 32×32×3 digits, 3.2 trained on 8×8 ones and 2.6 on Gaussian images;
#: without it 0.15 trained on Gaussian images and 0.5 is known to diverge.
BEARABLE = {"after-relu": 2.0, "before-relu": 2.0, "none": 0.15}
#: Below this many training samples a set is no experiment of the papers, and their wide
#: networks are not what it needs. Conv teachers of 16 channels read 8×8 digits right at
#: 98.6 %, and tinted 32×32×3 ones at 98.0 % where 8 channels read 97.2 %. Of images that
#: large, students of 5 × 16 channels are what two cores train in minutes.
SMALL_SET = 10_000


def configure(
    scale: str = DEFAULT_SCALE, *, data: Mapping[str, Any] | None = None, **given: Any
) -> tuple[Experiment, Execution]:
    """Say what is to be done, and how, from the settings that were ``given``.

    What is missing comes from the data set (``data``, as ``tfluck.data.describe``
    returns it), then from the scale, then from the architecture, then from the
    specifications; how it is computed also from whether this machine has a GPU. A finite
    data set makes an epoch one pass over it.

    Raises:
        BadInput: a setting is unknown or out of range.
    """
    if scale not in SCALES:
        raise BadInput(f"scale must be one of {', '.join(SCALES)}, not {scale!r}.")
    about = _architecture(given.get("arch", "fc"))
    defaults = {**about.defaults, **about.scales.get(scale, {})}
    if data:
        defaults = _with_data(defaults, data, scale, about)
    if given.get("samples") is not None:
        defaults["samples_per_epoch"] = given["samples"]
    what, how = _parted(defaults | given)
    experiment = Experiment.of(what)
    net = experiment.network
    bare = net.reads_images and net.batch_norm == "none"
    if "lr" not in given and experiment.training.optimizer == "adam":
        experiment = experiment.but(lr=((0, ADAM_RATE),))
    elif "lr" not in given and (data or bare):
        experiment = experiment.but(lr=((0, image_rate(experiment)),))
    gpu = gpu_here()
    if gpu:  # where convolutions are best inside XLA too
        how["jit"] = given.get("jit", True)
    execution = Execution.of({"chunk": chunk_length(experiment, gpu=gpu)} | how)
    check_chunk(experiment, execution.chunk)
    kept_epochs(execution.keep_epochs, experiment.training.epochs)
    return experiment, execution


def make_experiment(scale: str = DEFAULT_SCALE, **given: Any) -> Experiment:
    """Build an experiment from the settings that were ``given``, at a scale.

    Raises:
        BadInput: a setting is unknown, out of range, or none of an experiment's.
    """
    if how := sorted(set(given) & execution_names()):
        raise BadInput(
            f"{', '.join(how)} is no part of what an experiment is; give it to "
            "tfluck.Execution."
        )
    return configure(scale, **given)[0]


def _architecture(name: Any) -> Architecture:
    if not isinstance(name, str):
        raise BadInput(f"arch must be a text, not {name!r:.60}.")
    return ARCHITECTURES.find(name)


def _parted(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part settings of the experiment from those of its execution."""
    how = {name: settings[name] for name in settings if name in execution_names()}
    return {name: settings[name] for name in settings if name not in how}, how


def image_rate(experiment: Experiment) -> float:
    """Return a learning rate at which students of images train, 1 digit.

    That is of labelled images, and of Gaussian ones where there is no BatchNorm: at
    the paper's rate most nodes of such students die.
    """
    rate = GAUSSIAN_RATE * experiment.network.outputs / 100
    if experiment.network.reads_images:
        bearable = BEARABLE[experiment.network.batch_norm] * experiment.network.outputs
        rate = min(rate, bearable / _dense_inputs(experiment))
    return float(f"{rate:.1g}")


def _dense_inputs(experiment: Experiment) -> int:
    """Count the features that the lowest dense layer of a student reads."""
    graph = experiment.graph()
    return next(graph.fan_in(v) for v in graph.linear if v.kind == "dense")


def _with_data(
    defaults: Mapping[str, Any],
    data: Mapping[str, Any],
    scale: str,
    about: Architecture,
) -> dict[str, Any]:
    """Let labelled data decide their shape and classes and cap what is drawn of them.

    At the paper's scale the whole test set is looked at, cnn or not: a difference of a
    point in accuracy needs thousands of images.
    """
    merged = {**defaults, **data}
    if scale != "smoke":
        merged |= _small(data, about)
    epoch = defaults.get("samples_per_epoch", data["samples"])
    merged["samples_per_epoch"] = min(epoch, data["samples"])
    if scale != "paper":
        look = defaults.get("eval_samples", data["eval_samples"])
        merged["eval_samples"] = min(look, data["eval_samples"])
    return merged


def _small(data: Mapping[str, Any], about: Architecture) -> Mapping[str, Any]:
    """Return the networks for few samples, or for images of few pixels."""
    shape = data["sample_shape"]
    # Four unpadded convolutions leave nothing of 8×8 pixels.
    tiny = len(shape) == 3 and min(shape[:2]) <= 8
    if data["samples"] >= SMALL_SET and not tiny:
        return {}
    return (tiny and about.few_pixels) or about.few_samples


#: Learning from labels: momentum, some decay, and a rate that falls twice.
PRETRAINING: dict[str, Any] = {
    "targets": "labels",
    "multiplier": 1,
    "loss": "cross-entropy",
    "momentum": 0.9,
    "weight_decay": 5e-4,
}


def configure_pretraining(
    scale: str = DEFAULT_SCALE, *, data: Mapping[str, Any], **given: Any
) -> tuple[Experiment, Execution]:
    """Say how a teacher learns the labels of ``data``.

    Where no learning rate is given it starts at 0.05, or for a cnn whose dense layer
    reads F features at 10/F if that is less, with Adam at 0.001, and is divided by 10
    after 60 % and after 85 % of the epochs.

    Raises:
        BadInput: as :func:`configure`.
    """
    usual = dict(PRETRAINING)
    if given.get("optimizer") == "adam":
        del usual["momentum"]
    experiment, execution = configure(scale, data=data, **usual | given)
    if "lr" in given:
        return experiment, execution
    adam = experiment.training.optimizer == "adam"
    rate = ADAM_RATE if adam else 0.05
    if experiment.network.reads_images and not adam:
        # At rate × F = 5 and 18 natural 32×32×3 patches trained, at 92 poorly, at 460 not.
        rate = min(rate, float(f"{10 / _dense_inputs(experiment):.1g}"))
    epochs = experiment.training.epochs
    drops = {0: rate, int(0.6 * epochs): rate / 10, int(0.85 * epochs): rate / 100}
    schedule = tuple(drops.items()) if len(drops) == 3 else ((0, rate),)
    return experiment.but(lr=schedule), execution

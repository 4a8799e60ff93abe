"""One option for every setting of a run, read by the library and checked there."""

from collections.abc import Callable, Mapping
from typing import Any

from tfluck.architectures import ARCHITECTURES
from tfluck.experiment.choices import (
    CHOICES,
    STUDENT_INITS,
    parse_schedule,
    parse_widths,
    whole,
)
from tfluck.experiment.inputs import LAW_NAMES
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import SCALES
from tfluck.foundations.errors import BadInput

from .ingredients import parse_dataset
from .options import FiniteFloat, click, json_option, out_option


class Parsed(click.ParamType):
    """An option whose text a function of the library reads."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Parse, or fail as a usage error."""
        try:
            return self.parse(value) if isinstance(value, str) else value
        except BadInput as error:
            self.fail(str(error), param, ctx)


def _samples(text: str) -> int | None:
    if text == "infinite":
        return None
    count = whole(text)
    if count < 1:
        raise BadInput(f"Give 'infinite' or a number of samples, not {text!r}.")
    return count


def _watch(text: str) -> tuple[str, ...]:
    from tfluck.instruments.watching import chosen_instruments

    names = [name.strip() for name in text.split(",")]
    return tuple(instrument.name for instrument in chosen_instruments(names))


WIDTHS = Parsed("widths", parse_widths)
SCHEDULE = Parsed("rate", parse_schedule)
DATASET = Parsed("gaus|uniform|…|cifar10|…|npz:PATH", parse_dataset)
SAMPLES = Parsed("infinite|N", _samples)
COUNT = click.IntRange(min=1)


def _choice(name: str) -> click.Choice[str]:
    return click.Choice(CHOICES[name])


_ABOUT = "; ".join(f"{a.name}: {a.help}" for a in ARCHITECTURES.values())
_WIDTHS = ", ".join(
    f"{'-'.join(map(str, a.defaults['teacher_widths']))} for {a.name}"
    for a in ARCHITECTURES.values()
)

#: Option → (type, help). Defaults live in the library: what is not given is not passed.
SETTINGS: dict[str, tuple[Any, str]] = {
    "dataset": (
        DATASET,
        f"Inputs drawn for ever from {', '.join(LAW_NAMES)}, or an image set. [gaus]",
    ),
    "data-dir": (
        click.Path(file_okay=False, resolve_path=True),
        "Where image sets lie. [TFDS's own]",
    ),
    "arch": (_choice("arch"), f"{_ABOUT}. [fc]"),
    "teacher-widths": (WIDTHS, f"[{_WIDTHS}]"),
    "multiplier": (COUNT, "Student width over teacher width. [10]"),
    "outputs": (COUNT, "Outputs. [100; the number of classes on labelled data]"),
    "input-dim": (COUNT, "Input dimension of fc and resnet. [20]"),
    "image-size": (COUNT, "Height and width of the images of cnn. [16]"),
    "covariance": (
        click.STRING,
        "Of vectors: spectrum:DECAY gives coordinate i variance ∝ i^−DECAY. [identity]",
    ),
    "data-std": (FiniteFloat(0), "Standard deviation of the inputs. [10]"),
    "batch-norm": (_choice("batch_norm"), "Where BatchNorm stands. [after-relu]"),
    "samples": (SAMPLES, "Size of the data set. [infinite]"),
    "epochs": (click.IntRange(min=0), "[40]"),
    "samples-per-epoch": (COUNT, "[100000; the size of a finite set]"),
    "batch-size": (COUNT, "[64]"),
    "lr": (
        SCHEDULE,
        "A rate, or a schedule like 0:0.05,20:0.01. [0.05; less for labels and for cnn "
        "without BatchNorm]",
    ),
    "momentum": (FiniteFloat(0), "In PyTorch's meaning. [0]"),
    "weight-decay": (FiniteFloat(0), "In PyTorch's meaning. [0]"),
    "loss": (_choice("loss"), "cross-entropy is on the teacher's argmax. [mse]"),
    "teacher-init": (_choice("teacher_init"), "separated is the paper's. [separated]"),
    "teacher-bias": (FiniteFloat(), "Added to every hidden teacher bias. [0]"),
    "student-init": (str, f"One of {', '.join(STUDENT_INITS)}. [default]"),
    "seed": (click.IntRange(min=0), "Seed of the teacher and the first student. [1]"),
    "seeds": (COUNT, "Number of students of the one teacher. [1]"),
    "eval-samples": (COUNT, "[10000, or 1024 images]; 192 is the original's."),
    "eval-every": (COUNT, "Epochs between evaluations. [1]"),
    "watch": (
        Parsed("NAME,NAME,…", _watch),
        "Instruments of `tfluck analyze` that look at every evaluation. [none]",
    ),
    "chunk": (COUNT, "Steps fused into one call. [by size]"),
    "threads": (COUNT, "TensorFlow's threads for a student; the run's own. [2]"),
}


SWITCHES = {
    "--jit/--no-jit": "Compile with XLA. [yes; not with convolutions]",
    "--normalize": "Rows back to norm 1 after every step.",
    "--bn-affine/--no-bn-affine": "BatchNorm scale and shift. [no; yes with convolutions]",
    "--augment/--no-augment": "Random crops and mirror images. [cifar10, cifar100 yes]",
}


def settings_options(*without: str) -> Callable[[Any], Any]:
    """Add one option for every setting of a run but those in ``without``."""

    def add(function: Any) -> Any:
        for name, text in SWITCHES.items():
            option = click.option(name, default=None, is_flag=True, help=text)
            function = option(function)
        for name, (kind, text) in reversed(SETTINGS.items()):
            if name not in without:
                function = click.option(f"--{name}", type=kind, help=text)(function)
        return function

    return add


def given_settings(
    preset: str | None, scale: str, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Let the preset speak first, then the options that were given."""
    chosen = load_preset(preset).at(scale) if preset is not None else {}
    context = click.get_current_context()
    given = {
        key: value
        for key, value in settings.items()
        if context.get_parameter_source(key) is click.core.ParameterSource.COMMANDLINE
    }
    return chosen | given


def run_options(function: Any) -> Any:
    """Add the options of a command that makes a run: which one, how large, and where."""
    for option in (
        json_option,
        click.option("--dry-run", is_flag=True, help="Print the plan and stop."),
        click.option(
            "--force",
            is_flag=True,
            help="Start however much memory, disk or time the plan asks for.",
        ),
        click.option(
            "--fresh", is_flag=True, help="Throw away an earlier run of these settings."
        ),
        click.option(
            "--name",
            help="Name of the run's folder. [made from the settings]",
        ),
        out_option,
        click.option(
            "--scale",
            type=click.Choice(list(SCALES)),
            default="paper",
            show_default=True,
            help="Shrink widths, samples and epochs that were not given.",
        ),
    ):
        function = option(function)
    return function

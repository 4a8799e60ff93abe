"""``tfluck pretrain``: train a teacher on labels."""

from pathlib import Path
from typing import Any, get_args

from tfluck.experiment.choices import Labels, parse_shares
from tfluck.experiment.scales import configure_pretraining
from tfluck.foundations.errors import BadInput

from .hints import complete_preset
from .ingredients import with_ingredients
from .launch import Means, launch, show_plan
from .options import click
from .options import command as declare
from .settings import given_settings, run_options, settings_options
from .train import drive

#: Settings of teacher and student that mean nothing while a teacher is made.
MEANINGLESS = (
    "watch",
    "multiplier",
    "input-dim",
    "image-size",
    "data-std",
    "teacher-init",
    "teacher-bias",
    "student-init",
    "seeds",
)


def _shares(context: Any, parameter: Any, text: str | None) -> tuple[float, ...]:
    try:
        return () if text is None else parse_shares(text)
    except BadInput as error:
        raise BadInput(f"--prune: {error}") from None


@declare(
    "tfluck pretrain --dataset digits --arch cnn",
    "tfluck pretrain --dataset digits --labels shuffled --teacher-widths 60-60",
    "tfluck pretrain --dataset npz:images.npz --arch fc --teacher-widths 20-20",
    "tfluck pretrain --preset luck-matters/teacher-cifar10-cnn --scale laptop",
    name="pretrain",
)
@settings_options(*MEANINGLESS)
@click.option(
    "--labels",
    type=click.Choice(get_args(Labels)),
    help="shuffled: deal the training labels out at random, so that there is nothing to "
    "learn but them by heart.  [default: true]",
)
@click.option("--teacher", help="Go on from this teacher, such as a pruned one.")
@click.option(
    "--prune",
    callback=_shares,
    help="Remove this share of each hidden layer's nodes at the end, the least read "
    "ones; one number or one a layer.",
)
@click.option(
    "--preset",
    help="A recipe, as luck-matters/teacher-cifar10-fc.",
    shell_complete=complete_preset,
)
@run_options
def command(
    preset: str | None,
    scale: str,
    out: Path,
    name: str | None,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
    force: bool,
    **settings: Any,
) -> None:
    """Train a network on labels and keep it as a teacher for ``train --teacher``.

    It learns by cross-entropy unless --loss says otherwise, with momentum 0.9, weight
    decay 5e-4 and a rate that falls twice. An unfinished pretraining goes on where it
    stopped, bit for bit.
    """
    wanted = given_settings(preset, scale, settings)
    data, wanted = with_ingredients(wanted, out, None)
    if not data:
        raise BadInput(
            "Pretraining needs labels; choose an image set, as --dataset digits."
        )
    if wanted.get("teacher"):
        wanted["batch_norm"] = wanted.pop("teacher_batch_norm")
        wanted["bn_affine"] = wanted.pop("teacher_bn_affine")
    experiment, execution = configure_pretraining(scale, data=data, **wanted)
    means = Means(out, scale, preset, force=force, given=wanted)
    if dry_run:
        show_plan(experiment, execution, means, as_json)
        return
    run = launch(experiment, execution, means, name, settings, fresh=fresh)
    drive(run, 1, as_json)

"""``tfluck data``: list, prepare and verify image sets."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from tfluck.data.images import ImageSet
from tfluck.data.registry import DATASETS, Source, describe, load_images, require_data
from tfluck.experiment.choices import IMAGE_SETS
from tfluck.experiment.inputs import LAW_NAMES, parse_law
from tfluck.foundations.errors import BadInput, TfluckError

from .ingredients import parse_dataset
from .options import Command, Group, click, json_option, talk
from .output import emit_json, table

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where image sets lie. [TFDS's own]",
)


@click.group(cls=Group, name="data")
def command() -> None:
    """List, prepare and verify image sets; nothing is fetched unless you say so."""


def _command(name: str, *examples: str) -> Any:
    return command.command(name, cls=Command, examples=examples)


@_command("list", "tfluck data list", "tfluck data list --json")
@data_dir_option
@json_option
def list_command(data_dir: Path | None, as_json: bool) -> None:
    """List the image sets and whether they are here."""
    rows = [
        {
            "dataset": name,
            "title": source.title,
            "shape": "×".join(map(str, source.shape)),
            "classes": source.classes,
            "train": source.train,
            "test": source.test,
            "here": presence(name, source, data_dir),
        }
        for name, source in DATASETS.items()
    ]
    if as_json:
        emit_json({"datasets": rows})
        return
    click.echo(table(rows))
    talk("npz:PATH takes a file of your own: x_train, y_train, x_test, y_test.")
    talk(f"Without labels, drawn afresh at every step: {', '.join(LAW_NAMES)}.")


def presence(name: str, source: Source, data_dir: Path | None) -> str:
    """Say whether an image set is here."""
    if source.published:
        from tfluck.data.published import is_prepared

        return "yes" if is_prepared(name, data_dir) else "no"
    return "yes" if importlib.util.find_spec("sklearn") else "needs tfluck[digits]"


@_command(
    "prepare",
    "tfluck data prepare cifar10 --archive cifar-10-binary.tar.gz",
    "tfluck data prepare cifar10 --download",
)
@click.argument("dataset", type=click.Choice(IMAGE_SETS))
@click.option(
    "--archive",
    "archives",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A published file, or a folder that holds it; never changed.",
)
@click.option("--download", is_flag=True, help="Fetch what is missing.")
@data_dir_option
@json_option
def prepare_command(
    dataset: str,
    archives: tuple[Path, ...],
    download: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Make DATASET readable from its published archives, which are checked first."""
    from tfluck.data.published import is_prepared, prepare, tfds_dir

    if not DATASETS[dataset].published:
        raise BadInput(f"{dataset} needs no preparing: it ships with scikit-learn.")
    already = is_prepared(dataset, data_dir)
    prepare(dataset, data_dir, archives, download=download)
    folder = tfds_dir(data_dir)
    if as_json:
        emit_json({"dataset": dataset, "data_dir": str(folder), "already": already})
    else:
        talk(f"{dataset} is {'already ' if already else ''}in {folder}.")


@_command("verify", "tfluck data verify digits", "tfluck data verify npz:images.npz")
@click.argument("dataset")
@data_dir_option
@json_option
def verify_command(dataset: str, data_dir: Path | None, as_json: bool) -> None:
    """Read all of DATASET (npz:PATH too) and check its shapes, labels and sizes.

    The SHA-256 is of the pixels and classes as read, so two machines can compare.
    """
    from tfluck.foundations.runtime import start_tensorflow

    name = parse_dataset(dataset)
    if parse_law(name):
        raise BadInput(
            f"{name} is drawn afresh at every step; there is nothing to verify."
        )
    require_data(name, data_dir)
    describe(name)
    start_tensorflow()
    images = load_images(name, data_dir)
    rows = [_split_row(images, split) for split in ("train", "test")]
    if source := DATASETS.get(name):
        _check_sizes(name, source, images)
    if as_json:
        emit_json({"dataset": name, "classes": images.classes, "splits": rows})
    else:
        click.echo(table(rows))
        talk(f"{len(images.classes)} classes: {', '.join(images.classes)}")


def _split_row(images: ImageSet, split: str) -> dict[str, Any]:
    x, y = images.split(split)
    counts = np.bincount(y, minlength=len(images.classes))
    return {
        "split": split,
        "samples": len(x),
        "shape": "×".join(map(str, images.sample_shape)),
        "dtype": str(x.dtype),
        "fewest of a class": int(counts.min()),
        "most of a class": int(counts.max()),
        "sha256": images.fingerprint(split),
    }


def _check_sizes(name: str, source: Source, images: ImageSet) -> None:
    found = (len(images.x_train), len(images.x_test), len(images.classes))
    wanted = (source.train, source.test, source.classes)
    if found != wanted or images.sample_shape != source.shape:
        raise TfluckError(
            f"{name} here has {found[0]} training and {found[1]} test samples in "
            f"{found[2]} classes; the published set has {wanted[0]}, {wanted[1]} and "
            f"{wanted[2]}. Delete its folder and prepare it again."
        )

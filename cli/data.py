"""``tfluck data``: list, prepare and verify image sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.data.sources.labelled import LabelledSet
from tfluck.experiment.sources import SOURCES, find_source, law_names, set_names
from tfluck.foundations.errors import BadInput

from .ingredients import parse_dataset
from .options import Command, Group, click, json_option, talk
from .output import emit_json, table

if TYPE_CHECKING:
    from tfluck.data.images import ImageSet

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
            "title": found.title,
            "shape": "×".join(map(str, found.shape)),
            "classes": found.classes,
            "train": found.train,
            "test": found.test,
            "here": found.presence(data_dir),
        }
        for name, found in sets().items()
    ]
    if as_json:
        emit_json({"datasets": rows})
        return
    click.echo(table(rows))
    talk("npz:PATH takes a file of your own: x_train, y_train, x_test, y_test.")
    talk(f"Without labels, drawn afresh at every step: {', '.join(law_names())}.")


def sets() -> dict[str, LabelledSet]:
    """Return the labelled sets of which shape and sizes are known, by name."""
    return {k: s for k, s in SOURCES.items() if isinstance(s, LabelledSet)}


@_command(
    "prepare",
    "tfluck data prepare cifar10 --archive cifar-10-binary.tar.gz",
    "tfluck data prepare cifar10 --download",
)
@click.argument("dataset", type=click.Choice(set_names()))
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
    already = SOURCES[dataset].prepare(data_dir, archives, download=download)
    from tfluck.data.published import tfds_dir

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
    found = find_source(name)
    if not found.labelled:
        raise BadInput(
            f"{name} is drawn afresh at every step; there is nothing to verify."
        )
    found.require(data_dir)
    found.describe()
    start_tensorflow()
    images = found.load(data_dir)
    rows = [_split_row(images, split) for split in ("train", "test")]
    if isinstance(found, LabelledSet):
        found.check(images)
    if as_json:
        emit_json({"dataset": name, "classes": images.classes, "splits": rows})
    else:
        click.echo(table(rows))
        talk(f"{len(images.classes)} classes: {', '.join(images.classes)}")


def _split_row(images: "ImageSet", split: str) -> dict[str, Any]:
    import numpy as np

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

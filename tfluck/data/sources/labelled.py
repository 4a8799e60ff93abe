"""Labelled sets of which shape, classes and sizes are known before they are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tfluck.experiment.sources import Source
from tfluck.foundations.errors import TfluckError

if TYPE_CHECKING:
    from tfluck.data.images import ImageSet


def decided(
    shape: tuple[int, ...],
    classes: int,
    train: int,
    test: int,
    augment: bool = False,
    digest: str = "",
) -> dict[str, Any]:
    """Return what a labelled set decides of a run, under the names of the settings."""
    return {
        "sample_shape": shape,
        "outputs": classes,
        "samples": train,
        "eval_samples": test,
        "augment": augment,
        "data_digest": digest[:12],
    }


@dataclass(frozen=True, kw_only=True)
class LabelledSet(Source):
    """A labelled set before it is read.

    Attributes:
        title: how people call it.
        shape: of one sample.
        classes: how many.
        train: number of training samples.
        test: number of test samples.
        augment: train on random crops and mirror images by default.
    """

    title: str
    shape: tuple[int, ...]
    classes: int
    train: int
    test: int
    augment: bool = False
    labelled: ClassVar[bool] = True

    def describe(self) -> dict[str, Any]:
        """Return what the set decides; it need not be there for this."""
        return decided(self.shape, self.classes, self.train, self.test, self.augment)

    def presence(self, data_dir: Path | None) -> str:
        """Say in a word or two whether the set is here."""
        return "yes"

    def check(self, images: "ImageSet") -> None:
        """Hold what was read against what is known of the set.

        Raises:
            TfluckError: it is another, or a part.
        """
        found = (len(images.x_train), len(images.x_test), len(images.classes))
        wanted = (self.train, self.test, self.classes)
        if found != wanted or images.sample_shape != self.shape:
            raise TfluckError(
                f"{self.kind} here has {found[0]} training and {found[1]} test samples in "
                f"{found[2]} classes; the published set has {wanted[0]}, {wanted[1]} and "
                f"{wanted[2]}. Delete its folder and prepare it again."
            )

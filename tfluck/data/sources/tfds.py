"""Published image sets that lie in a TFDS directory: CIFAR, MNIST, Fashion-MNIST."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.data.sources.labelled import LabelledSet

if TYPE_CHECKING:
    from tfluck.data.images import ImageSet


@dataclass(frozen=True, kw_only=True)
class Published(LabelledSet):
    """A set that TFDS makes from published archives; see :mod:`tfluck.data.published`.

    Attributes:
        mean: of each channel on the scale 0 … 1, as the original normalised it.
        std: likewise.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def presence(self, data_dir: Path | None) -> str:
        """Say whether the set has been prepared."""
        from tfluck.data.published import is_prepared

        return "yes" if is_prepared(self.kind, data_dir) else "no"

    def require(self, data_dir: Path | str | None = None) -> None:
        """Fail if the set has not been prepared.

        Raises:
            TfluckError: names the archives, their sizes and checksums, and what to do.
        """
        from tfluck.data.published import require_published

        require_published(self.kind, Path(data_dir) if data_dir else None)

    def prepare(
        self, data_dir: Path | None, archives: Sequence[Path], *, download: bool
    ) -> bool:
        """Let TFDS's own builder make it; see :func:`tfluck.data.published.prepare`."""
        from tfluck.data.published import is_prepared, prepare

        already = is_prepared(self.kind, data_dir)
        prepare(self.kind, data_dir, archives, download=download)
        return already

    def load(self, data_dir: Path | None = None, digest: str = "") -> "ImageSet":
        """Read it into memory, in TFDS's order.

        Raises:
            TfluckError: it has not been prepared.
        """
        from tfluck.data.published import read_published

        return read_published(self.kind, (self.mean, self.std), data_dir)


def _of_mnist_kind(kind: str, title: str) -> Published:
    half = (0.5,)
    return Published(
        kind=kind, title=title, shape=(28, 28, 1), classes=10,
        train=60_000, test=10_000, mean=half, std=half,
    )  # fmt: skip


CIFAR10 = Published(
    kind="cifar10",
    title="CIFAR-10",
    shape=(32, 32, 3),
    classes=10,
    train=50_000,
    test=10_000,
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2023, 0.1994, 0.2010),
    augment=True,
)
CIFAR100 = Published(
    kind="cifar100",
    title="CIFAR-100",
    shape=(32, 32, 3),
    classes=100,
    train=50_000,
    test=10_000,
    mean=(0.5071, 0.4867, 0.4408),
    std=(0.2675, 0.2565, 0.2761),
    augment=True,
)
MNIST = _of_mnist_kind("mnist", "MNIST")
FASHION_MNIST = _of_mnist_kind("fashion_mnist", "Fashion-MNIST")

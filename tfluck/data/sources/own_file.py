"""``npz:PATH``: an image set in a user's own file."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tfluck.data.sources.labelled import decided
from tfluck.experiment.sources import Source, UnknownSource
from tfluck.foundations.errors import BadInput

if TYPE_CHECKING:
    from tfluck.data.images import ImageSet


@dataclass(frozen=True, kw_only=True)
class OwnFile(Source):
    """The arrays ``x_train, y_train, x_test, y_test`` of an npz file.

    Attributes:
        place: PATH as it was typed.
    """

    place: str = ""
    labelled: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """``npz:PATH`` as it was typed."""
        return f"{self.kind}:{self.place}"

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(self.place).expanduser()

    def with_parameter(self, given: str | None) -> "OwnFile":
        """Return the set in the file ``given``.

        Raises:
            UnknownSource: there was no colon.
        """
        if given is None:
            raise UnknownSource(self.kind)
        return dataclasses.replace(self, place=given)

    def absolute(self) -> "OwnFile":
        """Return the same file by its full path."""
        return dataclasses.replace(self, place=str(self.path.resolve()))

    def describe(self) -> dict[str, Any]:
        """Read the headers and the labels, and no pixels.

        Raises:
            BadInput: the file is missing, damaged or does not fit.
        """
        from tfluck.data.array_file import describe_file

        return decided(**describe_file(self.path))

    def places(self, data_dir: str | None) -> dict[str, str | None]:
        """Say that the file lies in ``data_dir`` now, under its old name."""
        if data_dir is None:
            return {"data_dir": None}
        return {"dataset": f"{self.kind}:{Path(data_dir) / Path(self.place).name}"}

    def load(self, data_dir: Path | None = None, digest: str = "") -> "ImageSet":
        """Read it whole.

        Raises:
            BadInput: the file does not fit, or has not the ``digest`` any more.
        """
        from tfluck.data.array_file import read_file
        from tfluck.foundations.files import digest_of

        images = read_file(self.path)
        if digest and not digest_of(self.path).startswith(digest):
            raise BadInput(
                f"{self.path} has changed since this run began; start another run on it."
            )
        return images


OWN_FILE = OwnFile(kind="npz", takes="PATH")

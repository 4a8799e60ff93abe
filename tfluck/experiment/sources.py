"""Where inputs come from, as far as settings must know it: what a source is, and the
table of all of them.

The sources stand a floor above, in :mod:`tfluck.data.sources`, and the table names them
by module, as a plugin's would be: they are imported when somebody asks for one, and none
of them imports NumPy or TensorFlow before it is opened.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tfluck.foundations.errors import BadInput
from tfluck.foundations.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A law that inputs are drawn from, or a labelled set of them.

    The registry holds it without its parameter; :func:`find_source` gives it one.

    Attributes:
        kind: what is typed before the colon, if there is one.
        takes: what stands behind the colon, as ``NU``; "" for nothing.
        labelled: whether its samples have true classes.
    """

    kind: str
    takes: str = ""
    labelled: ClassVar[bool]

    @property
    def name(self) -> str:
        """The source as people type it and run folders write it: ``student-t:5``."""
        return self.kind

    @property
    def written(self) -> str:
        """How it is typed, for a list of choices: ``student-t:NU``."""
        return f"{self.kind}:{self.takes}" if self.takes else self.kind

    def with_parameter(self, given: str | None) -> "Source":
        """Return the source of the parameter ``given``; None where there was no colon.

        Raises:
            BadInput: that is none of this kind.
        """
        if given is None:
            return self
        raise UnknownSource(f"{self.kind}:{given}")

    def absolute(self) -> "Source":
        """Return the same source, whatever the working directory will be."""
        return self

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what the source decides of a run's settings; {} for a law.

        Returns:
            ``sample_shape, outputs, samples, eval_samples, augment, data_digest``.

        Raises:
            BadInput: its file does not fit.
        """

    def require(self, data_dir: Path | str | None = None) -> None:  # noqa: B027
        """Fail at once, and without TensorFlow, if its data are not here.

        Raises:
            TfluckError: the sentence says how to get them.
        """

    def places(self, data_dir: str | None) -> dict[str, str | None]:
        """Return the settings that say that its data lie in ``data_dir`` now."""
        return {"data_dir": data_dir}

    def prepare(
        self, data_dir: Path | None, archives: Sequence[Path], *, download: bool
    ) -> bool:
        """Make it readable from its published ``archives``.

        Returns:
            Whether it was so already.

        Raises:
            BadInput: it needs none.
            TfluckError: an archive is missing or wrong.
        """
        raise BadInput(f"{self.name} needs no preparing.")

    def load(self, data_dir: Path | None = None, digest: str = "") -> Any:
        """Read a labelled set; nothing is ever fetched.

        Args:
            data_dir: where published sets lie; TFDS's own directory if not given.
            digest: of its file when the run began; "" asks for none.

        Returns:
            A :class:`tfluck.data.ImageSet`.

        Raises:
            BadInput: there is nothing to read, or its file does not fit or has changed.
            TfluckError: the set is not there; the message says how to get it.
        """
        raise BadInput(
            f"{self.name} is drawn afresh at every step; there is nothing to read."
        )


#: Name before the colon → the source. Ours, and what plugins register.
SOURCES: Registry[Source] = Registry(
    "data set",
    {
        "gaus": "tfluck.data.sources.gaus:GAUS",
        "uniform": "tfluck.data.sources.uniform:UNIFORM",
        "rademacher": "tfluck.data.sources.rademacher:RADEMACHER",
        "student-t": "tfluck.data.sources.student_t:STUDENT_T",
        "mixture": "tfluck.data.sources.mixture:MIXTURE",
        "cifar10": "tfluck.data.sources.tfds:CIFAR10",
        "cifar100": "tfluck.data.sources.tfds:CIFAR100",
        "mnist": "tfluck.data.sources.tfds:MNIST",
        "fashion_mnist": "tfluck.data.sources.tfds:FASHION_MNIST",
        "digits": "tfluck.data.sources.digits:DIGITS",
        "npz": "tfluck.data.sources.own_file:OWN_FILE",
    },
)


class UnknownSource(BadInput):
    """There is no source of this name."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Unknown data set {text!r}; use {choices()}.")


def find_source(text: str) -> Source:
    """Return the source that is typed as ``text``: ``gaus``, ``student-t:5``, ``digits``.

    Raises:
        UnknownSource: there is none.
        BadInput: its parameter is missing or out of range; the sentence says what it is.
    """
    kind, colon, given = text.partition(":")
    if kind not in SOURCES:
        raise UnknownSource(text)
    return SOURCES[kind].with_parameter(given if colon else None)


def law_names() -> tuple[str, ...]:
    """Return the laws of unlabelled inputs as people write them."""
    return tuple(s.written for s in SOURCES.values() if not s.labelled)


def set_names() -> tuple[str, ...]:
    """Return the labelled sets that have a name of their own."""
    return tuple(s.kind for s in SOURCES.values() if s.labelled and not s.takes)


def choices() -> str:
    """List every source: laws, sets, and what takes a path."""
    others = [s.written for s in SOURCES.values() if s.labelled and s.takes]
    return f"{', '.join((*law_names(), *set_names()))} or {' or '.join(others)}"

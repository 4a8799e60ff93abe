"""Laws of unlabelled inputs: mean 0 and variance 1 in every coordinate.

The papers have Gaussian inputs, whose direction is uniform on the sphere; the other laws
say what of their results hangs on that. All are scaled by ``data-std`` and, with a
covariance, coordinate by coordinate.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tfluck.experiment.sources import Source
from tfluck.foundations.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: (key of the stream, first batch, how many, shape of one batch) → float32 tensor
#: ``[count, *shape]``.
Draw = Callable[[int, Any, int, tuple[int, ...]], Any]


@dataclass(frozen=True)
class Parameter:
    """The number behind the colon of a law.

    Attributes:
        name: as help writes it, ``NU``.
        words: what it is, for a sentence that begins with "Write".
        above: it is larger than this.
        most: it is at most this.
        whole: it is a whole number.
    """

    name: str
    words: str
    above: float
    most: float = math.inf
    whole: bool = False

    def read(self, kind: str, given: str | None) -> float:
        """Return the number that ``given`` writes.

        Raises:
            BadInput: it is none, or out of range.
        """
        try:
            value = float(given or "")
        except ValueError:
            value = math.nan
        fits = math.isfinite(value) and self.above < value <= self.most
        if not fits or (self.whole and value != int(value)):
            text = kind if given is None else f"{kind}:{given}"
            raise BadInput(f"Write {self.words}, not {text!r}.")
        return value


@dataclass(frozen=True, kw_only=True)
class Law(Source):
    """One law; batch t of a stream is a pure function of (seed, stream, t).

    Attributes:
        draw: takes a :class:`~tfluck.data.sources.noise.Noise`, the shape of one batch
            and, if the law has one, its parameter; gives a float32 tensor
            ``[count, *shape]``, a function of the noise alone.
        parameter: what stands behind the colon, if anything does.
        value: that parameter; None where it has none, and in the registry.
        moment: E x⁴ of one coordinate, or a function of the parameter; None where it is
            not known.
        between: (seed of the run, coordinates, parameter) → the covariance
            ``[n, n]`` of the coordinates; the identity if not given.
        gaussian: whether it is the standard normal law, on which the papers' closed
            forms rest.
    """

    draw: Callable[..., Any]
    parameter: Parameter | None = None
    value: float | None = None
    moment: float | Callable[[float], float] | None = None
    between: Callable[[int, int, float], "NDArray[Any]"] | None = None
    gaussian: bool = False
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "takes", self.parameter.name if self.parameter else "")

    @property
    def name(self) -> str:
        """The law as people and run folders write it."""
        if self.value is None:
            return self.kind
        short = f"{self.value:g}"
        exact = short if float(short) == self.value else repr(self.value)
        return f"{self.kind}:{exact}"

    def with_parameter(self, given: str | None) -> "Law":
        """Return the law of the parameter ``given``.

        Raises:
            BadInput: it is missing or out of range, or the law has none.
        """
        if self.parameter is not None:
            value = self.parameter.read(self.kind, given)
            return dataclasses.replace(self, value=value)
        if given is not None:
            raise BadInput(
                f"{self.kind} has no parameter, and its deviation is --data-std; write "
                f"{self.kind}, not {f'{self.kind}:{given}'!r}."
            )
        return self

    def describe(self) -> dict[str, Any]:
        """Return {}: a law decides none of the settings."""
        return {}

    @property
    def fourth_moment(self) -> float | None:
        """E x⁴ of one coordinate; None where no closed form is known."""
        if callable(self.moment):
            return self.moment(self._value)
        return self.moment

    def covariance(self, seed: int, size: int) -> "NDArray[Any]":
        """Return E x xᵀ of ``size`` coordinates, float64 ``[size, size]``.

        Args:
            seed: of the run, on which it may hang.
            size: how many coordinates a sample has.
        """
        import numpy as np

        if self.between is None:
            return np.eye(size)
        return self.between(seed, size, self._value)

    def sampler(self, seed: int) -> Draw:
        """Return what draws batches of the law.

        Args:
            seed: of the run; a law may place something by it, the same for every
                stream of the run.
        """
        import tensorflow as tf

        from tfluck.data.sources.noise import Noise

        more = () if self.value is None else (self.value,)
        # Python that makes a graph already needs no translation.
        draw = tf.autograph.experimental.do_not_convert(self.draw)
        return lambda key, first, count, shape: draw(
            Noise(key, first, count, seed), shape, *more
        )

    @property
    def _value(self) -> float:
        return math.nan if self.value is None else self.value

"""Angular-distance functions: what a function on [0, π] is, to the rest of the package.

A function f on [0, π] gives the kernel K(x, y) = f(min(|x − y|, 2π − |x − y|)) on the
circle (Definition 5.2). Everything here asks f for four things at most: its values, its
values in ball arithmetic, its slope, and its cosine coefficients.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from flint import arb
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput

from .engine import BALL, FLOAT, Engine

Array: TypeAlias = NDArray[np.float64]
Formula: TypeAlias = Callable[[Engine, Any], Any]


@dataclass(frozen=True)
class CosineSeries:
    """f(θ) = Σ_k c_k cos kθ, with what is proved about the coefficients.

    Attributes:
        coefficient: k ↦ a ball that holds c_k.
        reason: why the signs are what ``negative`` says, in words.
        negative: the first k with c_k < 0, or None when all are proved to be ≥ 0.
        frequencies: which c_k are nonzero: ``"all"`` or ``"even"`` or ``"odd"`` (at
            least all of these, with finitely many exceptions), or ``"finite"``.
        rank: the largest rank of a matrix [K(θ_i, θ_j)], or None if unbounded.
    """

    coefficient: Callable[[int], arb]
    reason: str
    negative: int | None = None
    frequencies: str = "all"
    rank: int | None = None


@dataclass(frozen=True)
class Smoothness:
    """The slope f′ as a formula, and a bound on |f″| over [0, π]."""

    slope: Formula
    curvature: float


@dataclass(frozen=True)
class Traits:
    """What is proved about a spectrum, for the theorems of docs/alignment.md.

    Attributes:
        knife: the sign of a_0 − c/κ² where a_n = c/(κ² + n²) for n ≠ 0 (A10), with words.
        theorem_4: whether f is the paper's, for which Theorem 4 is proved.
        levy: why 1/a_n is a Lévy symbol whose jumps reach the whole circle (A1).
        polya: why a_n is a product of two Pólya factors or more, or has a Gaussian one (A2).
        rough: how f behaves at 0, where that is one of the cases of Theorem A4.
        moment: k ↦ a ball that holds μ_k = Σ c_n n^k, k = 0, 2, 4 (A3); not finite where
            the sum diverges.
        curvature: f″ on (0, π], for the necessary condition A5 (i).
    """

    knife: tuple[int, str] | None = None
    theorem_4: bool = False
    levy: str | None = None
    polya: str | None = None
    rough: str | None = None
    moment: Callable[[int], arb] | None = None
    curvature: Callable[[arb], arb] | None = None


@dataclass(frozen=True)
class AngularFunction:
    """A continuous f: [0, π] → R (Definition 5.2).

    Attributes:
        name: what the user typed; ``parse`` turns it back into the function.
        formula: f in any arithmetic; None for a plain Python callable.
        callable: the user's callable when there is no formula.
        float_error: a bound on |computed − true| of ``values`` at the float64 distance of
            two float64 angles (it includes the rounding of the distance); None if unknown.
        series: the cosine series, if one is known exactly.
        smoothness: slope and curvature, needed by branch and bound only.
        enclosure: f on a ball where there is no one formula for floats and balls.
        pairs_to_singular: so many exactly antipodal pairs of students make M singular
            and every det M_i vanish (proved in docs/alignment.md for π − θ and the
            paper's f).
        traits: what the criteria of ``criteria`` may use.
        exact: the value at distance q + kπ as an exact formal sum (see ``exact``), with
            which vanishing determinants are recognised.
    """

    name: str
    formula: Formula | None
    callable: Callable[[Any], Any] | None = None
    float_error: float | None = None
    series: CosineSeries | None = None
    smoothness: Smoothness | None = None
    exact: Callable[..., Any] | None = None
    enclosure: Callable[[arb], arb] | None = None
    pairs_to_singular: int | None = None
    traits: Traits | None = None

    @property
    def curve(self) -> "Smoothness":
        """Return slope and curvature.

        Raises:
            BadInput: the function states none.
        """
        if self.smoothness is None:
            raise BadInput(
                f"{self.name} states no slope and curvature to bound it with."
            )
        return self.smoothness

    @property
    def provable(self) -> bool:
        """Tell whether ball arithmetic, and with it proof, is available."""
        return self.formula is not None or self.enclosure is not None

    @property
    def certifiable(self) -> bool:
        """Tell whether signs can be certified, by balls or by a bound on float64."""
        return self.provable or (self.is_known_ad and self.float_error is not None)

    @property
    def is_known_ad(self) -> bool:
        """Tell whether all cosine coefficients are proved to be nonnegative."""
        return self.series is not None and self.series.negative is None

    def values(self, distances: Array) -> Array:
        """Evaluate f at ``distances`` (any shape, in [0, π]) in float64.

        Raises:
            BadInput: the user's callable raised, or returned what is not a finite real.
        """
        if self.formula is not None:
            return np.asarray(self.formula(FLOAT, distances), dtype=np.float64)
        if self.callable is None:
            raise BadInput(f"{self.name} has neither a formula nor a callable.")
        return call(self.name, self.callable, np.asarray(distances, dtype=np.float64))

    def ball(self, distance: arb) -> arb:
        """Evaluate f on a ball.

        Raises:
            BadInput: f is a plain Python callable, of which no proof is possible.
        """
        if self.enclosure is not None:
            return self.enclosure(distance)
        if self.formula is None:
            raise BadInput(
                f"{self.name} is a Python callable: it can be evaluated, but nothing "
                "about it can be certified. Name an AngularFunction with a formula instead."
            )
        result: arb = self.formula(BALL, distance)
        return result


def call(name: str, function: Callable[[Any], Any], distances: Array) -> Array:
    """Call a user's function on an array, or point by point if it takes no arrays.

    Raises:
        BadInput: it raised, or returned what is not one finite real per angle.
    """
    flat = distances.ravel()
    try:
        result = np.asarray(function(flat))
        if result.shape != flat.shape:
            raise TypeError
    except (TypeError, ValueError):
        result = np.asarray([_point(name, function, float(point)) for point in flat])
    except (Exception, SystemExit) as error:
        raise BadInput(f"{name} raised {type(error).__name__}: {error}.") from error
    return _real(name, result, flat).reshape(distances.shape)


def _point(name: str, function: Callable[[Any], Any], point: float) -> Any:
    try:
        return function(point)
    except (Exception, SystemExit) as error:
        raise BadInput(
            f"{name} raised {type(error).__name__} at θ = {point!r}: {error}."
        ) from error


def _real(name: str, values: Any, points: Array) -> Array:
    """Refuse complex, non-numeric and non-finite values, naming the first bad angle."""
    if np.iscomplexobj(values):
        raise BadInput(f"{name} returned complex values; it must map [0, π] to reals.")
    try:
        real = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        real = np.empty(0)
    if real.shape != points.shape:
        raise BadInput(f"{name} must return one real number per angle.")
    bad = ~np.isfinite(real)
    if bad.any():
        where = int(np.argmax(bad))
        raise BadInput(
            f"{name} returned {float(real[where])!r} at θ = {float(points[where])!r}; "
            "it must be finite on [0, π]."
        )
    return real

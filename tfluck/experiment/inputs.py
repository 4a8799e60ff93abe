"""What unlabelled inputs are drawn from: laws of mean 0 and variance 1.

The papers have Gaussian inputs, whose direction is uniform on the sphere; the other laws
say what of their results hangs on that. All are scaled by ``data-std`` and, with a
covariance, coordinate by coordinate.
"""

import math
from dataclasses import dataclass

from tfluck.foundations.errors import BadInput


@dataclass(frozen=True)
class InputLaw:
    """One law; its text, as ``student-t:5``, names it everywhere.

    Attributes:
        name: ``gaus``, ``uniform`` (U(±√3)), ``rademacher`` (±1), ``student-t`` (heavy
            tails, ν degrees of freedom, scaled to variance 1) or ``mixture`` (K equally
            likely Gaussian clusters; half of the variance is between them).
        parameter: ν or K, None where the law has none.
    """

    name: str
    parameter: float | None = None

    @property
    def text(self) -> str:
        """The law as people and run folders write it."""
        return (
            self.name if self.parameter is None else f"{self.name}:{self.parameter:g}"
        )

    @property
    def fourth_moment(self) -> float | None:
        """E x⁴ of one coordinate; None where it hangs on where the clusters lie."""
        if self.name == "student-t":
            nu = self.parameter or 0.0
            return 3 + 6 / (nu - 4) if nu > 4 else math.inf
        return {"gaus": 3.0, "uniform": 1.8, "rademacher": 1.0}.get(self.name)


#: Name → what its parameter is called, "" for none.
LAWS = {"gaus": "", "uniform": "", "rademacher": "", "student-t": "NU", "mixture": "K"}
#: The laws as people write them.
LAW_NAMES = tuple(f"{name}:{what}" if what else name for name, what in LAWS.items())


def parse_law(text: str) -> InputLaw | None:
    """Return the law called ``text``; None if it is the name of something else.

    Raises:
        BadInput: it is a law whose parameter is missing or out of range.
    """
    name, _, given = text.partition(":")
    if name not in LAWS:
        return None
    if not LAWS[name]:
        if given or ":" in text:
            raise BadInput(
                f"{name} has no parameter, and its deviation is --data-std; write "
                f"{name}, not {text!r}."
            )
        return InputLaw(name)
    lowest, words = {
        "student-t": (
            2.0,
            "student-t:NU with a number NU above 2, its variance's limit",
        ),
        "mixture": (1.0, "mixture:K with a whole number K from 2 to 10000"),
    }[name]
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    whole = name == "student-t" or (value <= 10_000 and value == int(value))
    if not (math.isfinite(value) and value > lowest and whole):
        raise BadInput(f"Write {words}, not {text!r}.")
    return InputLaw(name, value)


def spectrum(covariance: str, dimension: int) -> tuple[float, ...]:
    """Return the standard deviation of each coordinate, on a scale of mean square 1.

    ``spectrum:DECAY`` gives coordinate i = 1, 2, … the variance i^−DECAY over the mean of
    them all; ``identity`` is DECAY 0.

    Raises:
        BadInput: ``covariance`` is something else.
    """
    kind, _, given = covariance.partition(":")
    try:
        decay = 0.0 if covariance == "identity" else float(given)
    except ValueError:
        decay = math.nan
    if kind not in ("identity", "spectrum") or not 0 <= decay <= 100:
        raise BadInput(
            "covariance is identity or spectrum:DECAY with a number DECAY from 0 to 100, "
            f"not {covariance!r}."
        )
    variances = [i**-decay for i in range(1, dimension + 1)]
    mean = sum(variances) / dimension
    return tuple(math.sqrt(variance / mean) for variance in variances)

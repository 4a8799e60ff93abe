"""How the coordinates of unlabelled vectors are scaled against each other."""

import math

from tfluck.foundations.errors import BadInput


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

"""One formula, two arithmetics: float64 arrays for speed, balls for proof."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from flint import arb

#: Bound, in ulps, that we assume for NumPy's sin, cos, exp and sqrt on float64.
ELEMENTARY_ULPS = 4
#: Unit roundoff of float64.
UNIT = 2.0**-53


@dataclass(frozen=True)
class Engine:
    """The elementary functions a formula may use.

    ``number`` turns a Python float, or a rational, into this arithmetic's number.
    """

    sin: Callable[[Any], Any]
    cos: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    number: Callable[[Any], Any]
    pi: Callable[[], Any]
    ramp: Callable[[Any], Any]


def _ball_ramp(value: arb) -> arb:
    """Return max(value, 0) as a ball."""
    return value.nonnegative_part() if value.is_finite() else value


def rational(value: Fraction) -> arb:
    """Return a rational number as a ball."""
    return arb(value.numerator) / arb(value.denominator)


def _ball_number(value: float | Fraction) -> arb:
    return rational(value) if isinstance(value, Fraction) else arb(value)


FLOAT = Engine(
    sin=np.sin,
    cos=np.cos,
    exp=np.exp,
    sqrt=np.sqrt,
    number=float,
    pi=lambda: np.pi,
    ramp=lambda value: np.maximum(value, 0.0),
)
BALL = Engine(
    sin=arb.sin,
    cos=arb.cos,
    exp=arb.exp,
    sqrt=arb.sqrt,
    number=_ball_number,
    pi=arb.pi,
    ramp=_ball_ramp,
)


# The precision is one number for the whole process, so threads take turns.
_TURN = threading.RLock()


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with balls of ``bits`` bits inside the block."""
    with _TURN:
        before = flint.ctx.prec
        flint.ctx.prec = bits
        try:
            yield
        finally:
            flint.ctx.prec = before

"""F(t) = Σ c_n cos nt in balls and floats, where c_n falls like a sum of powers of n.

With c_n = Σ_k b_k n^{−s_k} + (rest of n) for n > N, the powers sum to periodic zeta
functions, which are known near 0:

    Σ_{n≥1} n^{−s} cos nt = π t^{s−1} / (2 Γ(s) cos(πs/2)) + Σ_j (−1)^j ζ(s − 2j) t^{2j}/(2j)!

on 0 ≤ t < 2π, and for odd s = 2q + 1, where two terms have poles that cancel, with
(−1)^q t^{2q} (H_{2q} − log t)/(2q)! in the place of both. So even at t = 10⁻¹² nothing
cancels, which is what three nodes close to the teacher need.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
from flint import arb, ctx, fmpq

from .engine import UNIT, precision, rational
from .functions import Array


@dataclass(frozen=True)
class Power:
    """One term b n^{−s} of the coefficients; s is exact, so that odd s is recognised."""

    b: arb
    s: Fraction


@dataclass(frozen=True)
class Decay:
    """Coefficients that fall like powers.

    Attributes:
        coefficient: n ↦ c_n as a ball, n ≥ 0.
        scale: how many n there are before the powers begin to fall; N is a multiple.
        powers: (N, bits) ↦ the powers to take, and a bound on Σ_{n>N} |rest of n|.
    """

    coefficient: Callable[[int], arb]
    powers: Callable[[int, int], tuple[list[Power], arb]]
    scale: int = 1


@dataclass(frozen=True)
class Expansion:
    """Everything that does not depend on t, at one precision.

    F(t) = Σ even_j t^{2j} + Σ b t^{s−1} + Σ b t^{2q} log t + Σ_n head_n cos nt ± error.
    """

    even: list[arb]
    roots: list[tuple[arb, arb]]
    logs: list[tuple[arb, int]]
    head: list[arb]
    error: arb


def _even_terms(s: Fraction, bits: int) -> int:
    """Return J such that the terms j ≥ J add up to less than 2^−bits on [0, π].

    There |ζ(s − 2j)| t^{2j}/(2j)! ≤ 4 (2π)^{s−1} 4^{−j}, once 2j ≥ s + 1; which J is
    beyond, for s > 0.
    """
    return int((bits + 2.66 * float(s) + 8) / 2) + 1


def expand(decay: Decay, terms: int, bits: int) -> Expansion:
    """Prepare F for arguments in [0, π]."""
    powers, error = decay.powers(terms, bits)
    longest = max(_even_terms(power.s, bits) for power in powers)
    even, roots, logs = [arb(0)] * longest, [], []
    head = [decay.coefficient(n) for n in range(terms + 1)]
    for power in powers:
        s, exponent = power.s, rational(power.s)
        odd = s.denominator == 1 and s.numerator % 2 == 1
        q = int(s - 1) // 2
        if odd:
            factor = power.b * (-1) ** q / arb.fac_ui(2 * q)
            even[q] += factor * sum((1 / arb(n) for n in range(1, 2 * q + 1)), arb(0))
            logs.append((-factor, 2 * q))
        else:
            pi = arb.pi()
            # 1/cos(πs/2) from the exact fraction, which keeps its digits near odd s.
            bottom = 2 * exponent.gamma() * arb.cos_pi_fmpq(_half(s))
            roots.append((power.b * pi / bottom, exponent - 1))
        for j in range(_even_terms(s, bits)):
            if not (odd and j == q):
                zeta = (exponent - 2 * j).zeta()
                even[j] += power.b * (-1) ** j * zeta / arb.fac_ui(2 * j)
        error += abs(power.b) * arb(2) ** -bits
        for n in range(1, terms + 1):
            head[n] -= power.b * arb(n) ** -exponent
    return Expansion(even, roots, logs, head, error.upper())


def _half(s: Fraction) -> fmpq:
    return fmpq((s / 2).numerator, (s / 2).denominator)


def evaluator(decay: Decay) -> Callable[[arb], arb]:
    """Return t ↦ F(t) on balls in [0, π], at the precision of the day."""

    @cache
    def prepared(bits: int) -> Expansion:
        # Powers of the scale grow as those of N fall, and cancel in the sum.
        with precision(2 * bits + 32 if decay.scale > 1 else bits + 32):
            return expand(decay, 64 * decay.scale, bits + 16)

    def value(t: arb) -> arb:
        bits = ctx.prec
        x = prepared(bits)
        with precision(2 * bits if decay.scale > 1 else bits):
            return _sum(x, t)

    return value


def _sum(x: Expansion, t: arb) -> arb:
    """Add up F(t) from what was prepared."""
    square, total = t * t, arb(0)
    for c in reversed(x.even):
        total = total * square + c
    for b, power in x.roots:
        total += b * _root(t, power)
    for b, whole in x.logs:
        total += b * _log_term(t, whole)
    total += sum((c * (n * t).cos() for n, c in enumerate(x.head)), arb(0))
    return total + arb(0, 1) * x.error


def _root(t: arb, power: arb) -> arb:
    """Return t^power for t ≥ 0, also where the ball touches 0."""
    if t > 0:
        return t**power
    top = t.abs_upper()
    return arb(0) if top.is_zero() else arb(0.5, 0.5) * top**power


def _log_term(t: arb, whole: int) -> arb:
    if t > 0:
        return t**whole * t.log()
    return arb(0) if t.is_zero() and whole else arb.nan()


def float_evaluator(decay: Decay) -> tuple[Callable[[Array], Array], float]:
    """Return F in float64, and a bound on its rounding at an exact distance.

    Every term is within a few units of its size, NumPy's power and logarithm taken to be
    as good as its sine.
    """
    with precision(128):
        x = expand(decay, 16 if decay.scale == 1 else 64 * decay.scale, 64)
        even = np.array([float(c.mid()) for c in x.even])
        roots = [(float(b.mid()), float(p.mid())) for b, p in x.roots]
        logs = [(float(b.mid()), whole) for b, whole in x.logs]
        head = np.array([float(c.mid()) for c in x.head])
        error = float(x.error.abs_upper())
    steps = np.pi ** (2.0 * np.arange(len(even)))
    size = np.abs(even) @ steps + sum(abs(b) * np.pi**p for b, p in roots)
    size += sum(abs(b) * np.pi**whole * 2 for b, whole in logs) + np.abs(head).sum()
    largest = max([p for _, p in roots] + [whole for _, whole in logs], default=0.0)

    def values(t: Array) -> Array:
        square = t * t
        total = np.zeros_like(t)
        for c in even[::-1]:
            total = total * square + c
        for b, power in roots:
            total = total + b * t**power
        with np.errstate(all="ignore"):
            for b, whole in logs:
                total = total + b * np.where(t > 0, t**whole * np.log(t), 0.0)
        for n, c in enumerate(head):
            total = total + c * np.cos(n * t)
        return np.asarray(total)

    return values, error + float(size) * (64 + 4 * largest + len(head)) * UNIT

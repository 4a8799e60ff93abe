"""Which theorem decides a function: do some weights have to be negative, or none at all?

The weights are ρ = M⁻¹b. NW, "negative weight", says: for every m ≥ 3 and all distinct
angles M is positive definite and some ρ_i < 0, so that min det M_i < 0. Proofs of all
theorems are in docs/alignment.md. Every constant here is a ball.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flint import arb, arb_mat

from .angle import AnyAngle
from .balls import ball_matrix
from .engine import precision
from .functions import AngularFunction, Traits
from .verdicts import Interval, interval

#: nw: proved, for every m ≥ 3. fails: some three angles have only positive weights.
#: positive: all weights are positive, whatever m and the angles. zero: the weights of
#: nodes that are no neighbours of the teacher vanish, so min det M_i = 0.
Decision: TypeAlias = Literal["nw", "fails", "positive", "zero", "undecided"]
#: Points of (0, π] at which A5 (i) is looked at.
GRID = 64


@dataclass(frozen=True)
class Criterion:
    """One theorem's answer for one function.

    Attributes:
        theorem: its name in docs/alignment.md.
        decision: what it proves about the function; ``undecided`` if nothing.
        reason: why, in words.
        constants: the numbers it rests on, enclosed.
    """

    theorem: str
    decision: Decision
    reason: str
    constants: dict[str, Interval] = field(default_factory=dict)


def criteria(function: AngularFunction) -> list[Criterion]:
    """Return what each theorem that can be asked says about ``function``."""
    with precision(192):
        return [found for ask in _ALL for found in ask(function, _traits(function))]


def decide(found: Sequence[Criterion]) -> Criterion:
    """Return the criterion that says most."""
    order: tuple[Decision, ...] = ("nw", "positive", "zero", "fails")
    for decision in order:
        for one in found:
            if one.decision == decision:
                return one
    return Criterion("none", "undecided", "no theorem known to us applies")


def _traits(function: AngularFunction) -> Traits:
    return function.traits or Traits()


def _all_positive(function: AngularFunction) -> bool:
    """Tell whether every c_n is proved to be positive."""
    series = function.series
    return (
        series is not None and series.negative is None and series.frequencies == "all"
    )


def _own(function: AngularFunction, traits: Traits) -> Iterator[Criterion]:
    if traits.theorem_4:
        yield Criterion("Theorem 4", "nw", "f is the paper's, sin θ + (π − θ) cos θ")


def _levy(function: AngularFunction, traits: Traits) -> Iterator[Criterion]:
    if traits.levy:
        yield Criterion("A1", "positive", traits.levy)


def _polya(function: AngularFunction, traits: Traits) -> Iterator[Criterion]:
    if traits.polya:
        yield Criterion("A2", "nw", traits.polya)


def _total_positivity(function: AngularFunction, traits: Traits) -> Iterator[Criterion]:
    """A3: μ_2(μ_0 μ_4 − μ_2²) < 2 c_0 c_1² makes the kernel SCTP_3."""
    if traits.moment is None or function.series is None:
        return
    zero, two, four = (traits.moment(k) for k in (0, 2, 4))
    c_0, c_1 = function.series.coefficient(0), function.series.coefficient(1)
    if function.series.negative is not None or not (c_0 > 0 and c_1 > 0):
        return
    if not four.is_finite():
        yield Criterion("A3", "undecided", "μ_4 is infinite")
        return
    ratio = two * (zero * four - two * two) / (2 * c_0 * c_1 * c_1)
    holds = bool(ratio < 1)
    strict = holds and _all_positive(function)
    words = "μ_2(μ_0 μ_4 − μ_2²) is below 2 c_0 c_1²" if holds else "the test fails"
    if holds and not strict:
        words += ", so the kernel is SCTP_3; but M is singular at many angles"
    yield Criterion(
        "A3", "nw" if strict else "undecided", words, {"ratio": interval(ratio)}
    )


def _rough(function: AngularFunction, traits: Traits) -> Iterator[Criterion]:
    if traits.rough and _all_positive(function):
        yield Criterion("A4", "fails", traits.rough)


def _curved(function: AngularFunction, traits: Traits) -> Iterator[Criterion]:
    """A5 (i): NW needs f(0) f″(x) + μ_2 f(x) ≥ 0 on (0, π], where f is C³ at 0."""
    if traits.curvature is None or traits.moment is None:
        return
    top, two = function.ball(arb(0)), traits.moment(2)
    margins = [
        top * traits.curvature(x) + two * function.ball(x)
        for x in (arb.pi() * k / GRID for k in range(1, GRID + 1))
    ]
    worst = min(margins, key=lambda margin: float(margin.mid()))
    words = f"the necessary condition holds at {GRID} points"
    if worst < 0:
        words = "f(0) f″(x) + μ_2 f(x) is negative somewhere"
    if worst < 0 and not _all_positive(function):
        words += "; but A5 asks for every c_n > 0 (add some that are tiny)"
    yield Criterion(
        "A5 (i)",
        "fails" if worst < 0 and _all_positive(function) else "undecided",
        words,
        {"least margin": interval(worst)},
    )


def _square(function: AngularFunction, traits: Traits) -> Iterator[Criterion]:
    """A5 (iv): the weights at π/2, π, 3π/2, from C_k = Σ_j a_{k+4j}."""
    if not function.provable or not _all_positive(function):
        return
    at_0, at_half, at_pi = (function.ball(arb.pi() * k / 2) for k in range(3))
    c_0, c_2 = (at_0 + at_pi + 2 * at_half) / 4, (at_0 + at_pi - 2 * at_half) / 4
    c_1 = (at_0 - at_pi) / 4
    margin = 2 / c_1 - 1 / c_0 - 1 / c_2
    fails = bool(c_0 > c_2) and bool(margin > 0)
    yield Criterion(
        "A5 (iv)",
        "fails" if fails else "undecided",
        "all weights at π/2, π, 3π/2 are positive"
        if fails
        else "the necessary condition at the square holds",
        {"C_0": interval(c_0), "C_1": interval(c_1), "C_2": interval(c_2)},
    )


def _knife(function: AngularFunction, traits: Traits) -> Iterator[Criterion]:
    if traits.knife is None:
        return
    side, words = traits.knife
    decisions: dict[int, Decision] = {-1: "nw", 0: "zero", 1: "positive"}
    edge = {-1: "below", 0: "on", 1: "above"}[side]
    yield Criterion("A10", decisions[side], f"{words}; a_0 is {edge} the edge")


_ALL: tuple[Callable[[AngularFunction, Traits], Iterator[Criterion]], ...] = (
    _own,
    _levy,
    _polya,
    _total_positivity,
    _knife,
    _rough,
    _curved,
    _square,
)


def dense(function: AngularFunction, angles: Sequence[AnyAngle]) -> Criterion:
    """Ask Proposition A6 at ``angles``: are they dense enough near the teacher?

    With P² the kriging variance f(0) − bᵀM⁻¹b and δ the distance to the nearest node,
    P(√(1/c_0 + 1/c_1) + (1 − cos δ)/√c_0) < 1 − cos δ forces a negative weight.
    """
    with precision(512):
        if function.series is None or not function.provable:
            return Criterion("A6", "undecided", "the coefficients are not known")
        c_0, c_1 = (function.series.coefficient(k) for k in (0, 1))
        rows = ball_matrix(function, angles)
        right = arb_mat([[row[-1]] for row in rows])
        try:
            solved = arb_mat([row[:-1] for row in rows]).solve(right)
        except ZeroDivisionError:
            return Criterion("A6", "undecided", "M may be singular at these angles")
        variance = function.ball(arb(0)) - (right.transpose() * solved)[0, 0]
        reach = 1 - _nearest(angles).cos()
        if not (variance > 0 and c_0 > 0 and c_1 > 0):
            return Criterion("A6", "undecided", "its constants are not all positive")
        left = variance.sqrt() * ((1 / c_0 + 1 / c_1).sqrt() + reach / c_0.sqrt())
        holds = bool(left < reach)
        return Criterion(
            "A6",
            "nw" if holds else "undecided",
            "some weight is negative at these angles"
            if holds
            else "the angles are not dense enough",
            {"left": interval(left), "right": interval(reach)},
        )


def _nearest(angles: Sequence[AnyAngle]) -> arb:
    from .balls import ball_distance

    gaps = [ball_distance(x, 0.0) for x in angles]
    return min(gaps, key=lambda gap: float(gap.mid()))

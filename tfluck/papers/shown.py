"""What a sample shows for a claim, and against it, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass

from tfluck.papers.claim import Claim
from tfluck.papers.evidence import Part
from tfluck.papers.statistics import (
    FEWEST,
    Array,
    Direction,
    OneSided,
    equivalent,
    one_sided,
)


@dataclass(frozen=True)
class Shown:
    """Tests of all parts of a claim, and what they come to.

    Attributes:
        p_value: by Student's t, before a correction over claims.
        p_exact: by sign flips, in the same part.
        parts: of each part alone.
    """

    p_value: float
    p_exact: float
    parts: tuple[OneSided, ...]

    @classmethod
    def never(cls, count: int) -> "Shown":
        """Return what shows nothing in ``count`` parts."""
        return cls(1.0, 1.0, (OneSided(1.0, 1.0, 1.0),) * count)

    def holds(self, level: float) -> bool:
        """Tell whether it is shown, one claim being looked at."""
        return max(self.p_value, self.p_exact) <= level

    def some(self, level: float) -> bool:
        """Tell whether it is shown in some part, corrected by their number."""
        return any(self._alone(one, level) for one in self.parts)

    def names(self, parts: Sequence[Part], level: float) -> list[str]:
        """Name the parts in which it is shown."""
        pairs = zip(parts, self.parts, strict=True)
        return [part.name for part, one in pairs if self._alone(one, level)]

    def _alone(self, one: OneSided, level: float) -> bool:
        return len(self.parts) * one.p_value <= level and one.p_exact <= level


def beyond(claim: Claim, value: float) -> bool:
    """Tell whether one number lies where the claim says."""
    threshold = claim.threshold or 0.0
    return {
        "greater": value > threshold,
        "less": value < threshold,
        "at least": value >= threshold,
        "at most": value <= threshold,
        "equivalent": abs(value) < threshold,
    }.get(claim.direction, False)


def shown_for(
    claim: Claim, parts: Sequence[Part], threshold: float | None = None
) -> Shown:
    """Test the claim in every part: its worst part decides."""
    tests = tuple(_supports(claim, part.known, threshold) for part in parts)
    if _few(parts):
        return Shown.never(len(parts))
    return Shown(
        max(one.p_value for one in tests), max(one.p_exact for one in tests), tests
    )


def against(claim: Claim, parts: Sequence[Part]) -> Shown:
    """Test the opposite: its best part decides, corrected by the number of parts."""
    tests = tuple(_refutes(claim, part.known) for part in parts)
    if _few(parts):
        return Shown.never(len(parts))
    best = min(tests, key=lambda one: one.p_value)
    return Shown(min(1.0, len(tests) * best.p_value), best.p_exact, tests)


def _few(parts: Sequence[Part]) -> bool:
    return not parts or min(part.known.size for part in parts) < FEWEST


def _side(claim: Claim) -> Direction:
    return "greater" if claim.direction in ("greater", "at least") else "less"


def _supports(claim: Claim, values: Array, threshold: float | None) -> OneSided:
    bound = claim.threshold if threshold is None else threshold
    if claim.direction == "equivalent":
        return equivalent(values, bound or 0.0)
    return one_sided(values, bound or 0.0, _side(claim))


def _refutes(claim: Claim, values: Array) -> OneSided:
    bound = claim.threshold or 0.0
    if claim.direction != "equivalent":
        other: Direction = "less" if _side(claim) == "greater" else "greater"
        return one_sided(values, bound, other)
    outside = one_sided(values, bound, "greater"), one_sided(values, -bound, "less")
    best = min(outside, key=lambda one: one.p_value)
    return OneSided(min(1.0, 2 * best.p_value), best.p_exact, best.attainable)

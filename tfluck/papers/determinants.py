"""Signs of determinants, as the claims ask for them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from tfluck.angular import certified_signs, check, hunt, named, propose, surface, verify
from tfluck.angular.angle import Angle, parse_angle
from tfluck.angular.certificate import Certificate
from tfluck.angular.signs import UNDECIDED, VIOLATED
from tfluck.foundations.seeds import generator

Numbers: TypeAlias = dict[str, float | list[float | None] | None]


def signs_within(m: int, samples: int, turn: float) -> Numbers:
    """Count violations at random angles within ``turn`` of the circle, teacher at its rim."""
    random = generator(0, "claim-signs", m)
    angles = np.sort(random.uniform(0, 2 * np.pi * turn, (m, samples)), axis=0)
    verdicts = certified_signs(named("relu"), angles).verdicts
    return {
        "violated": int((verdicts == VIOLATED).sum()),
        "undecided": int((verdicts == UNDECIDED).sum()),
    }


def at_angles(function: str, angles: Sequence[float]) -> Numbers:
    """Say whether every det M_i is positive at one set of angles."""
    found = check(named(function), list(angles))
    return {
        "violated": int(found.verdict == "violated"),
        "undecided": int(not found.certified),
    }


def rational(m: int, denominator: int, samples: int) -> Numbers:
    """Count violations at random distinct multiples of π / denominator, kept exact.

    Sets with opposite angles are left out, as the paper does.
    """
    random, counts = generator(0, "claim-rational", m), {"violated": 0, "undecided": 0}
    judged = 0
    for _ in range(samples):
        steps = random.choice(np.arange(1, 2 * denominator), m, replace=False)
        angles: list[Angle] = [
            parse_angle(f"{k}pi/{denominator}") for k in np.sort(steps).tolist()
        ]
        found = check(named("relu"), angles)
        if found.antipodal:
            continue
        judged += 1
        if found.verdict in counts:
            counts[found.verdict] += 1
    return {**counts, "judged": judged}


def search(m: int, function: str, draws: int, rounds: int) -> Numbers:
    """Say whether a search finds angles at which every det M_i is positive."""
    return {"found": int(hunt(named(function), m, draws=draws, rounds=rounds).found)}


def proof(m: int, delta: float) -> Numbers:
    """Prove the condition on all angles with gaps of at least δ; None is undecided."""
    tree = propose(named("relu"), m, delta)
    if tree.status != "proved":
        return {"unproved": None, "boxes": tree.boxes}
    verify(Certificate("relu", m, delta, tree.symbols), 1)
    return {"unproved": 0, "boxes": tree.boxes}


def surfaces(m: int, fixed: Sequence[Mapping[str, float]], points: int) -> Numbers:
    """Add up the verdicts of several surfaces; take the least correlation with depth."""
    found = [
        surface(named("relu"), m, {int(k): v for k, v in one.items()}, points)
        for one in fixed
    ]
    return {
        "violated": sum(one.violated for one in found),
        "undecided": sum(one.undecided for one in found),
        "depth_correlation": min(one.depth_correlation for one in found),
    }

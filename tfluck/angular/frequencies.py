"""PAD from the set of frequencies alone: Theorems D2 to D4 of docs/alignment.md.

S = {k ∈ Z: a_k > 0} is symmetric. M is positive definite at all finite sets of angles
without antipodal pairs (Definition 5.7) or not, and only S decides which.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

from tfluck.foundations.errors import BadInput

#: Residues that are looked at one by one.
LARGEST = 100_000


@dataclass(frozen=True)
class Frequencies:
    """Residues mod ``modulus`` whose classes S consists of, finitely many k apart."""

    modulus: int
    residues: frozenset[int]

    @property
    def odd_part(self) -> int:
        """Return the largest odd divisor of the modulus."""
        return self.modulus >> _twos(self.modulus)


@dataclass(frozen=True)
class Verdict:
    """Whether F is PAD, and by which theorem."""

    pad: Literal["yes", "no", "undecided"]
    theorem: str | None
    reason: str


def _twos(number: int) -> int:
    return (number & -number).bit_length() - 1


def parse_frequencies(text: str) -> Frequencies:
    """Read ``6Z,1+6Z,5+6Z``, numbers among them; −k counts with k.

    Raises:
        BadInput: it cannot be read, or the least common modulus is too large.
    """
    progressions = []
    for part in text.replace(" ", "").split(","):
        found = re.fullmatch(r"(?:(-?\d{1,9})\+)?(\d{0,9})Z|(-?\d{1,9})", part)
        if found is None or (found[2] and int(found[2]) == 0):
            raise BadInput(
                f"{part[:40]!r} is no set of frequencies; expected such as 6Z, 1+6Z or 3."
            )
        if found[3] is None:
            progressions.append((int(found[1] or 0), int(found[2] or 1)))
    modulus = math.lcm(*(step for _, step in progressions)) if progressions else 1
    if modulus > LARGEST:
        raise BadInput(
            f"The frequencies repeat after {modulus} only; at most {LARGEST} are "
            "looked at."
        )
    residues = {
        sign * k % modulus
        for start, step in progressions
        for k in range(start, start + modulus, step)
        for sign in (1, -1)
    }
    return Frequencies(modulus, frozenset(residues))


def decide_pad(found: Frequencies) -> Verdict:
    """Decide PAD for S a union of classes, finitely many k apart.

    With N = 2^e q: D4 if 4 does not divide N; else D3 refutes (each fibre over a mod q
    must hold at least half of its 2^e classes), and D2 proves (each fibre holds all its
    even or all its odd classes).
    """
    modulus, q = found.modulus, found.odd_part
    halves = modulus // q
    fibres: dict[int, list[int]] = {a: [] for a in range(q)}
    for residue in found.residues:
        fibres[residue % q].append(residue)
    poorest = min(fibres, key=lambda a: len(fibres[a]))
    if not fibres[poorest]:
        return Verdict(
            "no",
            "D3",
            f"not PAD: only finitely many frequencies are {poorest} mod {q} (D3)",
        )
    if modulus % 4:
        return Verdict(
            "yes", "D4", f"PAD: the frequencies meet every class mod {q} (D4)"
        )
    if 2 * len(fibres[poorest]) < halves:
        return Verdict(
            "no",
            "D3",
            f"not PAD: of the {halves} classes mod {modulus} that are {poorest} mod {q} "
            f"only {len(fibres[poorest])} occur, less than half (D3)",
        )
    for a, residues in fibres.items():
        even = sum(residue % 2 == 0 for residue in residues)
        if 2 * max(even, len(residues) - even) < halves:
            return Verdict(
                "undecided",
                None,
                f"undecided: every fibre is half full or more (D3 holds), but that of "
                f"{a} mod {q} has neither all its even nor all its odd classes (D2 "
                "fails); Conjecture D5 would make it PAD",
            )
    return Verdict(
        "yes",
        "D2",
        f"PAD: every class mod {q} has all its even or all its odd frequencies (D2)",
    )

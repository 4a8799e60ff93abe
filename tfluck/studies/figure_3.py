"""What a lottery-ticket study says of paper 1's figure 3, in sentences (X5)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tfluck.analysis.paired import Paired
from tfluck.studies.outcomes import Difference

#: A loss within this factor of another is the same to a reader of figure 3.
SAME = 1.1
WHY = (
    "lucky against random is the comparison that matters: both keep as many nodes with "
    "their own start, so what is left between them is luck alone; against the full net "
    "size counts too, and against a new start the scale of the start."
)


@dataclass(frozen=True)
class Verdict:
    """One statement: ``holds``, ``does not hold`` or ``not decided``, and the numbers."""

    claim: str
    keep: int
    verdict: str
    sentence: str

    def to_row(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "claim": self.claim,
            "keep": self.keep,
            "verdict": self.verdict,
            "sentence": self.sentence,
        }


def verdicts(found: Sequence[Difference]) -> list[Verdict]:
    """Judge figure 3 (b), (c) and luck against chance, as far as arms were trained."""
    out = []
    for one in found:
        pair = (one.arm, one.against)
        if pair == ("lucky", "full"):
            out.append(_not_worse(one))
        elif pair == ("lucky", "random"):
            out.append(_less(one))
        elif one.against == "lucky":
            out.append(_more(one))
    return out


def factor(paired: Paired) -> str:
    """Write a difference of log losses as a factor with its interval, like 3.2 (2–5)."""
    if paired.difference is None:
        return "–"
    text = f"{math.exp(paired.difference):.3g}"
    if paired.interval is None:
        return text
    low, high = map(math.exp, paired.interval)
    return f"{text} ({low:.3g}–{high:.3g})"


def _not_worse(one: Difference) -> Verdict:
    """Judge (b): trained again without the others, the winners do as well or better."""
    margin = math.log(SAME)
    interval = one.log_loss.interval
    verdict = "not decided"
    if interval and interval[1] < margin:
        verdict = "holds"
    elif interval and interval[0] > 0:
        verdict = "does not hold"
    return Verdict(
        "figure 3 (b): the winners alone, with their own start, do as well or better",
        one.keep,
        verdict,
        f"loss {factor(one.log_loss)} times the full net's",
    )


def _more(one: Difference) -> Verdict:
    """Judge (c): a new start of the same structure does worse."""
    scale = "small" if one.arm == "reinit" else "full"
    return Verdict(
        f"figure 3 (c): a new start at the {scale} net's scale does worse",
        one.keep,
        _sign(one.log_loss, 1),
        f"loss {factor(one.log_loss)} times the winners' with their own start",
    )


def _less(one: Difference) -> Verdict:
    """Judge luck itself: winners do better than as many random nodes."""
    return Verdict(
        "luck: the winners do better than as many random nodes, own start both",
        one.keep,
        _sign(one.log_loss, -1),
        f"loss {factor(one.log_loss)} times that of random nodes",
    )


def _sign(found: Paired, wanted: int) -> str:
    """Tell whether the difference has the sign that is ``wanted``."""
    if found.interval is None:
        return "not decided"
    low, high = (wanted * end for end in found.interval)
    if min(low, high) > 0:
        return "holds"
    return "does not hold" if max(low, high) < 0 else "not decided"

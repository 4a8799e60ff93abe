"""A claim with its verdict as plain values: what JSON, CSV and the report say of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfluck.papers.claim import Paper
from tfluck.papers.verdict import VERDICTS, Judgement


def told(paper: Paper, found: Judgement) -> dict[str, Any]:
    """Return a claim with its verdict as the contract's JSON object."""
    claim, summary = found.claim, found.summary
    return {
        "paper": paper.name,
        "id": claim.id,
        "claim": claim.sentence,
        "source": claim.source,
        "metric": claim.measured,
        "direction": claim.direction,
        "threshold": claim.threshold,
        "measured": found.measured,
        "effect": summary.effect if summary else None,
        "interval": summary.interval if summary else None,
        "bootstrap": found.bootstrap,
        "smallest_effect": summary.smallest if summary else None,
        "test": claim.test,
        "students": max((len(p.values) for p in found.evidence.parts), default=0)
        if found.evidence.sampled
        else None,
        "p_value": found.p_value,
        "p_exact": found.p_exact,
        "p_adjusted": found.p_adjusted,
        "verdict": found.verdict,
        "expected": claim.expect,
        "note": found.note,
        "refuted_by": claim.refuted_by,
        "command": found.evidence.command,
        "run": list(found.evidence.runs),
        "parts": {part.name: list(part.values) for part in found.evidence.parts},
    }


def counted_verdicts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the rows of each verdict; none is left out."""
    words = [row["verdict"] for row in rows]
    return {word: words.count(word) for word in VERDICTS}

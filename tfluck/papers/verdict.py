"""From evidence to a verdict.

A claim about students is reproduced where every part of it is shown beyond its threshold
(so the worst part decides, without correction among parts), and not reproduced where in
some part the opposite is shown (so the best part decides, corrected by their number). Both,
and the weaker threshold, are corrected by Holm over the paper's claims, each for itself:
the chance of calling any false claim reproduced is at most the paper's level, and so is
that of calling any true one not reproduced. What is neither is not decided.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from tfluck.experiment.wording import counted
from tfluck.papers.claim import Claim, Paper
from tfluck.papers.evidence import Evidence, Part
from tfluck.papers.shown import Shown, against, beyond, shown_for
from tfluck.papers.statistics import FEWEST, Summary, bootstrap, holm, summarize

Verdict: TypeAlias = Literal[
    "reproduced",
    "partly",
    "not reproduced",
    "not decided",
    "vacuous",
    "needs data",
    "not computable",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: Verdicts in which chance has no part: they are the expected ones, or something changed.
EXACT = ("theory", "computed")


@dataclass(frozen=True)
class Judgement:
    """A claim with its verdict.

    Attributes:
        claim: what was judged.
        verdict: of :data:`VERDICTS`.
        note: why, where the verdict alone does not say it.
        measured: mean over students of the part that decided, or the one number.
        summary: its interval and effect; None where there is no sample.
        bootstrap: its BCa interval, which covers less where students are few.
        p_value, p_exact, p_adjusted: of "the claim is true of the worst part": by t, by
            sign flips, and by t after Holm; None where chance has no part.
        evidence: what it was judged by.
    """

    claim: Claim
    verdict: Verdict
    note: str = ""
    measured: float | None = None
    summary: Summary | None = None
    bootstrap: tuple[float, float] | None = None
    p_value: float | None = None
    p_exact: float | None = None
    p_adjusted: float | None = None
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def failed(self) -> bool:
        """Whether this is not what we expect: an exit code of 4 under ``--check``."""
        if self.verdict in ("not decided", "needs data", "not computable"):
            return False
        if self.claim.kind in EXACT and not self.evidence.sampled:
            return self.verdict != self.claim.expect
        return {self.verdict, self.claim.expect} == {"reproduced", "not reproduced"}


@dataclass(frozen=True)
class _Case:
    """A claim about students on its way: what is shown for and against it."""

    claim: Claim
    evidence: Evidence
    for_it: Shown
    against_it: Shown
    weakly: Shown


def judge_all(
    paper: Paper, evidence: Mapping[str, Evidence], scale: str
) -> list[Judgement]:
    """Judge every claim of a paper; none is left out.

    Args:
        paper: its claims and its level.
        evidence: by the ids of claims; one that is missing decides nothing.
        scale: at which the evidence was gathered.
    """
    found: dict[str, Judgement] = {}
    cases: list[_Case] = []
    for claim in paper.claims:
        given = evidence.get(claim.id, Evidence(note="There is no evidence."))
        early = _without_chance(claim, given) or _unfit(
            claim, given, scale, paper.level
        )
        if early:
            found[claim.id] = early
        else:
            cases.append(_case(claim, given))
    found |= {one.claim.id: one for one in _tested(cases, paper.level)}
    return [found[claim.id] for claim in paper.claims]


def _without_chance(claim: Claim, given: Evidence) -> Judgement | None:
    """Judge what no sample decides."""
    if claim.kind == "needs data" and not given.parts:
        return Judgement(claim, "needs data", f"Needs {claim.data}.", evidence=given)
    if given.lacks:
        return Judgement(claim, "needs data", given.lacks, evidence=given)
    if claim.kind == "not computable":
        return Judgement(claim, "not computable", claim.why, evidence=given)
    if claim.kind == "theory":
        return _theorem(claim, given)
    return None if given.sampled else _number(claim, given)


def _theorem(claim: Claim, given: Evidence) -> Judgement:
    """Judge by checks: all hold, all are violated, all are vacuous, or some of each."""
    words = [one.verdict for one in given.tried if one.verdict != "diagnostic"]
    kinds = set(words)
    verdict: Verdict = "partly"
    if not words:
        verdict = "not decided"
    elif len(kinds) == 1:
        table: dict[str, Verdict] = {
            "holds": "reproduced",
            "violated": "not reproduced",
            "vacuous": "vacuous",
        }
        verdict = table[words[0]]
    failing = [one.id for one in given.tried if one.verdict == "violated"]
    note = given.note
    if verdict == "partly" and failing:
        note = f"Violated: {', '.join(failing)}."
    measured = words.count("holds") / len(words) if words else None
    if len(given.tried) == 1:
        measured = given.tried[0].measured
    return Judgement(claim, verdict, note, measured, evidence=given)


def _number(claim: Claim, given: Evidence) -> Judgement:
    """Judge numbers that are exact, certified, or all that there is."""
    values = [value for part in given.parts for value in part.values]
    known = [value for value in values if value is not None]
    worst = _worst(claim, known)
    if len(known) < len(values) or not known:
        note = given.note or "A number could not be computed."
        return Judgement(claim, "not decided", note, worst, evidence=given)
    premise, side = claim.premise, [v for part in given.premise for v in part.values]
    if premise and not all(v is not None and beyond(premise, v) for v in side):
        return Judgement(claim, "vacuous", claim.vacuous_if, worst, evidence=given)
    if not all(beyond(claim, value) for value in known):
        verdict: Verdict = "not reproduced"
    elif given.undecided:
        verdict = "not decided"
    else:
        verdict = "reproduced"
    note = f"Undecided: {given.undecided:g}." if given.undecided else given.note
    return Judgement(claim, verdict, note, worst, evidence=given)


def _worst(claim: Claim, values: Sequence[float]) -> float | None:
    if not values:
        return None
    return min(values) if claim.direction in ("greater", "at least") else max(values)


def _unfit(claim: Claim, given: Evidence, scale: str, level: float) -> Judgement | None:
    """Say it where a sample is there but cannot be judged."""
    shown = _described(claim, given)
    if scale not in claim.judged_at:
        note = f"Cannot be judged at the scale {scale}."
        return Judgement(claim, "not decided", note, **shown)
    if not given.parts or not all(part.whole for part in given.parts):
        lacking = sum(None in part.values for part in given.parts)
        note = given.note or f"Students lack numbers in {counted(lacking, 'part')}."
        return Judgement(claim, "not decided", note, **shown)
    fewest = min(len(part.values) for part in given.parts)
    if fewest < FEWEST:
        note = f"{counted(fewest, 'student')}: fewer than {FEWEST} can show nothing."
        return Judgement(claim, "not decided", note, **shown)
    return _premised(claim, given, level, shown)


def _premised(
    claim: Claim, given: Evidence, level: float, shown: Mapping[str, Any]
) -> Judgement | None:
    """Ask for the hypothesis: false is vacuous, and not known decides nothing."""
    if claim.premise is None:
        return None
    whole = bool(given.premise) and all(part.whole for part in given.premise)
    if whole and against(claim.premise, given.premise).holds(level):
        return Judgement(claim, "vacuous", claim.vacuous_if, **shown)
    if whole and shown_for(claim.premise, given.premise).holds(level):
        return None
    return Judgement(claim, "not decided", "Its hypothesis is not shown.", **shown)


def _described(claim: Claim, given: Evidence, level: float = 0.05) -> dict[str, Any]:
    """Tell the numbers of the part that decides: the least favourable one."""
    parts = [part for part in given.parts if part.known.size]
    described: dict[str, Any] = {"evidence": given}
    if not parts:
        return described
    part = _deciding(claim, parts)
    threshold = 0.0 if claim.direction == "equivalent" else claim.threshold or 0.0
    summary = summarize(part.known, threshold, level)
    return described | {
        "measured": summary.mean,
        "summary": summary,
        "bootstrap": bootstrap(part.known),
    }


def _deciding(claim: Claim, parts: Sequence[Part]) -> Part:
    means = [float(part.known.mean()) for part in parts]
    if claim.direction == "equivalent":
        return parts[int(np.argmax(np.abs(means)))]
    wanted = np.argmin if claim.direction in ("greater", "at least") else np.argmax
    return parts[int(wanted(means))]


def _case(claim: Claim, given: Evidence) -> _Case:
    weakly = (
        shown_for(claim, given.parts, claim.partly)
        if claim.partly is not None
        else Shown.never(len(given.parts))
    )
    return _Case(
        claim,
        given,
        shown_for(claim, given.parts),
        against(claim, given.parts),
        weakly,
    )


def _tested(cases: Sequence[_Case], level: float) -> Iterable[Judgement]:
    """Correct what is shown over all cases, and conclude."""
    columns = [
        holm([shown.p_value for shown in family])
        for family in zip(
            *((c.for_it, c.against_it, c.weakly) for c in cases), strict=True
        )
    ]
    for index, case in enumerate(cases):
        adjusted = [column[index] for column in columns]
        verdict, note = _concluded(case, adjusted, level)
        shown = _described(case.claim, case.evidence, level / len(cases))
        yield Judgement(
            case.claim,
            verdict,
            note or case.evidence.note,
            p_value=case.for_it.p_value,
            p_exact=case.for_it.p_exact,
            p_adjusted=adjusted[0],
            **shown,
        )


def _concluded(
    case: _Case, adjusted: Sequence[float], level: float
) -> tuple[Verdict, str]:
    shown, refuted, weakly = (
        p <= level and one.p_exact <= level
        for p, one in zip(
            adjusted, (case.for_it, case.against_it, case.weakly), strict=True
        )
    )
    if shown:
        return "reproduced", ""
    if weakly:
        size = "excluded" if refuted else "neither shown nor excluded"
        return "partly", f"The direction is shown, the size {size}."
    if refuted and case.for_it.some(level):
        names = ", ".join(case.for_it.names(case.evidence.parts, level))
        return "partly", f"Shown in {names} only."
    if refuted:
        return "not reproduced", ""
    return "not decided", "Neither it nor its opposite is shown."

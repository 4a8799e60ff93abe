"""The list of claims: what paper 1 says, and a small instance on which each is tried.

An id is that of a statement (``T4``), a claim's name adds what is tried (``T4.designed``).
Every claim stores the verdict that we expect: a printed form with a slip is expected to
be ``violated``, its corrected form to hold. ``tfluck theory check --check`` compares.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from tfluck.foundations.errors import BadInput

Verdict = Literal["holds", "violated", "vacuous", "diagnostic"]

#: Every statement of paper 1 that can be computed, in the paper's order.
STATEMENTS = {
    "D1": "teacher, student, activations, gates, gradients",
    "D2": "activation regions and their overlap",
    "E1": "the objective and the gradient at the top (Eq. 1)",
    "T1": "the recursive gradient rule (Theorem 1, Eq. 2, 3)",
    "T1-BN": "the rule with BatchNorm and convolutions",
    "E10-14": "the induction step of Theorem 1 (Eq. 10 to 14)",
    "A1": "separation of expectations (Assumption 1, Eq. 4, 5)",
    "T2": "the dynamics in matrix form (Theorem 2, Eq. 6)",
    "T2-b": "what the matrices are at the ends, and depend on",
    "Eq7": "the kernels ψ_d and ψ_l",
    "A2": "the Lipschitz condition (Assumption 2, Eq. 8)",
    "A3": "small overlap of teacher nodes (Assumption 3, Eq. 9)",
    "L1": "BatchNorm's Jacobian (Lemma 1, Eq. 16)",
    "Eq17": "no energy enters a node per batch (Eq. 17)",
    "T3": "the conserved quantity (Theorem 3)",
    "L2": "bottom bounds (Lemma 2, Eq. 18 to 28)",
    "L3": "top bounds (Lemma 3, Eq. 29 to 31)",
    "L4": "quadratic fall-off (Lemma 4, Eq. 32)",
    "T4": "recovery (Theorem 4, Eq. 33 to 40)",
    "T4-r1": "remark: faster convergence near the teacher",
    "T4-r2": "remark: winner takes all",
    "T4-r3": "remark: the projection matters",
    "T5": "irrelevant nodes are suppressed (Theorem 5)",
    "Eq41-54": "feasibility of γ in Theorem 5",
    "IH": "the induction hypotheses of Theorem 5, step by step",
    "L5": "top-layer contraction (Lemma 5, Eq. 56 to 62)",
    "L6": "bottom-layer contraction (Lemma 6, Eq. 63 to 70)",
    "L7": "weight separation (Lemma 7)",
    "C-ML": "the multi-layer conjecture (section 3.4)",
    "S3.3-many": "remark: many students to one teacher node",
    "S3.3-gamma": "remark: γ rises as V_r dies",
    "S3.3-lucky": "remark: random initialisation and lucky nodes",
}


@dataclass(frozen=True)
class Finding:
    """What an instance gave; ``expected`` and ``tolerance`` say how it was judged."""

    measured: float | None
    expected: float | None
    tolerance: float | None
    verdict: Verdict
    note: str = ""
    relation: Literal["", "=", "≤", "≥"] = ""


@dataclass(frozen=True)
class Check:
    """A claim that was tried.

    Attributes:
        id: statement and instance, ``T4.designed``.
        statement: the claim, in a sentence.
        measured: None where a number says nothing.
        expected: what ``measured`` is held against.
        tolerance: how far it may be off; None for one-sided claims.
        verdict: what was found.
        note: the instance, and what else was seen.
        expected_verdict: what we expect to find.
        relation: how ``measured`` is held against ``expected``: =, ≤, ≥ or not at all.
    """

    id: str
    statement: str
    measured: float | None
    expected: float | None
    tolerance: float | None
    verdict: Verdict
    note: str
    expected_verdict: Verdict
    relation: str

    @property
    def surprising(self) -> bool:
        """Tell whether the verdict is not the expected one."""
        return self.verdict != self.expected_verdict


@dataclass(frozen=True)
class Claim:
    """A claim and the function that tries it."""

    id: str
    statement: str
    expect: Verdict
    compute: Callable[[], Finding]

    @property
    def about(self) -> str:
        """Return the id of the statement."""
        return statement_of(self.id)

    def check(self) -> Check:
        """Try it."""
        found = self.compute()
        return Check(
            self.id,
            self.statement,
            found.measured,
            found.expected,
            found.tolerance,
            found.verdict,
            found.note,
            self.expect,
            found.relation,
        )


_CLAIMS: dict[str, Claim] = {}


def statement_of(name: str) -> str:
    """Return the statement's id of a claim's name (ids may hold dots themselves)."""
    fitting = [id for id in STATEMENTS if name == id or name.startswith(f"{id}.")]
    return max(fitting, key=len) if fitting else ""


def claim(
    name: str, statement: str, expect: Verdict = "holds"
) -> Callable[[Callable[[], Finding]], Callable[[], Finding]]:
    """Register a function as the trial of a claim."""

    def add(compute: Callable[[], Finding]) -> Callable[[], Finding]:
        if name in _CLAIMS or not statement_of(name):
            raise ValueError(f"Claim '{name}' is taken, or about no statement.")
        _CLAIMS[name] = Claim(name, statement, expect, compute)
        return compute

    return add


def claims() -> list[Claim]:
    """Return all claims in the order of their statements."""
    order = list(STATEMENTS)
    return sorted(_CLAIMS.values(), key=lambda one: order.index(one.about))


def select(names: Iterable[str]) -> list[Claim]:
    """Return the claims of statements or claims of these names; all if there are none.

    Raises:
        BadInput: a name is unknown.
    """
    wanted = [name.lower() for name in names]
    known = claims()
    for name in wanted:
        if not any(_fits(one, name) for one in known):
            ids = [*STATEMENTS, *(one.id for one in known)]
            close = difflib.get_close_matches(name, [i.lower() for i in ids], 3)
            hint = f" Did you mean {', '.join(close)}?" if close else ""
            raise BadInput(f"No statement '{name}'.{hint} --list names all of them.")
    return [
        one for one in known if not wanted or any(_fits(one, name) for name in wanted)
    ]


def _fits(one: Claim, name: str) -> bool:
    return name in (one.about.lower(), one.id.lower())


def run(chosen: Iterable[Claim]) -> Iterator[Check]:
    """Try claims one by one."""
    for one in chosen:
        yield one.check()


def equal(
    measured: float, expected: float, tolerance: float, note: str = ""
) -> Finding:
    """Judge |measured − expected| ≤ tolerance."""
    good = abs(measured - expected) <= tolerance
    return Finding(measured, expected, tolerance, _verdict(good), note, "=")


def at_most(measured: float, bound: float, note: str = "") -> Finding:
    """Judge measured ≤ bound."""
    return Finding(measured, bound, None, _verdict(measured <= bound), note, "≤")


def at_least(measured: float, bound: float, note: str = "") -> Finding:
    """Judge measured ≥ bound."""
    return Finding(measured, bound, None, _verdict(measured >= bound), note, "≥")


def _verdict(good: bool) -> Verdict:
    return "holds" if good else "violated"


def diagnostic(measured: float, note: str = "") -> Finding:
    """Report a size that no verdict hangs on."""
    return Finding(measured, None, None, "diagnostic", note)


def vacuous(measured: float | None, bound: float | None, note: str = "") -> Finding:
    """Report that the hypothesis is false here, so that nothing is promised."""
    return Finding(measured, bound, None, "vacuous", note)

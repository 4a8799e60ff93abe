"""From synthetic tables to verdicts: nothing is trained here."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tfluck.papers import (
    PAPERS,
    VERDICTS,
    Evidence,
    Judgement,
    Paper,
    Part,
    Tried,
    judge_all,
    load_paper,
)
from tfluck.papers.claim import read_paper

HEAD = """
paper = "made"
title = "Claims made for tests"
level = 0.05
seeds = { smoke = 2, laptop = 5, paper = 10 }
[defaults.runs]
test = "t and sign flips"
judged_at = ["laptop"]
refuted_by = "the opposite"
vacuous_if = "the premise is false"
preset = "luck-matters/demo"
quantity = "loss"
value = "end"
direction = "greater"
[defaults.theory]
test = "checks"
judged_at = ["laptop"]
refuted_by = "a violation"
vacuous_if = "never"
[defaults.computed]
test = "exact"
judged_at = ["laptop"]
refuted_by = "a violation"
vacuous_if = "the premise is false"
direction = "at most"
compute = "signs"
metric = "violated"
threshold = 0
"""


def paper(*claims: str) -> Paper:
    """Read a file of claims; each is the lines after its id."""
    rows = [
        f'[[claims]]\nid = "C{i}"\nsentence = "s"\nsource = "s"\n{text}\n'
        for i, text in enumerate(claims)
    ]
    return read_paper(HEAD + "".join(rows), "made.toml")


def runs(**given: Any) -> str:
    lines = {"kind": '"runs"', "threshold": "0.5"} | given
    return "\n".join(f"{key} = {value}" for key, value in lines.items())


def students(mean: float, count: int = 5, spread: float = 0.01) -> tuple[float, ...]:
    """Numbers of students about ``mean``, symmetric and all different."""
    return tuple((mean + spread * np.linspace(-1, 1, count)).tolist())


def sample(*columns: Sequence[float | None], **given: Any) -> Evidence:
    parts = tuple(Part(f"layer {at}", tuple(c)) for at, c in enumerate(columns))
    return Evidence(parts, sampled=True, **given)


def judged(text: str, evidence: Evidence, scale: str = "laptop") -> Judgement:
    return judge_all(paper(text), {"C0": evidence}, scale)[0]


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [(0.6, "reproduced"), (0.4, "not reproduced"), (0.5, "not decided")],
)
def test_the_side_of_the_threshold_decides(mean: float, verdict: str) -> None:
    found = judged(runs(), sample(students(mean)))
    assert found.verdict == verdict
    assert found.measured == pytest.approx(mean)
    assert found.summary is not None
    assert found.p_adjusted is not None


def test_a_wrong_claim_is_refuted_and_its_opposite_reproduced() -> None:
    wrong, right = runs(), runs(direction='"less"')
    evidence = sample(students(0.2))
    found = judge_all(paper(wrong, right), {"C0": evidence, "C1": evidence}, "laptop")
    assert [one.verdict for one in found] == ["not reproduced", "reproduced"]
    assert [one.failed for one in found] == [True, False]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_true_claim_of_too_few_students_is_not_decided(count: int) -> None:
    found = judged(runs(), sample(students(0.9, count, 1e-6)))
    assert found.verdict == "not decided"
    assert "fewer than 5" in found.note
    assert found.measured == pytest.approx(0.9, abs=1e-5)
    assert found.summary is not None
    assert found.summary.smallest is None
    assert not found.failed


def test_one_student_that_disagrees_leaves_it_open() -> None:
    """Sign flips ask all five to agree, however sure t may be."""
    values = (*students(0.9, 4), 0.499)
    assert judged(runs(), sample(values)).verdict == "not decided"


def test_what_cannot_be_judged_at_a_scale_says_so() -> None:
    found = judged(runs(), sample(students(0.9)), "smoke")
    assert found.verdict == "not decided"
    assert "Cannot be judged at the scale smoke" in found.note
    assert found.measured == pytest.approx(0.9)
    assert found.p_value is None


def test_every_part_must_hold_and_the_worst_is_told() -> None:
    good, bad = students(0.9), students(0.1)
    assert judged(runs(), sample(good, good)).verdict == "reproduced"
    both = judged(runs(), sample(good, bad))
    assert both.verdict == "partly"
    assert "layer 0" in both.note
    assert both.measured == pytest.approx(0.1)
    assert judged(runs(), sample(bad, bad)).verdict == "not reproduced"


def test_the_direction_without_the_size_is_partly() -> None:
    text = runs(partly="0.0")
    small = judged(text, sample(students(0.2)))
    assert small.verdict == "partly"
    assert "excluded" in small.note
    unsure = judged(text, sample(students(0.5, spread=0.1)))
    assert unsure.verdict == "partly"
    assert "neither" in unsure.note
    assert judged(text, sample(students(-0.2))).verdict == "not reproduced"
    assert judged(text, sample(students(0.9))).verdict == "reproduced"


def test_the_null_experiment_is_not_reproduced() -> None:
    """Students beside a teacher they never saw do not cover it: the shipped claim."""
    given = load_paper("luck-matters")
    null = next(one for one in given.claims if one.id == "M-chance.null")
    evidence = {null.id: sample(students(0.45, spread=0.05))}
    found = {j.claim.id: j for j in judge_all(given, evidence, "laptop")}[null.id]
    assert found.verdict == "not reproduced"
    assert not found.failed
    seen = {null.id: sample(students(0.97))}
    again = {j.claim.id: j for j in judge_all(given, seen, "laptop")}[null.id]
    assert again.verdict == "reproduced"
    assert again.failed


def test_holm_counts_the_claims_of_the_paper() -> None:
    """What one claim alone shows is not shown as one of forty that are no better."""
    values = students(0.5 + 0.011, spread=0.01)
    alone = judged(runs(), sample(values))
    assert alone.verdict == "reproduced"
    noise = {f"C{i}": sample(students(0.5)) for i in range(1, 40)}
    many = judge_all(paper(*[runs()] * 40), {"C0": sample(values)} | noise, "laptop")
    assert many[0].verdict == "not decided"
    assert alone.p_value == many[0].p_value
    assert many[0].p_adjusted == pytest.approx(40 * alone.p_value)


def test_equivalence_is_shown_refuted_or_open() -> None:
    text = runs(direction='"equivalent"', threshold="0.1")
    assert judged(text, sample(students(0.0))).verdict == "reproduced"
    assert judged(text, sample(students(0.5))).verdict == "not reproduced"
    assert judged(text, sample(students(-0.5))).verdict == "not reproduced"
    assert judged(text, sample(students(0.1))).verdict == "not decided"


def test_missing_numbers_decide_nothing() -> None:
    values = (*students(0.9, 5), None)
    found = judged(runs(), sample(values, note="Not finished: seed 6."))
    assert (found.verdict, found.note) == ("not decided", "Not finished: seed 6.")
    assert judged(runs(), sample()).verdict == "not decided"
    nothing = judge_all(paper(runs()), {}, "laptop")[0]
    assert nothing.verdict == "not decided"
    assert nothing.note


@pytest.mark.parametrize(
    ("premise", "verdict"),
    [(0.9, "reproduced"), (0.1, "vacuous"), (0.5, "not decided")],
)
def test_a_false_hypothesis_is_vacuous(premise: float, verdict: str) -> None:
    text = runs() + (
        '\n[claims.hypothesis]\nquantity = "accuracy"\ndirection = "greater"'
        "\nthreshold = 0.5"
    )
    held = (Part("", students(premise)),)
    found = judged(text, sample(students(0.9), premise=held))
    assert found.verdict == verdict
    if verdict == "vacuous":
        assert found.note == "the premise is false"


CHECKS = 'kind = "theory"\nchecks = ["A", "B"]'


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (("holds", "holds"), "reproduced"),
        (("holds", "diagnostic"), "reproduced"),
        (("violated", "violated"), "not reproduced"),
        (("holds", "violated"), "partly"),
        (("vacuous", "vacuous"), "vacuous"),
        (("holds", "vacuous"), "partly"),
        (("diagnostic", "diagnostic"), "not decided"),
    ],
)
def test_theorems_are_judged_by_their_checks(
    words: tuple[str, str], verdict: str
) -> None:
    tried = tuple(Tried(name, word) for name, word in zip("AB", words, strict=True))
    found = judged(CHECKS, Evidence(tried=tried))
    assert found.verdict == verdict
    assert found.failed == (verdict not in ("reproduced", "not decided"))
    if "violated" in words and verdict == "partly":
        assert "B" in found.note


def number(value: float | None, **given: Any) -> Evidence:
    return Evidence((Part("violated", (value,)),), **given)


def test_numbers_without_chance_need_no_test() -> None:
    text = 'kind = "computed"'
    assert judged(text, number(0)).verdict == "reproduced"
    assert judged(text, number(1)).verdict == "not reproduced"
    assert judged(text, number(None)).verdict == "not decided"
    open_ones = judged(text, number(0, undecided=3))
    assert open_ones.verdict == "not decided"
    assert "3" in open_ones.note
    assert judged(text, number(2, undecided=3)).verdict == "not reproduced"
    assert judged(text, number(0)).p_value is None


def test_an_exact_premise_can_be_false() -> None:
    text = 'kind = "computed"\n[claims.hypothesis]\nthreshold = 5'
    low, high = (Part("", (4.0,)),), (Part("", (6.0,)),)
    assert judged(text, number(0, premise=low)).verdict == "reproduced"
    assert judged(text, number(0, premise=high)).verdict == "vacuous"


def test_an_expected_refutation_is_no_failure() -> None:
    text = 'kind = "computed"\nexpect = "not reproduced"'
    assert not judged(text, number(1)).failed
    assert judged(text, number(0)).failed


@pytest.mark.parametrize("name", PAPERS)
@pytest.mark.parametrize("scale", ["smoke", "laptop", "paper"])
def test_no_claim_is_ever_missing(name: str, scale: str) -> None:
    given = load_paper(name)
    found = judge_all(given, {}, scale)
    assert [one.claim.id for one in found] == [one.id for one in given.claims]
    assert {one.verdict for one in found} <= set(VERDICTS)
    # Without evidence nothing is called reproduced, or refuted, and something is said.
    assert not {"reproduced", "not reproduced"} & {one.verdict for one in found}
    assert all(one.note for one in found)


def test_one_student_far_off_leaves_it_open() -> None:
    """All five agree, but t does not trust a mean that hangs on one of them."""
    skewed = (0.51, 0.511, 0.52, 0.53, 9.0)
    assert judged(runs(), sample(skewed)).verdict == "not decided"
    assert judged(runs(), sample(students(0.9), skewed)).verdict == "not decided"

"""The list of claims is complete, and each claim gives the verdict that is expected."""

import pytest

from tfluck.foundations.errors import BadInput
from tfluck.theory.checks import Claim, claims, select
from tfluck.theory.checks.registry import (
    Finding,
    at_least,
    at_most,
    claim,
    equal,
    statement_of,
)

ALL = claims()


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_the_verdict_is_the_expected_one(one: Claim) -> None:
    found = one.check()
    assert found.verdict == one.expect, found
    assert found.id == one.id and found.statement.endswith(".")
    if found.verdict in ("violated", "vacuous"):
        assert found.note, "say with which instance"


#: Printed slips whose corrected form has a claim of another name.
TWINS = {
    "A2.printed-d": "A2.k-d-90",
    "A2.printed-l": "A2.k-l-90",
    "T4.d-printed-0.1": "T4.d-corrected-0.1",
    "L5.printed": "L5.step",
    "L6.residue-printed": "L6.step",
    "L6.set-printed": "IH.bound",
    "IH.sides-printed": "IH.separation",
}


@pytest.mark.parametrize(
    "one", [c for c in ALL if "printed" in c.id], ids=lambda one: one.id
)
def test_every_misprint_is_tried_in_both_forms(one: Claim) -> None:
    assert one.expect in ("violated", "vacuous")
    twin = TWINS.get(one.id, one.id.replace("printed", "corrected"))
    (mended,) = select([twin])
    assert mended.expect == "holds"


def test_names_choose_statements_and_claims() -> None:
    assert [one.id for one in select(["t4.designed"])] == ["T4.designed"]
    assert {one.about for one in select(["T4"])} == {"T4"}, "not its remarks"
    assert {one.about for one in select(["T4-r1", "l1"])} == {"T4-r1", "L1"}
    assert select([]) == ALL
    with pytest.raises(BadInput, match=r"t4\.designed"):
        select(["T4.desinged"])


def test_statements_of_claims() -> None:
    assert statement_of("S3.3-many.seen") == "S3.3-many"
    assert statement_of("T1-BN.conv") == "T1-BN" and statement_of("T1.dense") == "T1"
    assert statement_of("T9.x") == ""
    with pytest.raises(ValueError, match="taken"):
        claim(ALL[0].id, "Again.")(lambda: Finding(None, None, None, "holds"))


def test_judgements() -> None:
    assert equal(1.0, 1.1, 0.2).verdict == "holds"
    assert equal(1.0, 1.1, 0.05).verdict == "violated"
    assert equal(float("nan"), 1.1, 0.05).verdict == "violated"
    assert at_most(1.0, 1.0).verdict == at_least(1.0, 1.0).verdict == "holds"
    assert at_most(float("nan"), 1.0).verdict == "violated"
    assert at_least(0.9, 1.0).verdict == at_most(1.1, 1.0).verdict == "violated"

"""The page answers every statement, and names only claims that exist."""

import re
from pathlib import Path

import pytest

from tfluck.theory.checks import STATEMENTS, claims

PAGE = (Path(__file__).parents[2] / "docs" / "luck_matters.md").read_text()
#: Every id of paper 1's definitions, theorems, lemmas and remarks that can be computed.
IDS = [
    "D1",
    "D2",
    "E1",
    "T1",
    "T1-BN",
    "E10-14",
    "A1",
    "T2",
    "T2-b",
    "Eq7",
    "A2",
    "A3",
    "T3",
    "L1",
    "Eq17",
    "T4",
    "T4-r1",
    "T4-r2",
    "T4-r3",
    "T5",
    "Eq41-54",
    "IH",
    "L2",
    "L3",
    "L4",
    "L5",
    "L6",
    "L7",
    "C-ML",
    "S3.3-many",
    "S3.3-gamma",
    "S3.3-lucky",
]
NAMES = {one.id for one in claims()}


def test_every_statement_is_answered_by_a_claim() -> None:
    assert set(IDS) == set(STATEMENTS)
    assert {one.about for one in claims()} == set(IDS)


@pytest.mark.parametrize("id", IDS)
def test_the_page_has_a_line_for_it(id: str) -> None:
    (line,) = re.findall(rf"^\| `{re.escape(id)}` \|.*$", PAGE, re.MULTILINE)
    named = re.findall(r"`([^`]+\.[^`]+)`", line.split("|")[-2])
    assert named and set(named) <= NAMES
    assert any(name.startswith(f"{id}.") for name in named)


def test_the_page_names_claims_that_exist() -> None:
    prefixes = tuple(f"{id}." for id in IDS)
    named = {n for n in re.findall(r"`([^`\s]+)`", PAGE) if n.startswith(prefixes)}
    assert named <= NAMES, named - NAMES


def test_every_printed_slip_is_in_the_list() -> None:
    _, _, slips = PAGE.partition("## Misprints")
    slips, _, _ = slips.partition("## Theorem 4")
    for name in NAMES:
        if "printed" in name and not name.startswith("T4.d-printed"):
            assert f"`{name}`" in slips, name


def test_the_page_counts_its_claims() -> None:
    assert f"{len(NAMES)} claims" in PAGE

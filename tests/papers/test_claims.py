"""The shipped claims can be judged: what they name is there."""

import inspect
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from tfluck.experiment.presets import presets
from tfluck.foundations.errors import BadInput
from tfluck.papers import PAPERS, VERDICTS, Claim, load_paper
from tfluck.papers.claim import NEEDED, read_paper
from tfluck.papers.computations import COMPUTATIONS
from tfluck.papers.courses import NULLS, REDUCTIONS
from tfluck.papers.studied import DIFFERENCES, TICKETS
from tfluck.papers.trained import wanted_by
from tfluck.papers.upon_runs import STUDIES
from tfluck.theory.checks import claims as checks

CLAIMS = [(name, one) for name in PAPERS for one in load_paper(name).claims]
IDS = [one.id for _, one in CLAIMS]


def of(kind: str) -> list[Claim]:
    return [one for _, one in CLAIMS if one.kind == kind]


@pytest.mark.parametrize("claim", [one for _, one in CLAIMS], ids=IDS)
def test_a_claim_says_what_it_claims_and_what_would_refute_it(claim: Claim) -> None:
    assert claim.sentence.endswith(".")
    assert claim.source
    assert claim.test
    assert claim.refuted_by
    assert claim.vacuous_if
    assert claim.measured
    assert claim.expect in VERDICTS


def test_thresholds_are_there_wherever_something_is_measured() -> None:
    measured = [*of("runs"), *of("study"), *of("computed"), *of("needs data")]
    assert all(one.threshold is not None for one in measured)
    for one in of("runs"):
        if one.partly is not None and one.threshold is not None:
            weaker = one.partly < one.threshold
            assert weaker == (one.direction == "greater"), one.id


def test_theorems_name_checks_that_there_are_and_expect_what_these_expect() -> None:
    known = {one.id: one.expect for one in checks()}
    for claim in of("theory"):
        assert set(claim.checks) <= set(known), claim.id
        words = {known[name] for name in claim.checks}
        expected = {
            frozenset({"holds"}): "reproduced",
            frozenset({"violated"}): "not reproduced",
            frozenset({"vacuous"}): "vacuous",
            frozenset({"holds", "violated"}): "partly",
        }[frozenset(words)]
        assert claim.expect == expected, claim.id


def test_every_statement_of_the_theory_has_a_claim() -> None:
    named = {name for one in of("theory") for name in one.checks}
    about = {one.about for one in checks() if one.id in named}
    assert about == {one.about for one in checks()}


MISSION = tomllib.loads(Path(__file__).with_name("mission_ids.toml").read_text())


@pytest.mark.parametrize("name", PAPERS)
def test_every_id_of_the_mission_has_a_claim(name: str) -> None:
    """A claim is about an id if it has its name, or its name and more behind a dot."""
    known = [one.id for one in load_paper(name).claims]
    for wanted, other in MISSION[name].items():
        about = other or wanted
        assert [i for i in known if i == about or i.startswith(f"{about}.")], wanted


@pytest.mark.parametrize("scale", ["smoke", "laptop", "paper"])
def test_claims_about_runs_name_experiments_that_can_be_made(scale: str) -> None:
    for claim in [*of("runs"), *of("study")]:
        assert {claim.preset, claim.against or claim.preset} <= set(presets())
        for wanted in wanted_by(claim, scale, 5):
            experiment, execution = wanted.specified
            assert execution.seeds == 5
            assert experiment.training.epochs >= 2
        if claim.against and scale in claim.judged_at:
            own, other = wanted_by(claim, scale, 5)[:2]
            assert own.digest != other.digest, claim.id


def test_no_claim_about_training_is_judged_at_smoke_scale() -> None:
    trained = [*of("runs"), *of("study")]
    assert not [one.id for one in trained if "smoke" in one.judged_at]


def test_values_and_computations_are_there() -> None:
    for claim in of("runs"):
        assert claim.value in REDUCTIONS or claim.quantity in NULLS, claim.id
    assert {one.compute for one in of("computed")} <= set(COMPUTATIONS)
    assert {one.study for one in of("study")} == {*STUDIES, TICKETS}
    asked = {one.metric for one in of("study") if one.study == TICKETS}
    assert asked == set(DIFFERENCES)


@pytest.mark.parametrize("scale", ["smoke", "laptop", "paper"])
def test_studies_take_the_options_that_claims_give(scale: str) -> None:
    for claim in of("study"):
        if claim.study != TICKETS:
            inspect.signature(STUDIES[claim.study]).bind(None, 1, **claim.at(scale))
        assert set(claim.scales.get(scale, {})) <= set(claim.options), claim.id


def test_a_premise_is_the_claim_with_other_fields() -> None:
    stall = next(one for one in of("runs") if one.id == "F9b.stall")
    assert stall.premise is not None
    assert stall.premise.preset == "luck-matters/figure-9b-infinite-bn"
    assert (stall.premise.value, stall.premise.threshold) == ("change", 0.05)
    assert stall.premise.premise is None
    assert next(one for one in of("runs") if one.id == "T3.runs").premise is None


TEXT = files("tfluck.papers").joinpath("claims", "alignment.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "Q2"', 'id = "Q2"\nmetrik = "x"', "Did you mean metric"),
        ('id = "Q2.corrected"', 'id = "Q2"', "two claims 'Q2'"),
        ('metric = "printed_error"', "", "metric is missing"),
        ("threshold = 0.001\n", "threshold = 0.001\ndirection = 'up'\n", "direction"),
        ('kind = "computed"', 'kind = "guessed"', "kind must be one of"),
        ('judged_at = ["laptop", "paper"]', 'judged_at = ["moon"]', "scale 'moon'"),
        ("level = 0.05", "", "no file of claims"),
        ("level = 0.05", "level = [", "no file of claims"),
    ],
)
def test_a_file_that_could_not_be_judged_is_refused(
    old: str, new: str, message: str
) -> None:
    assert old in TEXT
    with pytest.raises(BadInput, match=re.escape(message)):
        read_paper(TEXT.replace(old, new, 1), "a.toml")


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(BadInput, match="luck-matters and alignment"):
        load_paper("other")


def test_settings_of_a_smaller_scale_replace_the_papers() -> None:
    claim = next(one for one in of("computed") if one.id == "F4.m=6")
    assert claim.at("paper") == {"m": 6, "samples": 100_000}
    assert claim.at("smoke") == {"m": 6, "samples": 10_000}


def test_every_kind_occurs() -> None:
    assert {one.kind for _, one in CLAIMS} == set(NEEDED)

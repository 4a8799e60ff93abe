"""What ``tfluck ad`` answers, word by word and field by field."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tfluck.angular import check, parse

Call = Callable[..., Result]


def answer(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def last(result: Result, code: int) -> str:
    """Return the one sentence of a refusal."""
    assert result.exit_code == code, result.output
    return result.stderr.strip().splitlines()[-1].removeprefix("Error: ")


def rows(text: str) -> dict[str, str]:
    """Read a table of two columns."""
    found = (
        re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in text.splitlines()
    )
    return {row[0]: row[1] for row in found if len(row) == 2}


# check


def test_check_prints_determinants_weights_and_the_verdict(tfluck: Call) -> None:
    text = tfluck("ad", "check", "1,2,3").stdout
    found = check(parse("relu"), (1, 2, 3))
    lines = text.splitlines()
    assert lines[0].split() == ["determinant", "value", "at", "least", "at", "most"]
    for name in ("det M", "det M_1", "det M_2", "det M_3", "weight 1", "weight 3"):
        assert sum(line.startswith(name + "  ") for line in lines) == 1
    low, high = found.dets_enclosure[1]
    row = next(line for line in lines if line.startswith("det M_2"))
    assert row.split()[2:] == ["-6.61540575297288", repr(low), repr(high)]
    low, high = found.weights[1]
    row = next(line for line in lines if line.startswith("weight 2"))
    assert row.split()[2:] == [f"{(low + high) / 2:.16g}", repr(low), repr(high)]
    low, high = found.least_eigenvalue
    assert f"least eigenvalue of M between {low!r} and {high!r}" in lines
    assert (
        lines[-1]
        == "holds: some det M_i is negative, as Conjecture 5.5 says (certified)."
    )


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (
            ("1,2,6", "-f", "linear"),
            "zero: the least det M_i is exactly zero (certified).",
        ),
        (
            ("1,1,2",),
            "degenerate: two of the angles, the teacher's among them, coincide (certified).",
        ),
        (
            ("1,2,4", "-f", "math:cos"),
            "undecided: the sign of the least det M_i could not be decided (not certified).",
        ),
        (
            ("1.5,3,4.5", "triangle:1,1"),
            "violated: every det M_i is positive (certified).",
        ),
        (
            ("1,2,4", "-f", "math:cosh"),
            "holds: some det M_i is negative, as Conjecture 5.5 says (not certified).",
        ),
    ],
)
def test_check_ends_with_its_verdict(tfluck: Call, words: tuple, end: str) -> None:
    assert tfluck("ad", "check", *words).stdout.splitlines()[-1] == end


def test_check_of_a_callable_has_values_only(tfluck: Call) -> None:
    result = tfluck("ad", "check", "1,2,4", "-f", "math:cos")
    assert result.stdout.splitlines()[0].split() == ["determinant", "value"]
    assert "weight" not in result.stdout
    assert "eigenvalue" not in result.stdout
    assert result.stderr.strip() == (
        "math:cos is a Python callable: values and signs are float64, nothing is certified."
    )


def test_check_names_opposite_pairs(tfluck: Call) -> None:
    text = tfluck("ad", "check", "pi,1,1+pi").stdout
    assert "degenerate: student 1 is exactly opposite the teacher" in text
    assert "degenerate: student 3 is exactly opposite student 2" in text


def test_fewer_than_three_students_are_no_counterexample(tfluck: Call) -> None:
    result = tfluck("ad", "check", "1,5.2")
    assert result.stdout.splitlines()[-1].startswith("violated")
    assert "for fewer students this is no counterexample" in result.stderr
    assert (
        "no counterexample"
        not in tfluck("ad", "check", "1.5,3,4.5", "triangle:1,1").stderr
    )


def test_words_are_angles_if_they_can_be_and_functions_else(tfluck: Call) -> None:
    one = answer(tfluck("ad", "check", "1,2", "4", "poisson:0.5", "--json"))
    other = answer(
        tfluck("ad", "check", "--angles", "1,2,4", "-f", "poisson:0.5", "--json")
    )
    assert one == other
    more = answer(
        tfluck("ad", "check", "--angles", "1,2", "4", "-f", "poisson:0.5", "--json")
    )
    assert more == other
    # The last function that is named wins.
    assert (
        answer(tfluck("ad", "check", "1", "relu", "linear", "--json"))["function"]
        == "linear"
    )
    assert last(tfluck("ad", "check"), 2) == (
        "Which angles? Such as: tfluck ad check --angles 1,2,3."
    )


def test_check_adds_exact_names_only_where_there_is_something_to_say(
    tfluck: Call,
) -> None:
    plain = answer(tfluck("ad", "check", "1,2,4", "--json"))
    assert not {"exact_angles", "antipodal"} & set(plain)
    assert set(plain["enclosures"]) == {"det", "dets", "weights", "least_eigenvalue"}
    exact = answer(tfluck("ad", "check", "pi/3,2,-0.5", "--json"))
    assert exact["exact_angles"] == ["pi/3", "2", "-1/2"]
    assert exact["angles"] == pytest.approx([math.pi / 3, 2, 2 * math.pi - 0.5])
    assert exact["z"] == min(exact["dets"])


@pytest.mark.parametrize(
    ("words", "verdict"),
    [(("1.5,3,4.5", "triangle:1,1"), "violated"), (("1,1,2",), "degenerate")],
)
def test_check_says_why_it_leaves_with_4(
    tfluck: Call, words: tuple, verdict: str
) -> None:
    assert last(tfluck("ad", "check", *words, "--check"), 4) == (
        f"min det M_i <= 0 does not hold, provably, at these angles: {verdict}."
    )


# sample, surface


def test_sample_in_a_table(tfluck: Call) -> None:
    call = (
        "ad",
        "sample",
        "--m",
        "3",
        "--samples",
        "300",
        "--seed",
        "2",
        "-f",
        "poisson:0.5",
    )
    shown, found = rows(tfluck(*call).stdout), answer(tfluck(*call, "--json"))
    for name in ("holds", "violated", "zero", "undecided", "degenerate", "m", "seed"):
        assert int(shown[name]) == found[name]
    assert shown["function"] == "poisson:0.5"
    assert shown["certified by float64"] == str(found["certified_by"]["float64"])
    assert shown["certified by ball"] == str(found["certified_by"]["ball"])
    assert "quantile 0.5" in shown
    assert found["holds"] + found["violated"] == 300
    assert list(found) == [
        "function",
        "m",
        "samples",
        "seed",
        "holds",
        "violated",
        "zero",
        "undecided",
        "degenerate",
        "max_z",
        "quantiles",
        "certified_by",
        "certified",
        "seconds",
        "samples_per_second",
    ]


def test_sample_and_surface_say_how_much_is_open(tfluck: Call) -> None:
    call = (
        "ad",
        "sample",
        "--m",
        "3",
        "--samples",
        "60",
        "-f",
        "poisson:0.9",
        "--json",
    )
    violated = answer(tfluck(*call))["violated"]
    assert last(tfluck(*call, "--check"), 4) == (
        f"min det M_i <= 0 is not certified at {violated} of 60 draws."
    )
    call = (
        "ad",
        "surface",
        "--fix",
        "1=1",
        "--points",
        "7",
        "-f",
        "poisson:0.9",
        "--json",
    )
    violated = answer(tfluck(*call))["violated"]
    assert last(tfluck(*call, "--check"), 4) == (
        f"min det M_i <= 0 is not certified at {violated} of 49 points."
    )
    # Of a callable nothing is certified, even if nothing is violated.
    call = ("ad", "sample", "--m", "1", "--samples", "5", "-f", "math:cosh", "--check")
    assert tfluck(*call).exit_code == 4


def test_surface_fields_and_table(tfluck: Call) -> None:
    call = (
        "ad",
        "surface",
        "--m",
        "4",
        "--fix",
        "1=1",
        "--fix",
        "3=2.5",
        "--points",
        "6",
    )
    found = answer(tfluck(*call, "--json"))
    assert list(found) == [
        "function",
        "m",
        "fixed",
        "points",
        "min_z",
        "mean_z",
        "max_z",
        "holds",
        "violated",
        "zero",
        "undecided",
        "degenerate",
        "depth_correlation",
        "certified",
    ]
    assert found["fixed"] == {"1": 1.0, "3": 2.5}
    assert (found["points"], found["m"]) == (6, 4)
    assert found["min_z"] < found["mean_z"] < found["max_z"] == 0
    shown = rows(tfluck(*call).stdout)
    assert shown["holds"] == str(found["holds"])
    assert "fixed" not in shown
    joined = answer(tfluck(*call[:4], "--fix", "1=1,3=2.5", "--points", "6", "--json"))
    assert joined == found


@pytest.mark.parametrize(
    ("fix", "words"),
    [
        ("1", "--fix takes STUDENT=ANGLE, such as 1=1, not '1'."),
        ("a=1", "--fix takes STUDENT=ANGLE, such as 1=1, not 'a=1'."),
        ("1=x", "--fix takes STUDENT=ANGLE, such as 1=1, not '1=x'."),
        ("1=1,", "--fix takes STUDENT=ANGLE, such as 1=1, not ''."),
        ("2=1,2=3", "--fix names student 2 twice."),
        (
            "9=1",
            "A surface needs exactly two free angles: fix m − 2 of the students 1 … 3.",
        ),
    ],
)
def test_what_cannot_be_fixed(tfluck: Call, fix: str, words: str) -> None:
    assert last(tfluck("ad", "surface", "--fix", fix), 2) == words


# spectrum


def test_spectrum_fields(tfluck: Call) -> None:
    found = answer(
        tfluck("ad", "spectrum", "-f", "poisson:0.5", "--terms", "3", "--json")
    )
    assert list(found) == [
        "function",
        "coefficients",
        "enclosures",
        "tail_bound",
        "ad",
        "pad",
        "negative",
        "reason",
        "certified",
        "end_values",
        "lemmas",
    ]
    assert found["coefficients"] == [1, 1, 0.5]
    assert found["tail_bound"] == pytest.approx(0.5)
    assert found["end_values"] == pytest.approx([3, 1 / 3])
    decreasing, product = found["lemmas"]
    assert list(decreasing) == ["statement", "holds", "margin", "where", "certified"]
    assert (decreasing["holds"], decreasing["certified"]) == (True, True)
    assert (product["holds"], product["certified"]) == (False, False)


def test_spectrum_in_words(tfluck: Call) -> None:
    text = tfluck("ad", "spectrum", "-f", "exponential:1", "--terms", "2").stdout
    lines = text.splitlines()
    assert lines[0].split() == ["k", "c_k"]
    c_0 = (1 - math.exp(-math.pi)) / math.pi
    assert lines[2].split() == ["0", f"{c_0:.12g}"] or lines[1].split() == [
        "0",
        f"{c_0:.12g}",
    ]
    assert "AD: yes   PAD: yes" in lines
    assert f"f(0) = 1, f(π) = {math.exp(-math.pi):.12g}" in lines
    assert lines[-2].startswith("f is strictly decreasing on [0, π]: holds on a grid")
    assert ": undecided on a grid, least margin" in lines[-1]
    rest = 1 - c_0 - 2 * (1 + math.exp(-math.pi)) / math.pi / 2
    assert f"sum of the rest: at most {rest:.3g}" in lines
    unknown = tfluck("ad", "spectrum", "-f", "math:cosh", "--terms", "2")
    assert "sum of the rest: unknown" in unknown.stdout
    assert ": fails on a grid" in unknown.stdout
    assert last(tfluck("ad", "spectrum", "-f", "cosines:1,-1", "--check"), 4) == (
        "cosines:1.0,-1.0: AD no, PAD no."
    )


# search


def test_search_in_words_and_fields(tfluck: Call) -> None:
    call = ("ad", "search", "-f", "poisson:0.5")
    lines = tfluck(*call).stdout.splitlines()
    assert lines[0] == "Counterexample (certified), after 1 configurations:"
    assert lines[1] == "angles  pi/2,pi,-pi/2"
    found = answer(tfluck(*call, "--json"))
    assert lines[2] == "det M_i " + ", ".join(f"{x:.12g}" for x in found["dets"])
    assert list(found) == [
        "function",
        "m",
        "found",
        "angles",
        "dets",
        "det",
        "certified",
        "tried",
        "strategy",
        "exact_angles",
    ]
    assert (found["strategy"], found["tried"], found["m"]) == ("exact", 1, 3)
    assert found["exact_angles"] == ["pi/2", "pi", "-pi/2"]
    assert last(tfluck(*call, "--check"), 4) == (
        "A counterexample was found for poisson:0.5."
    )


def test_a_search_without_a_find_says_how_far_it_went(tfluck: Call) -> None:
    call = ("ad", "search", "-f", "math:cosh", "--draws", "10")
    found = answer(tfluck(*call, "--json"))
    assert (found["found"], found["exact_angles"], found["certified"]) == (
        False,
        None,
        False,
    )
    assert tfluck(*call).stdout.strip() == (
        f"No counterexample among {found['tried']} configurations."
    )
    assert tfluck(*call, "--check").exit_code == 0


# criteria


def test_criteria_in_words(tfluck: Call) -> None:
    lines = tfluck("ad", "criteria", "-f", "cosh:1,0.5").stdout.splitlines()
    assert lines[0].startswith("A10: positive; a_n = c/(KAPPA² + n²)")
    assert lines[1].startswith(
        "A5 (iv): fails; all weights at π/2, π, 3π/2 are positive (C_0 in ["
    )
    assert lines[-1] == (
        "cosh:1.0,0.5: all weights are positive at all angles, for every m (A10)."
    )
    none = tfluck("ad", "criteria", "-f", "linear").stdout
    assert none.strip() == "linear: no theorem known to us decides it (none)."
    assert last(tfluck("ad", "criteria", "-f", "linear", "--check"), 4) == (
        "No theorem proves min det M_i <= 0 for linear."
    )


def test_criteria_fields_and_dense_nodes(tfluck: Call) -> None:
    call = ("ad", "criteria", "-f", "poisson:0.02", "--json")
    found = answer(tfluck(*call))
    assert list(found) == ["function", "decision", "theorem", "reason", "criteria"]
    assert (found["decision"], found["theorem"]) == ("nw", "A3")
    assert [one["theorem"] for one in found["criteria"]] == ["A3", "A5 (i)", "A5 (iv)"]
    assert set(found["criteria"][0]) == {"theorem", "decision", "reason", "constants"}
    asked = answer(tfluck(*call, "--angles", "1,2,3"))
    assert [one["theorem"] for one in asked["criteria"]][-1] == "A6"
    # A6 is about these angles; it decides nothing about the function.
    fine = ",".join(f"{2 * k}pi/14" for k in range(1, 14))
    call = ("ad", "criteria", "-f", "cosines:3,1", "--angles", fine, "--json")
    assert answer(tfluck(*call))["decision"] == "undecided"


def test_frequencies_in_fields_and_words(tfluck: Call) -> None:
    call = ("ad", "criteria", "--frequencies", "4Z,1+4Z")
    assert answer(tfluck(*call, "--json")) == {
        "frequencies": "4Z,1+4Z",
        "modulus": 4,
        "pad": "yes",
        "theorem": "D2",
        "reason": "PAD: every class mod 1 has all its even or all its odd frequencies (D2)",
    }
    shown = rows(tfluck(*call).stdout)
    assert (shown["modulus"], shown["pad"], shown["theorem"]) == ("4", "yes", "D2")
    assert last(tfluck("ad", "criteria", "--frequencies", "3Z", "--check"), 4) == (
        "The frequencies 3Z are not proved to be PAD."
    )


def test_the_map_of_criteria_is_drawn(
    tfluck: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.cli.ad import criteria as room

    assert all("{}" in form for form, _ in room.MAP.values())
    assert [len(values.split()) for _, values in room.MAP.values()] == [22, 21, 10, 9]
    few = {"poisson": ("poisson:{}", "0.02 0.4"), "cosh": ("cosh:1,{}", "-1 0 1")}
    monkeypatch.setattr(room, "MAP", few)
    drawn: list = []
    monkeypatch.setattr(
        "tfluck.figures.angular.draw_criteria",
        lambda rows, path: drawn.append((rows, path)),
    )
    assert tfluck("ad", "criteria", "--map", tmp_path / "map.png").exit_code == 0
    (families, path) = drawn[0]
    assert path == tmp_path / "map.png"
    seen = {
        label: [(value, found.decision) for value, found in points]
        for label, points in families
    }
    assert seen == {
        "poisson": [(0.02, "nw"), (0.4, "fails")],
        "cosh": [(-1, "nw"), (0, "zero"), (1, "positive")],
    }


# certify, verify


def test_certify_in_words_and_its_certificate(tfluck: Call, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    result = tfluck("ad", "certify", "--delta", "1", "-o", path, "--jobs", "1")
    assert re.fullmatch(
        r"proved: m = 3, all gaps ≥ 1\.0, \d+ boxes, \d+\.\d s", result.stdout.strip()
    )
    assert "verifying in ball arithmetic." in result.stderr
    assert f"Certificate written to {path}." in result.stderr
    checked = tfluck("ad", "verify", path, "--jobs", "1").stdout
    assert re.fullmatch(
        r"proved: min det M_i <= 0 for relu, m = 3, all gaps ≥ 1\.0; \d+ leaves of \d+ boxes "
        r"re-checked in \d+\.\d s",
        checked.strip(),
    )
    found = answer(tfluck("ad", "verify", path, "--jobs", "1", "--json"))
    assert list(found) == [
        "function",
        "m",
        "delta",
        "status",
        "boxes",
        "leaves",
        "seconds",
    ]
    assert (found["status"], found["m"], found["delta"]) == ("proved", 3, 1.0)
    assert 0 < found["leaves"] < found["boxes"]


def test_certify_tells_a_counterexample_and_what_it_cannot_bound(tfluck: Call) -> None:
    call = ("ad", "certify", "--delta", "1")
    result = tfluck(*call, "-f", "triangle:1,1")
    assert result.stdout.startswith("counterexample: every det M_i > 0 at (")
    assert result.stdout.strip().endswith(") (certified)")
    assert last(tfluck(*call, "-f", "triangle:1,1", "--check"), 4) == (
        "min det M_i <= 0 is not proved for triangle:1.0,1.0: counterexample."
    )
    rough = tfluck(*call, "-f", "triangle:1")
    assert rough.stdout.startswith("undecided: m = 3, all gaps ≥ 1.0, 0 boxes")
    assert "triangle:1.0,0.0 states no slope to bound it with" in rough.stderr
    tired = tfluck(*call, "--max-boxes", "3", "--json")
    found = answer(tired)
    assert (found["status"], found["witness"]) == ("undecided", None)
    assert found["boxes"] >= 3
    assert list(found) == [
        "m",
        "delta",
        "function",
        "status",
        "boxes",
        "seconds",
        "witness",
    ]


def test_certify_refuses_before_the_work(tfluck: Call, tmp_path: Path) -> None:
    call = ("ad", "certify", "--delta", "1")
    assert last(tfluck(*call, "-f", "math:cos"), 2) == (
        "math:cos is a Python callable, of which nothing can be proved."
    )
    assert last(tfluck(*call, "-f", "exp(-t)", "-o", tmp_path / "c"), 2) == (
        "A certificate names its function and imports no code, so one about exp(-t) could "
        "not be verified; leave -o away to prove it here."
    )
    assert last(tfluck(*call, "-o", "/dev/null"), 2) == (
        "/dev/null is no regular file, so no certificate is written there."
    )
    missing = tmp_path / "none" / "c.json"
    assert last(tfluck(*call, "-o", missing), 2) == (
        f"There is no folder {missing.parent} to write c.json to."
    )


# phase


def test_phase_rows(tfluck: Call) -> None:
    call = (
        "ad",
        "phase",
        "--decays",
        "7,2,7",
        "--m",
        "3,4",
        "--samples",
        "20",
        "--seed",
        "3",
    )
    found = answer(tfluck(*call, "--json"))
    assert list(found) == ["samples", "seed", "rows"]
    assert (found["samples"], found["seed"]) == (20, 3)
    assert [(row["decay"], row["m"]) for row in found["rows"]] == [
        (2, 3),
        (2, 4),
        (7, 3),
        (7, 4),
    ]
    assert list(found["rows"][0]) == [
        "decay",
        "m",
        "mark",
        "theorem",
        "witness",
        "weights",
        "tried",
        "random_share",
    ]
    assert {row["witness"] for row in found["rows"]} == {None}
    text = tfluck(*call).stdout
    assert "exactly zero" in text
    assert "certified absence" in text
    assert tfluck(*call, "--check").exit_code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--m", "3.5"), "--m takes whole numbers."),
        (("--decays", "30"), "The decay must be between 1.1 and 20; it is 30.0."),
        (("--decays", "2,x"), "'x' in '2,x' is not a number."),
        (("--decays", "2,inf"), "'inf' in '2,inf' is not a finite number."),
        (("--m", "2"), "The number of students m must be 3 to 32 here; it is 2."),
    ],
)
def test_phase_refusals(tfluck: Call, options: tuple, words: str) -> None:
    assert last(tfluck("ad", "phase", *options), 2).endswith(words)


def test_phase_tells_how_many_points_are_violated(tfluck: Call) -> None:
    call = ("ad", "phase", "--decays", "1.5,2", "--samples", "5", "--check")
    assert last(tfluck(*call), 4) == "min det M_i <= 0 is violated at 1 of 2 points."

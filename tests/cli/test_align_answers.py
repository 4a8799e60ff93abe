"""What ``tfluck align`` answers, word by word and field by field."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from tfluck.alignment import descend, initial_students, population_loss, spread_teachers
from tfluck.foundations.errors import BadInput

Call = Callable[..., Result]


def answer(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def last(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    return result.stderr.strip().splitlines()[-1].removeprefix("Error: ")


# descent


def test_the_command_is_the_library(tfluck: Call) -> None:
    options = (
        "--teachers",
        "3",
        "--students",
        "4",
        "--steps",
        "30",
        "--snapshots",
        "0,7",
    )
    found = answer(tfluck("align", *options, "--seed", "5", "--init", "0.2", "--json"))
    direct = descend(
        spread_teachers(3), initial_students(4, 2, 0.2, 5), 30, 0.1, [0, 7]
    )
    assert [row["step"] for row in found["snapshots"]] == [0, 7, 30]
    for row, snapshot in zip(found["snapshots"], direct.snapshots, strict=True):
        assert row == {
            "step": snapshot.step,
            "loss": snapshot.loss,
            "max_angle": snapshot.max_angle,
            "median_angle": snapshot.median_angle,
        }
    assert found["forced"] is False
    for name in ("loss", "max_angle", "max_angle_mod_pi", "aligned_fraction"):
        assert found[name] == getattr(direct.final, name)


def test_descent_in_words(tfluck: Call) -> None:
    result = tfluck("align", "--steps", "20", "--students", "3")
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["step", "loss", "max_angle", "median_angle"]
    first = [line.split()[0] for line in lines if line.strip()]
    assert [word for word in first if word.isdigit()] == ["0", "10", "20"]
    assert re.fullmatch(
        r"\d+\.\d% of the length is aligned; to the nearest teacher line at most \S+\. Zero "
        r"loss forces alignment here\.",
        lines[-1],
    )
    other = tfluck("align", "--steps", "1", "--students", "3", "--teachers", "5")
    assert other.stdout.strip().endswith("Zero loss does not force alignment here.")


def test_a_rate_above_the_safe_one_is_told(tfluck: Call) -> None:
    result = tfluck("align", "--steps", "1", "--students", "20", "--lr", "0.2")
    assert result.exit_code == 0
    assert "Above lr 0.2 descent may be unstable for 20 students." in result.stderr
    assert "unstable" not in tfluck("align", "--steps", "1", "--lr", "0.19").stderr


def test_vectors_and_outputs(tfluck: Call) -> None:
    options = ("--teachers", "0.5,1", "--dim", "3", "--students", "2", "--steps", "2")
    found = answer(tfluck("align", *options, "--vectors", "--train-outputs", "--json"))
    expected = [[math.cos(t), math.sin(t), 0] for t in (0.5, 1)]
    np.testing.assert_allclose(found["teachers"], expected)
    assert len(found["outputs"]) == 2
    assert found["outputs"] != [1, 1]
    loss = population_loss(
        np.array(found["students"]),
        np.array(found["teachers"]),
        np.array(found["outputs"]),
    )
    assert found["loss"] == pytest.approx(loss)
    plain = answer(tfluck("align", *options, "--json"))
    assert not {"students", "teachers", "outputs"} & set(plain)


def test_batches_follow_their_size_and_seed(tfluck: Call) -> None:
    def final(*more: str) -> float:
        options = ("--students", "3", "--steps", "5", "--method", "sgd", "--json")
        return answer(tfluck("align", *options, *more))["loss"]

    assert final() == final()
    assert final() != final("--batch-size", "8")
    assert final() != final("--seed", "2")
    assert (
        final()
        != answer(tfluck("align", "--students", "3", "--steps", "5", "--json"))["loss"]
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--teachers", "1,x"),
            "--teachers takes a number or angles such as 0.3,0.85, not '1,x'.",
        ),
        (("--teachers", "1,inf"), "Teacher angles must be finite numbers."),
        (
            ("--teachers", "0.1,1", "--dim", "1"),
            "Angles of teachers need two dimensions; give a number instead.",
        ),
        (
            ("--snapshots", "1,b"),
            "--snapshots takes steps such as 0,10,1000, not '1,b'.",
        ),
        (
            ("--steps", "5", "--snapshots", "9"),
            "Snapshots must lie between 0 and 5 steps.",
        ),
        (
            ("--dim", "3", "--gif", "a.gif"),
            "Only networks in the plane can be drawn as arrows: --dim 2.",
        ),
        (("--gif", "a.png"), "Animations are .gif files, not 'a.png'."),
        (
            ("--method", "sgd", "--train-outputs", "--steps", "1"),
            "Output weights are trained by the population gradient only.",
        ),
    ],
)
def test_descent_refusals(tfluck: Call, options: tuple, words: str) -> None:
    assert last(tfluck("align", *options), 2) == words


def test_default_snapshots_are_those_of_figure_1() -> None:
    from tfluck.cli.align.descent import _steps, teachers_from

    assert _steps(None, 50_000) == [0, 10, 1000, 5000, 50_000]
    assert _steps(None, 1234) == [0, 10, 1000, 1234]
    assert _steps(None, 0) == [0]
    assert _steps("5,0,5", 9) == [0, 5]
    np.testing.assert_array_equal(teachers_from(" 3 "), spread_teachers(3))
    np.testing.assert_array_equal(teachers_from("2", 4), np.eye(2, 4))
    assert teachers_from("0.0", 5).tolist() == [[1, 0, 0, 0, 0]]
    with pytest.raises(BadInput):
        teachers_from("1,2", 1)


# rate


def test_starts_by_name() -> None:
    from tfluck.cli.align.rate import start_of

    students, teacher = start_of("symmetric", 2, 2, 0.3, 0)
    assert teacher.tolist() == [1, 0]
    c, s = math.cos(0.3) / 2, math.sin(0.3) / 2
    np.testing.assert_allclose(students, [[c, s], [c, -s]], atol=1e-15)
    drawn, teacher = start_of("random", 500, 4, 0.3, 1)
    assert teacher.tolist() == [1, 0, 0, 0]
    assert drawn.shape == (500, 4)
    assert drawn.std() == pytest.approx(0.3, rel=0.05)
    near, _ = start_of("antipodal", 500, 4, 0.3, 1)
    cosine = near[:, 0] / np.linalg.norm(near, axis=1)
    assert cosine.max() < -0.9
    assert np.linalg.norm(near, axis=1) == pytest.approx(
        np.linalg.norm(drawn, axis=1), rel=0.25
    )
    for m, dim in ((3, 2), (2, 3)):
        with pytest.raises(BadInput, match="two students in the plane"):
            start_of("symmetric", m, dim, 0.3, 0)


def test_rate_fields_and_words(tfluck: Call) -> None:
    call = ("align", "rate", "--m", "2", "--dim", "2", "--time", "20", "--seed", "1")
    found = answer(tfluck(*call, "--json"))
    assert list(found) == [
        "m",
        "dim",
        "loss",
        "bound_ratio_max",
        "cube_limit",
        "deaths",
        "reach_ratio_min",
        "max_angle",
    ]
    assert found["loss"][0][0] == 0
    assert found["loss"][-1][0] == pytest.approx(20)
    assert found["cube_limit"] == pytest.approx(20**3 * found["loss"][-1][1])
    assert found["reach_ratio_min"] >= 1 - 1e-9
    assert (found["m"], found["dim"], found["deaths"]) == (2, 2, 0)
    lines = tfluck(*call).stdout.splitlines()
    assert lines[0].split() == ["t", "loss", "bound", "t^3", "loss"]
    assert lines[-1] == (
        f"loss over its proved bound: at most {found['bound_ratio_max']:.4g}; t³ℓ at the end "
        f"{found['cube_limit']:.4g} (proved: lim sup ≤ {243 * math.pi**2 / 16:.4g}); "
        "0 students died."
    )


def test_rate_leaves_with_4_if_a_bound_is_exceeded(
    tfluck: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.alignment.gradient_flow import Flow

    monkeypatch.setattr(Flow, "worst", property(lambda self: 1.5))
    call = ("align", "rate", "--m", "1", "--time", "1", "--check")
    assert last(tfluck(*call), 4) == "The loss exceeds its bound 1.5 times."
    monkeypatch.setattr(Flow, "worst", property(lambda self: 1 + 1e-7))
    assert tfluck(*call).exit_code == 0
    monkeypatch.setattr(Flow, "worst", property(lambda self: math.nan))
    assert tfluck(*call).exit_code == 4


def test_rate_of_descent_has_its_own_times(tfluck: Call) -> None:
    call = (
        "align",
        "rate",
        "--method",
        "descent",
        "--lr",
        "0.5",
        "--time",
        "10",
        "--json",
    )
    times = [t for t, _ in answer(tfluck(*call))["loss"]]
    assert times[:3] == [0, 0.5, 1.0]
    assert times[-1] == 10


# several


def test_several_fields_and_words(tfluck: Call) -> None:
    found = answer(tfluck("align", "several", "--k", "3", "--m", "2", "--json"))
    assert list(found) == [
        "k",
        "m",
        "length",
        "loss",
        "gradient_along_the_ray",
        "bend",
        "kind",
        "angle",
        "bound",
        "inequality",
    ]
    assert found["kind"] == "stationary"
    assert found["bend"] is None
    assert found["loss"] == pytest.approx([0.24235503024122406] * 2, rel=1e-14)
    inequality = found["inequality"]
    assert inequality["twice_the_loss"] == pytest.approx(2 * 0.24235503024122406)
    assert inequality["twice_the_loss"] <= inequality["right"]
    text = tfluck("align", "several", "--k", "3").stdout
    assert re.search(r"^bend +– *$", text, re.MULTILINE)
    low, high = found["length"]
    assert f"[{low!r}, {high!r}]" in text
    assert "inequality" not in text


def test_several_leaves_with_4_unless_it_is_stationary(
    tfluck: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from tfluck.alignment import bisector
    from tfluck.cli.align import several as room

    good = bisector(2)
    call = ("align", "several", "--check")
    for change in (
        {"slope": (1e-20, 2e-20)},
        {"slope": (-2e-20, -1e-20)},
        {"slope": (-1e-12, 1e-12)},
        {"loss": (0.0, 0.1)},
    ):
        monkeypatch.setattr(
            "tfluck.alignment.several.bisector", lambda k, c=change: replace(good, **c)
        )
        assert last(tfluck(*call), 4) == "C1 is not confirmed for 2 teachers."
    monkeypatch.setattr("tfluck.alignment.several.bisector", lambda k: good)
    assert tfluck(*call).exit_code == 0


# stationary, inequality


def test_stationary_rows(tfluck: Call) -> None:
    call = ("align", "stationary", "--m", "1", "--starts", "3", "--seed", "2")
    found = answer(tfluck(*call, "--json"))
    assert list(found) == ["m", "starts", "seed", "counts", "kinds"]
    assert (found["m"], found["starts"], found["seed"]) == (1, 3, 2)
    assert sum(row["count"] for row in found["kinds"]) == 3
    assert [row["kind"] for row in found["kinds"]] == sorted(found["counts"])
    for row in found["kinds"]:
        assert list(row) == [
            "kind",
            "count",
            "max_loss",
            "max_gradient",
            "max_angle",
            "saddles",
        ]
        assert row["count"] == found["counts"][row["kind"]]
    head = tfluck(*call).stdout.splitlines()[0].split()
    assert head == ["kind", "count", "max_loss", "max_gradient", "max_angle", "saddles"]


def test_inequality_fields_words_and_violations(
    tfluck: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = (
        "align",
        "inequality",
        "--m",
        "2",
        "--dim",
        "2",
        "--samples",
        "40",
        "--seed",
        "1",
    )
    found = answer(tfluck(*call, "--json"))
    assert list(found) == [
        "samples",
        "identity_error",
        "min_slack",
        "min_gradient_bound",
        "violations",
    ]
    assert found["samples"] == 40
    assert re.search(r"^violations +0", tfluck(*call).stdout, re.MULTILINE)
    from tfluck.alignment.inequality import Trial
    from tfluck.cli.align import inequality as room

    trial = Trial(40, 0.0, -1.0, 0.0, 3, np.zeros((2, 2)))
    monkeypatch.setattr("tfluck.alignment.inequality.challenge", lambda *given: trial)
    assert last(tfluck(*call, "--check"), 4) == (
        "The inequality is violated at 3 configurations."
    )
    assert tfluck(*call).exit_code == 0


def test_options_before_any_command_are_those_of_descent(tfluck: Call) -> None:
    bare = tfluck("align", "--students", "2", "--steps", "1", "--json")
    named = tfluck("align", "descent", "--students", "2", "--steps", "1", "--json")
    assert bare.stdout == named.stdout
    for word in ("-h", "--help"):
        text = tfluck("align", word).stdout
        assert "--train-outputs" in text
        assert "inequality" in text
        assert "Examples:" in text


def test_a_picture_is_refused_before_the_work(tfluck: Call, tmp_path: Path) -> None:
    for call in (
        ("align", "--steps", "900000000", "--plot", tmp_path / "a.jpeg"),
        ("align", "rate", "--time", "1e9", "--plot", tmp_path / "a.jpeg"),
    ):
        result = tfluck(*call)
        assert (result.exit_code, result.stdout) == (2, "")
        assert ".png, .pdf or .svg" in result.stderr

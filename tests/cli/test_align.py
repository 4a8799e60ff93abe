"""``tfluck align`` and its commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

Call = Callable[..., Result]


def answer(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_align_trains_by_default(tfluck: Call) -> None:
    options = ("--teachers", "0.3,0.85,1.45,2.1,2.75", "--steps", "1000", "--json")
    found = answer(tfluck("align", *options))
    assert found == answer(tfluck("align", "descent", *options))
    assert list(found) == [
        "loss",
        "max_angle",
        "max_angle_mod_pi",
        "aligned_fraction",
        "forced",
        "snapshots",
    ]
    assert found["forced"] is True
    assert [row["step"] for row in found["snapshots"]] == [0, 10, 1000]
    assert list(found["snapshots"][0]) == ["step", "loss", "max_angle", "median_angle"]
    assert found["max_angle"] == pytest.approx(0.121, rel=0.01)


def test_spread_teachers_do_not_force_alignment(tfluck: Call) -> None:
    found = answer(tfluck("align", "--teachers", "5", "--steps", "6000", "--json"))
    assert found["forced"] is False
    assert found["max_angle"] == pytest.approx(0.6283, abs=0.03)
    assert found["max_angle_mod_pi"] < 0.05


def test_snapshots_pictures_and_film(tfluck: Call, tmp_path: Path) -> None:
    plot, gif = tmp_path / "figure.png", tmp_path / "film.gif"
    options = (
        "--steps",
        "6",
        "--snapshots",
        "0,4",
        "--plot",
        plot,
        "--gif",
        gif,
        "--json",
    )
    found = answer(tfluck("align", *options))
    assert [row["step"] for row in found["snapshots"]] == [0, 4, 6]
    with Image.open(gif) as film:
        assert film.n_frames == 7
    assert plot.stat().st_size > 1000
    first = gif.read_bytes()
    tfluck("align", *options)
    assert gif.read_bytes() == first


def test_any_dimension_outputs_and_vectors(tfluck: Call) -> None:
    options = ("--dim", "5", "--teachers", "3", "--students", "8", "--steps", "3000")
    found = answer(tfluck("align", *options, "--vectors", "--json"))
    assert found["loss"] < 1e-3
    assert (len(found["students"]), len(found["students"][0])) == (8, 5)
    assert found["teachers"] == [[float(i == j) for j in range(5)] for i in range(3)]
    assert found["outputs"] is None
    trained = answer(
        tfluck("align", *options, "--train-outputs", "--vectors", "--json")
    )
    assert len(trained["outputs"]) == 8
    assert trained["outputs"] != [1.0] * 8
    assert trained["loss"] < 1e-3
    many = ("--dim", "3", "--teachers", "5", "--steps", "2", "--vectors", "--json")
    assert len(answer(tfluck("align", *many))["teachers"]) == 5
    angles = (
        "--dim",
        "3",
        "--teachers",
        "0.5,1",
        "--steps",
        "2",
        "--vectors",
        "--json",
    )
    assert [row[2] for row in answer(tfluck("align", *angles))["teachers"]] == [0, 0]


def test_rate(tfluck: Call, tmp_path: Path) -> None:
    path = tmp_path / "rate.png"
    options = ("--m", "2", "--dim", "2", "--start", "symmetric", "--time", "1000")
    found = answer(
        tfluck("align", "rate", *options, "--check", "--json", "--plot", path)
    )
    assert list(found)[:5] == ["m", "dim", "loss", "bound_ratio_max", "cube_limit"]
    assert found["loss"][-1][0] == pytest.approx(1000)
    assert found["loss"][-1][1] == pytest.approx(1.595009158e-9, rel=1e-4)
    assert found["bound_ratio_max"] <= 1
    assert path.stat().st_size > 1000
    other = answer(
        tfluck(
            "align", "rate", "--method", "descent", "--time", "50", "--check", "--json"
        )
    )
    assert other["bound_ratio_max"] <= 1
    assert "students died" in tfluck("align", "rate", "--time", "5").stdout


def test_several(tfluck: Call) -> None:
    found = answer(tfluck("align", "several", "--k", "2", "--check", "--json"))
    assert found["loss"] == pytest.approx([0.088511936632883446] * 2, rel=1e-14)
    assert found["kind"] == "saddle"
    assert found["bound"][0] == pytest.approx(0.402, abs=1e-3)
    one = answer(tfluck("align", "several", "--k", "2", "--m", "1", "--json"))
    assert one["kind"] == "local minimum under rotation"


def test_stationary(tfluck: Call) -> None:
    found = answer(tfluck("align", "stationary", "--m", "2", "--starts", "8", "--json"))
    assert sum(found["counts"].values()) == 8
    assert "stationary" not in found["counts"]


def test_inequality(tfluck: Call) -> None:
    options = ("--m", "3", "--dim", "4", "--samples", "300", "--check", "--json")
    found = answer(tfluck("align", "inequality", *options))
    assert {"samples", "identity_error", "min_slack", "violations"} <= set(found)
    assert (found["samples"], found["violations"]) == (300, 0)


def test_help_names_options_and_commands(tfluck: Call) -> None:
    text = tfluck("align", "--help").stdout
    for word in ("--teachers", "stationary", "inequality", "Examples:"):
        assert word in text


WRONG = [
    ("--teachers", "x"),
    ("--teachers", "0"),
    ("--teachers", "nan,1"),
    ("--students", "0"),
    ("--lr", "inf"),
    ("--lr", "0"),
    ("--steps", "-1"),
    ("--steps", "5", "--snapshots", "7"),
    ("--snapshots", "a"),
    ("--steps", "5", "--gif", "film.png"),
    ("--steps", "5", "--plot", "film.gif"),
    ("stationary", "--m", "0"),
    ("inequality", "--dim", "0"),
    ("nonsense",),
    ("--dim", "3", "--plot", "x.png"),
    ("--dim", "1", "--teachers", "0.5,1"),
    ("--method", "sgd", "--train-outputs", "--steps", "2"),
    ("rate", "--start", "symmetric", "--m", "3"),
    ("rate", "--time", "1e12"),
    ("rate", "--method", "descent", "--lr", "1e-12"),
    ("rate", "--m", "1000000"),
    ("rate", "--plot", "x.gif"),
    ("several", "--k", "1"),
    ("--teachers", "1000000000"),
    ("--teachers", "9" * 400),
    ("--teachers", "²"),
    ("--students", "1000000000"),
    ("--students", "9" * 400),
    ("--steps", "9" * 400),
    ("--batch-size", "1000000000"),
    ("stationary", "--m", "1000000000"),
    ("stationary", "--m", "9" * 400),
    ("stationary", "--starts", "9" * 400),
    ("inequality", "--m", "100000"),
    ("inequality", "--dim", "9" * 400),
    ("inequality", "--samples", "9" * 400),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_input_is_refused(tfluck: Call, arguments: tuple) -> None:
    result = tfluck("align", *arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr


def test_no_teacher_is_told_as_such(tfluck: Call) -> None:
    assert (
        "At least one teacher is needed; 0" in tfluck("align", "--teachers", "0").stderr
    )


def test_a_misspelt_command_gets_a_hint(tfluck: Call) -> None:
    result = tfluck("align", "stationery")
    assert result.exit_code == 2
    assert "Did you mean stationary?" in result.stderr


def test_every_option_of_align_says_what_it_is(tfluck: Call) -> None:
    lines = tfluck("align", "--help").stdout.splitlines()
    options = {line.split()[0]: line for line in lines if line.startswith("  --")}
    for name, words in {
        "--plot": ".png, .pdf or .svg",
        "--gif": "animation",
        "--init": "Standard deviation",
        "--batch-size": "--method sgd",
    }.items():
        start = lines.index(options[name])
        assert words in " ".join(" ".join(lines[start : start + 2]).split())


def test_numbers_come_before_a_picture_that_fails(tfluck: Call, tmp_path: Path) -> None:
    (tmp_path / "full").touch()
    path = tmp_path / "full" / "picture.png"
    result = tfluck(
        "align", "--steps", "2", "--students", "2", "--json", "--plot", path
    )
    assert result.exit_code == 1
    assert json.loads(result.stdout)["snapshots"]


def test_divergence_has_its_exit_code(tfluck: Call) -> None:
    result = tfluck("align", "--lr", "50", "--steps", "1000")
    assert result.exit_code == 3
    assert "diverged" in result.stderr

"""``tfluck ad``: the contract's JSON, exit codes, one sentence for each wrong input."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]


def answer(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) == 1
    found = json.loads(lines[0])
    assert isinstance(found, dict)
    return found


def test_check(tfluck: Call) -> None:
    found = answer(tfluck("ad", "check", "--angles", "1,2,3", "--json"))
    assert list(found) == [
        "function",
        "angles",
        "det",
        "dets",
        "z",
        "enclosures",
        "verdict",
        "certified",
    ]
    assert found["verdict"] == "holds"
    assert found["certified"] is True
    low, high = found["enclosures"]["det"]
    assert low <= 8.785774454777717413 <= high
    assert len(found["enclosures"]["dets"]) == 3


def test_check_in_words(tfluck: Call) -> None:
    result = tfluck(
        "ad", "check", "--angles", "1.5,3,4.5", "--function", "triangle:1,1"
    )
    assert "violated: every det M_i is positive (certified)." in result.stdout
    assert "m ≥ 3" in tfluck("ad", "check", "--angles", "1").stderr


def test_sample(tfluck: Call) -> None:
    call = ("ad", "sample", "--m", "4", "--samples", "3000", "--seed", "5", "--json")
    found = answer(tfluck(*call))
    keys = {
        "function",
        "m",
        "samples",
        "seed",
        "holds",
        "violated",
        "zero",
        "undecided",
        "max_z",
    }
    keys |= {"quantiles", "certified_by", "seconds", "samples_per_second"}
    assert keys <= set(found)
    assert set(found["quantiles"]) == {"0.01", "0.5", "0.99"}
    assert found["certified_by"]["float64"] + found["certified_by"]["ball"] == 3000
    again = answer(tfluck(*call, "--jobs", "1"))
    assert again["quantiles"] == found["quantiles"]


def test_surface_and_its_picture(tfluck: Call, tmp_path: Path) -> None:
    path = tmp_path / "surface.png"
    call = ("ad", "surface", "--m", "4", "--fix", "1=1,4=4", "--points", "21", "--json")
    found = answer(tfluck(*call, "--plot", path))
    assert found["violated"] == 0
    assert found["holds"] + found["degenerate"] == 21**2
    assert path.stat().st_size > 1000
    assert tfluck(*call[:3], "3", "--fix", "1=1", "--points", "5").exit_code == 0


def test_spectrum(tfluck: Call) -> None:
    found = answer(tfluck("ad", "spectrum", "--function", "cosines:1,-0.5,2", "--json"))
    assert (found["ad"], found["pad"], found["tail_bound"]) == ("no", "no", 0)
    assert "c_1 = -0.5" in found["reason"]
    assert "AD: yes   PAD: yes" in tfluck("ad", "spectrum").stdout


@pytest.mark.parametrize(
    "name", ["poisson:0.8", "relu-ntk", "sqrt-exponential", "triangle:1,1"]
)
def test_search_finds(tfluck: Call, name: str) -> None:
    found = answer(tfluck("ad", "search", "--m", "3", "--function", name, "--json"))
    assert (found["found"], found["certified"]) == (True, True)
    assert min(found["dets"]) > 0
    angles = ",".join(map(repr, found["angles"]))
    again = answer(tfluck("ad", "check", "--angles", angles, "-f", name, "--json"))
    assert again["verdict"] == "violated"


def test_search_finds_nothing_for_the_papers_function(tfluck: Call) -> None:
    assert answer(tfluck("ad", "search", "--json"))["found"] is False
    assert "No counterexample" in tfluck("ad", "search", "--m", "4").stdout


def test_certify_and_verify(tfluck: Call, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    made = answer(
        tfluck(
            "ad",
            "certify",
            "--delta",
            "0.7",
            "-o",
            path,
            "--jobs",
            "1",
            "--check",
            "--json",
        )
    )
    assert {k: made[k] for k in ("m", "delta", "function", "status", "witness")} == {
        "m": 3,
        "delta": 0.7,
        "function": "relu",
        "status": "proved",
        "witness": None,
    }
    checked = answer(tfluck("ad", "verify", path, "--jobs", "1", "--json"))
    assert checked["boxes"] == made["boxes"]
    fields = json.loads(path.read_text()) | {"delta": 0.2}
    path.write_text(json.dumps(fields))
    refused = tfluck("ad", "verify", path, "--jobs", "1")
    assert refused.exit_code == 4
    assert "refused" in refused.stderr


@pytest.mark.parametrize(
    ("name", "status"),
    [("triangle:1,1", "counterexample"), ("exponential:1", "undecided")],
)
def test_certify_is_honest(tfluck: Call, name: str, status: str) -> None:
    call = (
        "ad",
        "certify",
        "--delta",
        "0.8",
        "-f",
        name,
        "--max-boxes",
        "3000",
        "--json",
    )
    found = answer(tfluck(*call))
    assert found["status"] == status
    assert (found["witness"] is not None) == (status == "counterexample")
    assert tfluck(*call, "--check").exit_code == 4


def test_phase(tfluck: Call, tmp_path: Path) -> None:
    call = (
        "ad",
        "phase",
        "--decays",
        "1.5,2.5",
        "--m",
        "3",
        "--samples",
        "100",
        "--json",
    )
    rows = answer(tfluck(*call, "--plot", tmp_path / "phase.pdf"))["rows"]
    assert [(row["decay"], row["holds"], row["violated"]) for row in rows] == [
        (1.5, 0, 1),
        (2.5, 1, 0),
    ]


WRONG = [
    ("check", "--angles", "1,7"),
    ("check", "--angles", "-0.1"),
    ("check", "--angles", "nan,1"),
    ("check", "--angles", ""),
    ("check", "--angles", "1,2", "-f", "nothing"),
    ("check", "--angles", "1,2", "-f", "poisson:2"),
    ("check", "--angles", "1,2", "-f", "no_such_module_here:f"),
    ("check", "--angles", "1,2", "-f", "cmath:sqrt"),
    ("check", "--angles", "1,2", "-f", "math:frexp"),
    ("sample", "--m", "0"),
    ("sample", "--samples", "-5"),
    ("search", "--m", "2"),
    ("certify", "--delta", "nan"),
    ("certify", "--delta", "-1"),
    ("certify", "--delta", "2"),
    ("certify", "--m", "5"),
    ("certify", "-f", "math:cos"),
    ("surface", "--fix", "1"),
    ("surface", "--fix", "1=1,1=2"),
    ("surface", "--fix", "1=1,2=2"),
    ("phase", "--decays", "1"),
    ("phase", "--m", "3.5"),
    ("spectrum", "--terms", "1"),
    ("sample", "--samples", "10", "--plot", "picture.txt"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_input_is_refused_in_one_sentence(tfluck: Call, arguments: tuple) -> None:
    result = tfluck("ad", *arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "other"}', "\x00\x01"])
def test_files_that_are_no_certificates(
    tfluck: Call, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    result = tfluck("ad", "verify", path)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1


def test_user_functions_come_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tfluck: Call
) -> None:
    (tmp_path / "my_own_kernels.py").write_text(
        "def f(t):\n    return 1 / (1 + t * t)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    result = tfluck(
        "ad", "check", "--angles", "1,2,3", "-f", "my_own_kernels:f", "--json"
    )
    found = answer(result)
    assert found["certified"] is False
    assert found["enclosures"] == {"det": None, "dets": None}
    assert "nothing is certified" in result.stderr


def test_no_ad_or_align_command_imports_tensorflow() -> None:
    program = (
        "import sys\n"
        "from tfluck.cli.main import main\n"
        "for words in (['ad', 'check', '--angles', '1,2,3'], ['ad', 'search', '--m', '3'],\n"
        "              ['align', '--steps', '10', '--students', '2']):\n"
        "    try:\n"
        "        main(words)\n"
        "    except SystemExit as left:\n"
        "        assert not left.code\n"
        "assert not {'tensorflow', 'keras', 'pandas'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

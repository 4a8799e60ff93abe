"""``tfluck ad``: the contract's JSON, exit codes, one sentence for each wrong input."""

import hashlib
import json
import os
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
    call = ("ad", "phase", "--decays", "1.5,2,2.5,4,6.8", "--samples", "100")
    path = tmp_path / "phase.pdf"
    result = tfluck(*call, "--check", "--json", "--plot", path)
    assert result.exit_code == 4
    assert path.stat().st_size > 1000
    rows = json.loads(result.stdout)["rows"]
    assert [(row["decay"], row["mark"], row["theorem"]) for row in rows] == [
        (1.5, "certified violation", "A1"),
        (2, "exactly zero", "A10"),
        (2.5, "certified violation", "A4"),
        (4, "none found", None),
        (6.8, "certified absence", "A3"),
    ]
    assert [row["random_share"] for row in rows] == [1, 0, 0, 0, 0]
    text = tfluck(*call).stdout
    assert "none found in" in text
    assert "holds" not in text
    # Every witness is certified again by what a reader would type.
    for row in (rows[0], rows[2]):
        words = f"--angles={','.join(row['witness'])}"
        again = ("ad", "check", words, "-f", f"power:{row['decay']}", "--json")
        assert answer(tfluck(*again))["verdict"] == "violated"
        assert tfluck(*again, "--check").exit_code == 4


def test_check_takes_formulas_and_exact_angles_as_typed(tfluck: Call) -> None:
    typed = tfluck("ad", "check", "exp(-sqrt(t))", "--angles", "1,3,5", "--json")
    named = tfluck("ad", "check", "1,3,5", "-f", "sqrt-exponential", "--json")
    assert answer(typed)["dets"] == pytest.approx(answer(named)["dets"], rel=1e-12)
    found = answer(tfluck("ad", "check", "pi/2,pi,3pi/2", "--json"))
    assert found["exact_angles"] == ["pi/2", "pi", "-pi/2"]
    assert found["antipodal"] == [[0, 2], [1, 3]]
    assert "degenerate: student 3 is exactly opposite student 1" in (
        tfluck("ad", "check", "pi/2,pi,3pi/2").stdout
    )
    low, high = found["enclosures"]["least_eigenvalue"]
    assert 0 < low <= high < low + 1e-12
    # Decimals near them are what they are.
    near = answer(
        tfluck("ad", "check", "1.5707963267948966,pi,4.71238898038469", "--json")
    )
    assert near["antipodal"] == [[0, 2]]
    assert tfluck("ad", "check", "pi/2,5pi/2-2pi,1", "--check").exit_code == 4


def test_every_ad_command_has_check(tfluck: Call) -> None:
    from tfluck.cli.ad import COMMANDS

    for name in COMMANDS:
        assert "--check" in tfluck("ad", name, "--help").stdout


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("check", "1,2,4"), 0),
        (("check", "1,2,6", "-f", "linear"), 0),
        (("check", "1.5,3,4.5", "-f", "triangle:1,1"), 4),
        (("check", "1,1,2"), 4),
        (("check", "1,2,4", "-f", "math:cosh"), 4),
        (("sample", "--samples", "50"), 0),
        (("sample", "--samples", "50", "--m", "3", "-f", "poisson:0.9"), 4),
        (("surface", "--fix", "1=1", "--points", "5"), 0),
        (("surface", "--fix", "1=1", "--points", "9", "-f", "poisson:0.9"), 4),
        (("spectrum",), 0),
        (("spectrum", "-f", "cosines:1,1"), 4),
        (("search", "--draws", "1"), 0),
        (("search", "-f", "poisson:0.36"), 4),
        (("criteria", "-f", "matern:2,1"), 0),
        (("criteria", "-f", "power:2"), 0),
        (("criteria", "-f", "power:5"), 4),
        (("criteria", "--frequencies", "6Z,1+6Z,5+6Z"), 0),
        (("criteria", "--frequencies", "4Z"), 4),
        (("phase", "--decays", "4", "--samples", "10"), 0),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_check_option(tfluck: Call, command: tuple, code: int) -> None:
    result = tfluck("ad", *command, "--check")
    assert result.exit_code == code, result.output
    assert result.stdout


WRONG = [
    ("check", "--angles", "1,7"),
    ("check", "--angles", "-7"),
    ("check", "--angles", "1,2pi"),
    ("check", "--angles", "pi/0"),
    ("check", "--angles", "1,,2"),
    ("check", "1,2", "__import__('os')"),
    ("check",),
    ("criteria", "--frequencies", "0Z"),
    ("criteria", "--frequencies", "99991Z,99989Z"),
    ("criteria", "-f", "matern:0.5,1"),
    ("criteria", "-f", "power:1/0"),
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
    ("check", "--angles", "1,2", "-f", ":x"),
    ("check", "--angles", "1,2", "-f", ".x:y"),
    ("check", "--angles", ",".join(f"{k / 33:.3f}" for k in range(1, 201))),
    ("sample", "--m", "1000"),
    ("sample", "--m", "9" * 400),
    ("sample", "--samples", "9" * 400),
    ("surface", "--m", "1000000000"),
    ("surface", "--points", "9" * 400),
    ("search", "--m", "100000"),
    ("search", "--draws", "9" * 400),
    ("phase", "--m", "100000"),
    ("certify", "--max-boxes", "9" * 400),
    ("certify", "--jobs", "9" * 400),
    ("verify", "/dev/zero"),
    ("verify", "/dev"),
    ("certify", "--delta", "1", "-o", "/dev/full"),
    ("certify", "--delta", "1", "-o", "/no/such/folder/c.json"),
]


def short(arguments: tuple) -> str:
    return " ".join(word[:30] for word in arguments)


@pytest.mark.parametrize("arguments", WRONG, ids=short)
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


@pytest.mark.parametrize(
    "command",
    [
        ("sample", "--samples", "990000000"),
        ("surface", "--m", "3", "--fix", "1=1", "--points", "2001"),
        ("spectrum", "--terms", "2000"),
        ("phase",),
    ],
)
def test_a_wrong_picture_is_refused_before_the_work(
    tfluck: Call, command: tuple
) -> None:
    result = tfluck("ad", *command, "--plot", "x.jpeg")
    assert (result.exit_code, result.stdout) == (2, "")
    assert ".png, .pdf or .svg" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("sample", "--samples", "50"),
        ("surface", "--fix", "1=1", "--points", "5"),
        ("spectrum", "--terms", "4"),
        ("phase", "--decays", "2.5", "--samples", "20", "--m", "3"),
    ],
)
def test_numbers_come_before_a_picture_that_fails(
    tfluck: Call, tmp_path: Path, command: tuple
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "picture.png"
    result = tfluck("ad", *command, "--json", "--plot", path)
    assert result.exit_code == 1
    assert json.loads(result.stdout)


def test_a_fifo_is_no_certificate(tfluck: Call, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    result = tfluck("ad", "verify", tmp_path / "fifo")
    assert result.exit_code == 2
    assert "is a fifo" in result.stderr


@pytest.mark.parametrize("m", ["3", "4", "5"])
def test_search_takes_no_rounding_for_a_counterexample(tfluck: Call, m: str) -> None:
    # cos has rank 2: every determinant is 0.
    found = answer(tfluck("ad", "search", "--function", "math:cos", "--m", m, "--json"))
    assert found["found"] is False
    shown = tfluck("ad", "check", "--function", "math:cos", "--angles", "1,2,4")
    assert "undecided" in shown.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("raise RuntimeError('no luck')", ("RuntimeError: no luck", "line 1")),
        ("import sys\nsys.exit(7)", ("SystemExit: 7", "line 2")),
        ("def f(t:\n", ("was never closed", "line 1")),
        ("import no_module_of_this_name", ("no_module_of_this_name", "line 1")),
    ],
)
def test_a_module_that_cannot_be_imported_is_named(
    content: str,
    words: tuple,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tfluck: Call,
) -> None:
    name = "broken_" + hashlib.md5(content.encode()).hexdigest()
    (tmp_path / f"{name}.py").write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    result = tfluck("ad", "check", "--angles", "1,2", "-f", f"{name}:f")
    assert (result.exit_code, result.stdout) == (2, "")
    assert all(word in result.stderr for word in (*words, f"{name}.py"))
    assert len(result.stderr.strip().splitlines()) == 1


def test_what_a_module_prints_stays_off_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tfluck: Call
) -> None:
    (tmp_path / "talking_kernels.py").write_text(
        "print('hello')\ndef f(t):\n    return 1 / (1 + t * t)\n"
        "def leaves(t):\n    raise SystemExit(9)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    call = ("ad", "check", "--angles", "1,2", "--json", "-f")
    result = tfluck(*call, "talking_kernels:f")
    assert json.loads(result.stdout)["verdict"]
    assert "hello" in result.stderr
    left = tfluck(*call, "talking_kernels:leaves")
    assert left.exit_code == 2
    assert "raised SystemExit" in left.stderr


def test_certify_proves_a_users_own_function_but_writes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tfluck: Call
) -> None:
    (tmp_path / "provable_kernels.py").write_text(
        "from dataclasses import replace\n"
        "from tfluck.angular import parse\n"
        "own = replace(parse('relu'), name='relu')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    call = ("ad", "certify", "--delta", "0.9", "-f", "provable_kernels:own")
    assert answer(tfluck(*call, "--json", "--check"))["status"] == "proved"
    refused = tfluck(*call, "-o", tmp_path / "c.json")
    assert refused.exit_code == 2
    assert "leave -o away" in refused.stderr
    assert not (tmp_path / "c.json").exists()


def test_a_check_and_help_import_only_what_they_need() -> None:
    # What keeps them under 0.3 s: no SciPy, Matplotlib, pools of processes or TensorFlow.
    for words in (["ad", "check", "1,2,3"], ["ad", "phase", "-h"], ["align", "-h"]):
        program = (
            "import sys\n"
            "from tfluck.cli.main import main\n"
            "try:\n"
            f"    main({words!r})\n"
            "except SystemExit as left:\n"
            "    assert not left.code\n"
            "dear = {'scipy', 'matplotlib', 'tensorflow', 'PIL', 'pandas'}\n"
            "assert not dear & set(sys.modules), dear & set(sys.modules)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


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

"""``tfluck figure``: which figure is meant, what is printed, what is written."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tfluck.papers.figures import FIGURES, fall_off

Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(fall_off.SAMPLES, "smoke", 500)
    monkeypatch.setitem(fall_off.SAMPLES, "laptop", 600)


def test_all_figures_are_listed(tfluck: Call) -> None:
    lines = tfluck("figure", "--list").stdout.splitlines()
    assert lines[0].split() == ["paper", "figure", "from", "title"]
    assert len(lines) == 1 + len(FIGURES) == 28
    rows = json.loads(tfluck("figure", "--list", "--json").stdout)["figures"]
    assert [(row["paper"], row["number"]) for row in rows] == [
        (one.paper, one.number) for one in FIGURES
    ]
    assert rows[6]["presets"][0] == "luck-matters/figure-7-fc-bn"
    assert set(rows[0]) == {"paper", "number", "title", "shows", "kind", "presets"}
    assert len(tfluck("figure", "alignment", "--list").stdout.splitlines()) == 5
    assert tfluck("figure", "a", "b", "--list").exit_code == 2


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((), 2, "Say which figure"),
        (("luck-matters",), 2, "Say which figure"),
        (("luck-matters", "alignment", "2"), 2, "Say which figure"),
        (("luck-matters", "²"), 2, "Say which figure"),
        (("2",), 2, "`tfluck figure luck-matters 2` or `tfluck figure alignment 2`"),
        (("nature", "2"), 2, "There is no paper 'nature'"),
        (("99",), 2, "luck-matters 1 to 23 and alignment 1 to 4"),
        (("luck-matters", "8"), 2, "needs cifar10 and a teacher trained on it"),
    ],
)
def test_what_is_no_figure_is_refused_in_a_sentence(
    tfluck: Call, tmp_path: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    done = tfluck("figure", *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_files_go_to_the_papers_folder_and_are_the_same_twice(
    tfluck: Call, tmp_path: Path
) -> None:
    done = tfluck("figure", "14")
    folder = Path("figures/luck-matters")
    names = [f"{folder}/figure-14.{end}" for end in ("pdf", "png", "csv", "json")]
    assert done.exit_code == 0 and done.stdout.splitlines() == names
    assert "In the paper: Affected area" in done.stderr
    before = [Path(name).read_bytes() for name in names]
    again = tfluck("figure", "luck-matters", "14", "--json")
    said: dict[str, Any] = json.loads(again.stdout)
    assert said["measured"] is False and said["files"] == names
    assert (said["scale"], said["seeds"], said["runs"]) == ("laptop", [0], [])
    assert (said["kind"], said["figure"]) == ("schematic", 14)
    assert [Path(name).read_bytes() for name in names] == before
    assert json.loads(tfluck("figure", "14", "--fresh", "--json").stdout)["measured"]


def test_where_and_how_large_is_said_by_options(tfluck: Call, tmp_path: Path) -> None:
    done = tfluck("figure", "luck", "14", "--scale", "smoke", "-o", "here", "-q")
    assert done.exit_code == 0 and done.stderr == ""
    assert json.loads(Path("here/figure-14.json").read_text())["scale"] == "smoke"
    assert not Path("figures").exists()


def test_papers_and_numbers_complete() -> None:
    from click import Context

    from tfluck.cli.figure import _complete, command

    context = Context(command)
    assert _complete(context, None, "") == ["luck-matters", "alignment"]
    assert _complete(context, None, "al") == ["alignment"]
    context.params["words"] = ("alignment",)
    assert _complete(context, None, "") == ["1", "2", "3", "4"]


def test_a_sketch_needs_no_tensorflow() -> None:
    code = (
        "import sys; from tfluck.papers.figures import FIGURES\n"
        "assert not {'matplotlib', 'pandas', 'numpy'} & set(sys.modules)\n"
        "[one.recipe() for one in FIGURES]; import tfluck.papers.figures.making\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

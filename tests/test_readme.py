"""The README describes what is there, and what is cited is what was read."""

import re

import pytest
from test_house import FLOORS, ROOT

from tfluck import __version__

README = (ROOT / "README.md").read_text()
BUILT = README.split("## How it is built")[1].split("##")[0]


def test_the_floors_are_those_that_stand() -> None:
    drawn = BUILT.split("holds this):")[1].split("→ the ground floor")[0]
    floors = [set(re.findall(r"`(\w+)`", floor)) for floor in drawn.split("→")]
    assert floors == FLOORS[:-1]
    for room in set().union(*floors) - {"cli"}:
        assert (ROOT / "tfluck" / room / "__init__.py").exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tfluck/[\w/.]+)`", README))))
def test_what_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_both_papers_are_cited() -> None:
    cited = " ".join((ROOT / "CITATION.cff").read_text().split())
    introduced = " ".join(README.split("The papers:")[1].split("##")[0].split())
    titles = re.findall(r"\*([^*]+)\*", introduced)
    assert len(titles) == 2
    assert all(title in cited for title in titles)
    assert f"version: {__version__}" in cited


@pytest.mark.parametrize("name", ["training", "phases"])
def test_speed_is_what_the_benchmark_wrote(name: str) -> None:
    """`make bench` writes the file; the block in README is that file."""
    written = (ROOT / "benchmarks" / f"{name}.txt").read_text().strip()
    assert f"```text\n{written}\n```" in README
    assert "NOT QUIET" not in written

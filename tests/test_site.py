"""``make docs``: the site holds what it promises and asks nobody; the tutorial runs."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from test_house import ROOT

from tfluck.cli.main import cli

pytestmark = pytest.mark.slow
PATH = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])


class Wanted(HTMLParser):
    """What a browser fetches for a page, without a click."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        names = ["src", "srcset", "poster", "data"]
        names += ["href"] if tag in ("link", "use", "image") else []
        if tag == "link" and given.get("rel") in ("prev", "next", "canonical"):
            return
        self.found += [given[name] for name in names if name in given]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("mkdocs", "material", "mkdocstrings", "nbconvert", "latex2mathml"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    named = {"PYTHONPATH": PATH, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | named, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_a_page_asks_for_nothing_that_is_not_there(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        for wanted in Wanted(page).found:
            assert not re.match(r"(\w+:)?//", wanted), f"{page.name}: {wanted}"
            path = wanted.partition("#")[0].partition("?")[0]
            if page.name != "404.html" and not wanted.startswith("data:"):
                assert (page.parent / path).exists(), f"{page.name}: {wanted}"
        assert "mermaid" not in page.read_text(), "Material fetches what draws it"
    for style in site.rglob("*.css"):
        text = re.sub(r"url\(\"?data:.*?\)", "", style.read_text())
        assert not re.search(r"(url\([\"']?|@import *[\"'])(\w+:)?//", text), style


def test_the_reference_has_every_command(site: Path) -> None:
    import click

    def names(context: click.Context) -> list[str]:
        found: list[str] = []
        group = context.command
        if isinstance(group, click.Group):
            for name in group.list_commands(context):
                command = group.get_command(context, name)
                assert command is not None
                below = click.Context(command, parent=context, info_name=name)
                found += [below.command_path, *names(below)]
        return found

    page = (site / "commands.html").read_text()
    every = names(click.Context(cli, info_name="tfluck"))
    assert len(every) > 40
    for name in every:
        assert f'id="{name.replace(" ", "-")}"' in page
        assert f"Usage: {name}" in page


def test_formulas_and_docstrings_are_shown(site: Path) -> None:
    page = (site / "alignment.html").read_text()
    assert page.count("<math ") > 500
    assert "arithmatex" not in page and "\\(" not in page and "\\[" not in page
    python = (site / "python.html").read_text()
    assert "Correlate the student" in python and ":class:" not in python
    tutorial = (site / "tutorial.html").read_text()
    assert "finished" in tutorial and 'src="tutorial/' in tutorial


NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"


def test_the_tutorial_is_small_and_was_run_from_top_to_bottom() -> None:
    assert NOTEBOOK.stat().st_size < 300_000
    cells = [
        c for c in json.loads(NOTEBOOK.read_text())["cells"] if c["cell_type"] == "code"
    ]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.mark.filterwarnings("ignore")
def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient, nbformat = (pytest.importorskip(n) for n in ("nbclient", "nbformat"))
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", PATH)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert said(cells[0]) == "finished\n"
    final = said(cells[1]).splitlines()[-1].split()
    assert final[0] == "6" and all(float(rho) > 0.9 for rho in final[-2:])
    assert any("image/png" in output.get("data", {}) for output in cells[2].outputs)
    assert "holds certified" in said(cells[-1])


def said(cell: Any) -> str:
    """Return what a cell printed as its result."""
    return "".join(o.text for o in cell.outputs if o.get("name") == "stdout")

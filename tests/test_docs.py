"""README and docs/: every command parses, cheap ones run, how-to pages are followed."""

import ast
import importlib
import os
import re
import runpy
import shlex
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from test_house import ROOT

from tfluck.cli.main import cli

PAGES = {
    path.name: path.read_text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def blocks(page: str) -> list[tuple[str, str]]:
    """Return the language and the text of each block of code on a page."""
    return FENCE.findall(PAGES[page])


def lines(shell: str) -> Iterator[str]:
    """Yield the commands of ours in a block, without comments and what writes files."""
    for line in shell.replace("\\\n", " ").splitlines():
        for part in line.split("  #")[0].split("&&"):
            if part.strip().startswith("tfluck "):
                yield part.strip()


def typed(page: str) -> list[str]:
    """Return the lines that are shown to be typed."""
    return [line for kind, text in blocks(page) if kind == "sh" for line in lines(text)]


def mentioned(page: str) -> list[str]:
    """Return what stands within sentences and tables; … leaves something out."""
    prose = FENCE.sub("", PAGES[page])
    spans = (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose))
    return [span for span in spans if span.startswith("tfluck ") and "…" not in span]


def find(line: str) -> tuple[Any, list[str]]:
    """Return the command that a line names, as deep as its words go, and the others."""
    command, words = cli, shlex.split(line)[1:]
    while words and (hasattr(command, "commands") or hasattr(command, "table")):
        context = command.make_context("tfluck", list(words), resilient_parsing=True)
        _, command, words = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
    return command, words


#: Parts of the plugins on the page about plugins, where test_extending runs them.
PLUGINS = {"shortcut", "triangular", "sign", "activity"}
TYPED = sorted({(page, line) for page in PAGES for line in typed(page)})
MENTIONED = sorted({(page, line) for page in PAGES for line in mentioned(page)})


@pytest.mark.parametrize(("page", "line"), [*TYPED, *MENTIONED])
def test_every_command_parses(
    page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as the last command's options; files it names need not be there."""
    if page == "extending.md" and PLUGINS & set(line.split()):
        return
    monkeypatch.chdir(tmp_path)
    command, words = find(line)
    if words or (page, line) in TYPED:  # within a sentence a command is only named
        command.make_context(command.name, list(words)).close()


def test_pages_are_read() -> None:
    assert len(TYPED) > 80 and len(MENTIONED) > 20
    assert ("README.md", "tfluck train --arch resnet") in TYPED
    assert ("settings.md", "tfluck analyze") in MENTIONED
    assert ("gallery.md", "tfluck figure luck-matters 6") in MENTIONED


def test_a_slip_in_a_command_would_be_seen() -> None:
    import click

    command, words = find("tfluck ad check --angels 1,2,3")
    with pytest.raises(click.NoSuchOption):
        command.make_context(command.name, words)
    with pytest.raises(click.UsageError):
        find("tfluck ad chek --angles 1,2,3")


CHEAP = re.compile(
    r"tfluck (ad (check|criteria)|presets|data list|runs list|figure --list|.*--dry-run"
    r")"
)


@pytest.mark.parametrize("line", sorted({x for _, x in TYPED if CHEAP.match(x)}))
def test_cheap_commands_do_what_they_say(
    line: str, tfluck: Callable[..., Result], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = tfluck(*shlex.split(line)[1:])
    assert done.exit_code == 0, done.stderr
    assert done.stdout or line == "tfluck runs list"


#: Pages that may be followed from the first block to the last, in one folder.
FOLLOWED = ("own_network.md", "own_data.md", "reading.md")
#: Lines that need what a reader has and a test has not: a published archive.
ABSENT = ("tfluck data prepare", "tfluck data verify", "tfluck pretrain --preset")


@pytest.mark.slow
@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_may_be_followed_to_its_end(page: str, tmp_path: Path) -> None:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    for kind, text in blocks(page):
        if kind == "python":
            (tmp_path / "block.py").write_text(text)
            run("block.py")
        for line in lines(text) if kind == "sh" else ():
            if not line.startswith(ABSENT):
                run("-m", "tfluck.cli", *shlex.split(line)[1:])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_script_for_slurm_trains_where_jobs_are_started(
    tf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slurm's jobs are processes of this machine here; the rest is the page's."""
    distributed = pytest.importorskip("distributed")

    class SLURMCluster(distributed.LocalCluster):  # type: ignore[misc]
        def __init__(self, *, cores: int, memory: str, walltime: str) -> None:
            options = {"memory_limit": memory, "dashboard_address": None}
            super().__init__(n_workers=0, threads_per_worker=cores, **options)

        def scale(self, n: int = 0, *, jobs: int = 0) -> Any:
            return super().scale(n or jobs)

    made = types.SimpleNamespace(SLURMCluster=SLURMCluster)
    monkeypatch.setitem(sys.modules, "dask_jobqueue", made)
    monkeypatch.chdir(tmp_path)
    [script] = [text for kind, text in blocks("cluster.md") if kind == "python"]
    (tmp_path / "slurm.py").write_text(script)
    found = runpy.run_path("slurm.py")
    assert found["run"].status() == "finished" and len(found["run"].seeds) == 2


def test_the_reference_shows_public_names_and_says_where_they_come_from(
    tf: Any,
) -> None:
    [(_, text)] = blocks("python.md")
    imported = {
        (node.module, name.name)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    for module, name in imported:
        assert getattr(importlib.import_module(str(module)), name) is not None
    shown = re.findall(r"^::: [\w.]+\.(\w+)$", PAGES["python.md"], re.MULTILINE)
    assert set(shown) - {"LoadedRun", "Analysis"} == {name for _, name in imported}


def test_every_picture_stands_below_the_command_that_made_it() -> None:
    page = PAGES["gallery.md"]
    beside = re.findall(r"```sh\n(.+)\n```\n\n!\[[^]]{10,}\]\((.+)\)", page)
    pictures = re.findall(r"!\[.*\]\((.+)\)", page)
    assert [picture for _, picture in beside] == pictures
    for command, picture in beside:
        path = ROOT / "docs" / picture
        assert path.is_file()
        if path.parent.name == "gallery":
            assert command == f"tfluck figure {' '.join(path.stem.rsplit('-', 1))}"
    held = {path.name for path in (ROOT / "assets" / "gallery").iterdir()}
    assert held == {Path(p).name for p in pictures if "gallery/" in p}
    assert len(held) == 24, "all but 6, 8 and 16, which want data or weights"


def test_the_verdicts_that_are_shown_are_those_that_a_command_wrote() -> None:
    shown = runpy.run_path(str(ROOT / "docs" / "reproduced.py"))
    assert shown["summary"]() in PAGES["README.md"]
    assert shown["page"]() == PAGES["verdicts_laptop.md"]


def test_no_claim_is_missing_in_the_verdicts_that_are_shown() -> None:
    from tfluck.papers import PAPERS, load_paper

    shown = runpy.run_path(str(ROOT / "docs" / "reproduced.py"))
    claims = [claim.id for paper in PAPERS for claim in load_paper(paper).claims]
    assert [row["id"] for row in shown["rows"]()] == claims
    assert {row["verdict"] for row in shown["rows"]()} <= set(shown["VERDICTS"])

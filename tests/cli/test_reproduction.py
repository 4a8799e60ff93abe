"""Both papers at once: said beforehand, under one display, and killed at any moment."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from papers.toy import MORE, made

from tfluck.cli.progress import Whole, whole_bar
from tfluck.cli.reproduction import Work
from tfluck.papers import load_paper
from tfluck.papers.figures import FIGURES, PaperFigure, fall_off, find_figure
from tfluck.papers.gathering import plan
from tfluck.papers.trained import Wanted

Call = Callable[..., Result]
#: What the toy begins, in this order: two computations, two chunks of each of two runs,
#: a figure.
THINGS = 7


def reproduce(folder: Path, moment: int = 0) -> int:
    """Reproduce the toy in a process of its own, killed at ``moment``; return its end."""
    command = [sys.executable, "-m", "papers.toy", str(folder), str(moment)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def diary(folder: Path) -> list[str]:
    return (folder / "diary").read_text().splitlines()


def files(folder: Path) -> dict[str, bytes]:
    """Return what is handed on: the table, and the figures."""
    found = [folder / "verdicts.csv", *sorted((folder / "figures").rglob("*.*"))]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.slow
def test_killed_again_and_again_it_repeats_only_what_was_begun(tmp_path: Path) -> None:
    """Each process takes SIGKILL as it begins its second thing, whichever that is."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir(), cut.mkdir()
    assert reproduce(whole) == 0
    expected = diary(whole)
    assert len(expected) == len(set(expected)) == THINGS
    kills = 0
    while reproduce(cut, 2) == -signal.SIGKILL:
        kills += 1
        assert kills < THINGS
    assert kills == THINGS - 1
    assert list(dict.fromkeys(diary(cut))) == expected
    counts = Counter(diary(cut))
    assert sum(counts.values()) == THINGS + kills and max(counts.values()) == 2
    assert files(cut) == files(whole)
    assert reproduce(cut) == 0
    assert diary(cut)[-1].startswith("draw") and files(cut) == files(whole)
    assert sum(Counter(diary(cut)).values()) == THINGS + kills + 1


@pytest.mark.slow
@pytest.mark.parametrize("moment", [1, 4, 7])
def test_killed_once_it_loses_at_most_one_thing(tmp_path: Path, moment: int) -> None:
    assert reproduce(tmp_path, moment) == -signal.SIGKILL
    begun = diary(tmp_path)
    assert len(begun) == moment
    assert reproduce(tmp_path) == 0
    again = diary(tmp_path)[moment:]
    assert set(begun) & set(again) <= {begun[-1]}
    assert len(set(begun + again)) == THINGS


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_comes_to_the_same(
    tfluck: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tf: Any
) -> None:
    distributed = pytest.importorskip("distributed")
    paper = made(tmp_path, more=MORE)
    monkeypatch.setattr("tfluck.papers.load_paper", lambda name: paper)
    words = ("verdict", "--paper", "luck-matters", "--scale", "smoke")

    def table(name: str, *more: object) -> Result:
        where = ("--out", tmp_path / name, "--csv", tmp_path / f"{name}.csv")
        return tfluck(*words, *where, *more)

    assert table("here", "--jobs", 1).exit_code == 0
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as local,
        distributed.Client(local) as client,
    ):
        there = ("--engine", "dask", "--scheduler", local.scheduler_address)
        victim = next(iter(client.run(os.getpid).values()))
        killer = Thread(target=_kill_while_training, args=(tmp_path / "there", victim))
        killer.start()
        first = table("there", *there)
        killer.join()
        assert first.exit_code == 0 or "Traceback" not in first.stderr
        assert table("there", *there).exit_code == 0
    cells = [
        [{k: v for k, v in row.items() if k not in ("run", "command")} for row in rows]
        for rows in (_read(tmp_path / "here.csv"), _read(tmp_path / "there.csv"))
    ]
    assert cells[0] == cells[1]


def _kill_while_training(out: Path, victim: int) -> None:
    """Kill a worker once a student has a checkpoint."""
    for _ in range(6000):
        if any(out.rglob("step-*.npz")):
            os.kill(victim, signal.SIGKILL)
            return
        time.sleep(0.01)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    paper = made(tmp_path, more=MORE, studies=False)
    monkeypatch.setattr("tfluck.papers.load_paper", lambda name: paper)
    monkeypatch.setitem(fall_off.SAMPLES, "smoke", 500)
    figures = (find_figure(14), find_figure(8))
    monkeypatch.setattr("tfluck.papers.figures.FIGURES", figures)
    monkeypatch.chdir(tmp_path)
    return tmp_path


WORDS = ("verdict", "--paper", "luck-matters", "--scale", "smoke", "--figures", "drawn")


def test_what_it_takes_is_said_beforehand(
    tfluck: Call, toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = tfluck(*WORDS, "--dry-run").stdout.splitlines()[-1]
    assert shown.startswith(
        "2 computations, 2 runs to train, 2 figures to draw: about "
    )
    assert shown.endswith(" on this device")
    plan = json.loads(tfluck(*WORDS, "--dry-run", "--json").stdout)
    assert plan["figures"] == ["luck-matters 14", "luck-matters 8"]
    trained = sum(run["seconds"] for run in plan["runs"])
    assert trained < plan["seconds"]
    assert not (toy / "drawn").exists() and not (toy / "runs").exists()


def test_the_work_is_done_under_one_display(
    tfluck: Call, tf: Any, toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Whole] = []

    @contextmanager
    def kept(seconds: float) -> Iterator[Whole]:
        with whole_bar(seconds) as whole:
            shown.append(whole)
            yield whole

    monkeypatch.setattr("tfluck.cli.reproduction.whole_bar", kept)
    done = tfluck(*WORDS, "--jobs", 1)
    assert done.exit_code == 0, done.stderr
    [whole] = shown
    assert whole.done == pytest.approx(whole.seconds)
    said = done.stderr.splitlines()
    assert said[0].startswith("To be made: 2 computations, 2 runs to train, ")
    shares = [int(s) for s in re.findall(r"steps; (\d+)% of the work", done.stderr)]
    assert len(shares) == 2 and 0 <= shares[0] < shares[1] < 100
    names = sorted(path.name for path in (toy / "drawn" / "luck-matters").iterdir())
    assert names == [f"figure-14.{end}" for end in ("csv", "json", "pdf", "png")]
    assert any(s.startswith("Figure luck-matters 8 is not drawn: ") for s in said)
    again = tfluck(*WORDS, "--dry-run").stdout
    assert again.startswith("0 computations, 0 runs to train, 2 figures to draw")


def test_figures_of_one_paper_are_made_with_its_claims(tfluck: Call) -> None:
    words = ("verdict", "--scale", "smoke", "--figures", "x", "--dry-run", "--json")
    for paper, count in (("luck-matters", 23), ("alignment", 4), ("all", 27)):
        named = json.loads(tfluck(*words, "--paper", paper).stdout)["figures"]
        assert len(named) == count
        assert named == [f.name for f in FIGURES if paper in (f.paper, "all")]
    assert all(isinstance(figure, PaperFigure) for figure in FIGURES)


def test_an_estimate_is_of_what_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    todo = plan([load_paper("luck-matters")], "smoke", tmp_path)
    work = Work(todo, FIGURES, "smoke", tmp_path, 1)
    vars(work)["_rate"] = 1e9
    whole = [work.training(one) for one in todo.runs]
    total = work.seconds
    assert total > sum(whole) + 10 * len(FIGURES)
    monkeypatch.setattr(Wanted, "left", lambda self, root: 0.25)
    assert [work.training(one) for one in todo.runs] == [one / 4 for one in whole]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_goes_on_from_part_to_part(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with whole_bar(100.0) as whole:
        whole.advance(10.0)
        with whole.part(60.0, 100, {1: 50, 2: 0}) as report:
            report(1, 100, "loss 1")
            report(2, 50, "loss 1")
        assert whole.bar.n == pytest.approx(10 + 60 * 100 / 150)
        whole.advance(60.0)
        with whole.part(0.0, 10, {1: 0}) as report:
            report(1, 10, "loss 1")
        whole.advance(1000.0)
    text = screen.getvalue()
    shares = [int(share) for share in re.findall(r"(\d+) %", text)]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 100
    assert "seed 2: loss 1" in text


def test_time_left_is_told_by_the_pace_once_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("tfluck.cli.progress.time.monotonic", lambda: now[0])
    with whole_bar(7200.0) as whole:
        assert str(whole) == "0% of the work is done, about 2 h left"
        whole.advance(3600.0)
        now[0] = 7200.0
        assert str(whole) == "50% of the work is done, about 2 h left"

"""A sweep: what it runs, what it does not run again, what its table says."""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from making import make
from sweeps.pretended import cells_of, pretend, read, rho, sweep, twenty

from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput, Diverged, Interrupted, TfluckError
from tfluck.runs import Run
from tfluck.sweeps.grid import Pair, combinations, grid, parse_axis, sweep_name
from tfluck.sweeps.sweeping import run_cells
from tfluck.sweeps.table import csv_text, lines_of, summarize_lines

Cli = Callable[..., Result]
TINY = [
    "--teacher-widths", "3-4", "--outputs", 5, "--input-dim", 6, "--epochs", 1,
    "--samples-per-epoch", 60, "--batch-size", 12, "--eval-samples", 40, "--no-jit",
]  # fmt: skip


def test_every_combination_once_the_last_axis_fastest() -> None:
    axes = [parse_axis(text, read) for text in ("multiplier=1,5", "batch-norm=none,x")]
    found = combinations(axes)
    assert [labels for labels, _ in found] == [
        {"multiplier": one, "batch-norm": other}
        for one in ("1", "5")
        for other in ("none", "x")
    ]
    assert found[2][1] == {"multiplier": 5, "batch_norm": "none"}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True))
def test_an_axis_is_what_was_written(values: list[int]) -> None:
    axis = parse_axis(f"teacher_bias={','.join(map(str, values))}", read)
    assert axis.name == "teacher-bias" and axis.field == "teacher_bias"
    assert list(axis.values) == values


def test_a_semicolon_leaves_commas_to_the_values() -> None:
    axis = parse_axis("--lr=0:0.05,20:0.01; 0.1", lambda name, text: text)
    assert axis.texts == ("0:0.05,20:0.01", "0.1") and axis.name == "lr"


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ([], "give --vary"),
        (["multiplier"], "NAME=V1,V2"),
        (["=1,2"], "NAME=V1,V2"),
        (["multiplier=1,,2"], "is empty"),
        (["multiplier=1,1"], "comes twice"),
        (["multiplier=1", "multiplier=2"], "varies twice"),
        (["outputs=5,6"], "is given and varies"),
        (["multiplier=0"], "No combination can be run. The first one: multiplier"),
        ([f"seed={','.join(map(str, range(101)))}"] * 1
         + [f"lr={','.join(map(str, range(100)))}"], "10,100 combinations"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_a_sentence(axes: list[str], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        cells_of(*axes)


def test_a_bad_combination_is_a_cell_with_its_reason() -> None:
    axes = [
        parse_axis(t, read) for t in ("batch-norm=none,after-relu", "batch-size=1,9")
    ]
    cells = grid(axes, {}, lambda given: configure("smoke", **given))
    assert [cell.pair is None for cell in cells] == [False, False, True, False]
    assert cells[2].reason == "BatchNorm needs batches of at least 2 samples."
    lines = lines_of(cells[2], None)
    assert lines[0].status == "impossible" and lines[0].note == cells[2].reason


def test_the_same_runs_have_the_same_name() -> None:
    one, other = cells_of("multiplier=1,2"), cells_of("multiplier=1,2", jit=False)
    assert sweep_name(one) == sweep_name(other), "how it is computed is no other sweep"
    assert sweep_name(one) != sweep_name(cells_of("multiplier=1,3"))


@pytest.fixture
def start(tmp_path: Path) -> Callable[[Pair], Run]:
    def begin(pair: Pair) -> Run:
        return make(tmp_path / "runs", pair)

    return begin


def test_what_is_finished_is_not_trained_again(start: Callable[[Pair], Run]) -> None:
    cells, trained = cells_of("multiplier=1,2,4", seeds=2), []

    def train(run: Run) -> None:
        trained.append(run.name)
        pretend(run)

    first = run_cells(cells[:2], start, train)
    whole = run_cells(cells, start, train)
    assert len(trained) == len(set(trained)) == 3
    assert whole[:4] == first and {line.status for line in whole} == {"finished"}


def test_the_table_is_what_the_runs_recorded(start: Callable[[Pair], Run]) -> None:
    cells = cells_of("multiplier=1,4", "batch-norm=none,after-relu", seeds=2)
    kept: list[int] = []
    lines = run_cells(cells, start, pretend, keep=lambda known: kept.append(len(known)))
    assert kept == [2, 4, 6, 8], "the table is there after every cell"
    read_back = list(csv.DictReader(io.StringIO(csv_text(lines))))
    assert len(read_back) == 8
    steps = 300 // 16 + 1
    for row in read_back:
        multiplier, seed = int(row["multiplier"]), int(row["seed"])
        assert row["status"] == "finished" and row["run"] and row["loss"] == "0.125"
        for layer in (0, 1):
            history = [rho(seed, layer, epoch, multiplier) for epoch in range(4)]
            assert float(row[f"rho_bar_layer{layer}"]) == history[-1]
            assert float(row[f"covered_0.95_layer{layer}"]) == history[-1]
            reached = [e for e, value in enumerate(history) if value >= 0.95]
            expected = str(reached[0] * steps) if reached else ""
            assert row[f"steps_to_0.95_layer{layer}"] == expected
    assert any(row["steps_to_0.95_layer1"] == "" for row in read_back)


def test_means_are_over_the_students_that_have_the_number(
    start: Callable[[Pair], Run],
) -> None:
    lines = run_cells(cells_of("multiplier=1,3", seeds=2), start, pretend)
    one, other = summarize_lines(lines)
    assert one.students == 2 and one.labels == {"multiplier": "1"}
    values = [rho(seed, 0, 3, 1) for seed in (1, 2)]
    assert one.mean("rho_bar_layer0") == pytest.approx(np.mean(values))
    number = one.numbers["rho_bar_layer0"]
    reach = 12.706204736 * abs(values[0] - values[1]) / 2
    assert number["high"] - number["mean"] == pytest.approx(reach)
    assert one.numbers["steps_to_0.95_layer1"]["count"] == 0
    assert one.mean("steps_to_0.95_layer1") is None
    assert other.numbers["steps_to_0.95_layer0"]["count"] == 2


def test_failures_are_lines_and_the_next_one_follows(
    start: Callable[[Pair], Run],
) -> None:
    told: list[str] = []

    def train(run: Run) -> None:
        if run.experiment.network.multiplier == 1:
            raise Diverged("Seed 1: not finite.", 3)
        if run.experiment.network.multiplier == 2:
            raise TfluckError("The disk is full.")
        pretend(run)

    lines = run_cells(cells_of("multiplier=1,2,3"), start, train, told.append)
    notes = [line.note for line in lines]
    assert notes == ["Seed 1: not finite.", "The disk is full.", ""]
    assert lines[2].status == "finished" and len(told) >= 3
    assert csv_text(lines).count("\n") == 4


def test_a_run_that_cannot_begin_is_a_line() -> None:
    def start(pair: Pair) -> Run:
        raise BadInput("It would need 9 TB of memory.")

    (line,) = run_cells(cells_of("multiplier=1"), start, pretend)
    assert (line.status, line.seed) == ("failed", None) and "9 TB" in line.note


def test_a_signal_ends_it(start: Callable[[Pair], Run]) -> None:
    def train(run: Run) -> None:
        raise Interrupted("Stopped.", signal.SIGINT)

    with pytest.raises(Interrupted):
        run_cells(cells_of("multiplier=1,2"), start, train)


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_repeats_nothing_that_is_done(
    tmp_path: Path, times: int
) -> None:
    """SIGKILL to a process of its own; then the sweep is called again here."""
    out, diary, moment = tmp_path / "runs", tmp_path / "diary", random.Random(0)
    command = [sys.executable, "-m", "sweeps.pretended", str(out), str(diary), "0.01"]
    for kills in range(1, times + 1):
        process = subprocess.Popen(command, cwd=Path(__file__).parents[1])
        begun = 5 * kills + moment.randrange(4)
        while process.poll() is None and len(lines(diary)) < begun:
            time.sleep(0.002)
        time.sleep(moment.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "killed, not done"
    killed = Counter(tuple(line.split()) for line in diary.read_text().splitlines())
    table = sweep(out, diary, 0.0)
    assert len(table) == 20 and {line.status for line in table} == {"finished"}
    both = Counter(tuple(line.split()) for line in diary.read_text().splitlines())
    names = {line.run for line in table}
    assert len(names) == 20
    for name in names:
        assert both["end", name] <= 1, "nobody ends twice"
        assert both["begin", name] <= times + 1
        if killed["end", name]:
            assert both["begin", name] == killed["begin", name], "done is done"
    repeated = sum(both["begin", name] - 1 for name in names)
    assert repeated <= times, "only those that were at work when it was killed"
    assert sum(killed["end", name] for name in names) >= 4
    before = diary.read_text()
    assert sweep(out, diary, 0.0) == table and diary.read_text() == before


def lines(diary: Path) -> list[str]:
    return (
        [w for w in diary.read_text().split() if w == "begin"] if diary.exists() else []
    )


@pytest.fixture
def call(tfluck: Cli, tmp_path: Path) -> Callable[..., Any]:
    def run(*arguments: object) -> Any:
        result = tfluck(
            "sweep", *TINY, "--out", tmp_path / "runs", "--json", *arguments
        )
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return run


def test_the_command_trains_prints_and_draws(
    tf: Any, call: Callable[..., Any], tmp_path: Path, tfluck: Cli
) -> None:
    vary = ("--vary", "batch-norm=none,after-relu", "--vary", "batch-size=1,12")
    words = [w for w in TINY if w not in ("--batch-size", 12)]
    plan = tfluck("sweep", *words, *vary, "--out", tmp_path / "runs", "--dry-run")
    assert plan.exit_code == 0 and "4: 0 finished, 1 impossible" in plan.stdout
    assert "BatchNorm needs batches" in plan.stdout and not (tmp_path / "runs").exists()
    both = ("sweep", *words, "--out", tmp_path / "runs", *vary)
    result = tfluck(*both, "--json", "--quiet")
    assert result.exit_code == 0 and result.stderr == ""
    found = json.loads(result.stdout)
    statuses = [cell["status"] for cell in found["cells"]]
    assert statuses == ["finished", "finished", "impossible", "finished"]
    with Path(found["table"]).open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["batch-size"] for row in rows] == ["1", "12"] * 2
    assert (
        float(rows[0]["rho_bar_layer0"])
        == found["students"][0]["numbers"]["rho_bar_layer0"]
    )
    assert all(Path(path).stat().st_size > 5000 for path in found["figures"])
    states = {p: p.stat().st_mtime_ns for p in (tmp_path / "runs").glob("*/seed-*/*")}
    again = tfluck(*both)
    assert again.exit_code == 0 and again.stderr.count("is finished already") == 3
    assert "ρ̄ by layer" in again.stdout
    now = {p: p.stat().st_mtime_ns for p in (tmp_path / "runs").glob("*/seed-*/*")}
    assert now == states
    plan = tfluck(*both, "--dry-run", "--json")
    assert json.loads(plan.stdout)["students_left"] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--vary", "multiplyer=1,2"], "Did you mean multiplier?"),
        (["--vary", "multiplier=1,two"], "'two' is not a whole number"),
        (["--vary", "multiplier=0,1"], "multiplier: 0 is not in the range"),
        (["--vary", "threads=1,2"], "does not vary it"),
        (["--vary", "seeds=1,2"], "does not vary it"),
        (["--vary", "normalize=maybe"], "takes yes or no"),
        (["--vary", "multiplier=1,2", "--multiplier", "3"], "is given and varies"),
        (["--vary", "lr=nan,0.1"], "lr: "),
        ([], "give --vary"),
        (["--vary", "seed=1,2", "--name", "../x"], "--name"),
        (["--vary", "dataset=digits", "--vary", "seed=1,2"], "tfluck pretrain"),
    ],
)
def test_wrong_words_get_a_sentence(
    tfluck: Cli, words: list[str], sentence: str, tmp_path: Path
) -> None:
    result = tfluck("sweep", "--scale", "smoke", "--out", tmp_path / "r", *words)
    assert result.exit_code == 2 and sentence in result.stderr
    assert "Traceback" not in result.stderr and not (tmp_path / "r").exists()


def test_a_preset_may_be_varied(tfluck: Cli, tmp_path: Path) -> None:
    words = ("--preset", "luck-matters/demo", "--vary", "multiplier=2,5")
    result = tfluck("sweep", *words, "--dry-run", "--json", "--out", tmp_path)
    assert result.exit_code == 0 and json.loads(result.stdout)["runs"] == 2


def test_the_figure_has_a_curve_for_every_other_setting(
    start: Callable[[Pair], Run],
) -> None:
    from tfluck.figures.sweep import axis_places, draw_sweep

    cells = cells_of("multiplier=1,5,20", "batch-norm=none,after-relu", seeds=2)
    found = summarize_lines(run_cells(cells, start, pretend))
    figure = draw_sweep([(f.labels, f.numbers) for f in found], "a sweep")
    first = figure.axes[0]
    curves = [tuple(c.lines[0].get_xdata()) for c in first.containers]
    assert curves == [(1, 5, 20)] * 2 and first.get_xscale() == "log"
    means = first.containers[0].lines[0].get_ydata()
    expected = [
        f.mean("rho_bar_layer0") for f in found if f.labels["batch-norm"] == "none"
    ]
    assert list(means) == expected
    places, ticks, log = axis_places(["none", "after-relu", "none"])
    assert (
        places == {"none": 0, "after-relu": 1} and ticks[1] == "after-relu" and not log
    )
    assert not axis_places(["-1", "0", "3"])[2], "no logarithm of what is not above 0"


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(3))
def test_a_real_sweep_of_twenty_killed_and_started_again(
    tmp_path: Path, moment: int
) -> None:
    """Real trainings: runs finished before the kill are left as they are, to the byte."""
    arguments = [
        sys.executable, "-m", "tfluck.cli", "sweep", *map(str, TINY),
        "--vary", "multiplier=1,2,3,4,5", "--vary", "seed=1,2,3,4",
        "--out", str(tmp_path),
    ]  # fmt: skip
    process = subprocess.Popen(arguments, start_new_session=True)
    wanted = random.Random(moment).randrange(1, 18)
    while (
        process.poll() is None and len(list(tmp_path.glob("*/summary.json"))) < wanted
    ):
        time.sleep(0.05)
    time.sleep(random.Random(moment).uniform(0, 1))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    from tfluck.runs import list_runs

    done = [listed.run for listed in list_runs(tmp_path) if listed.status == "finished"]
    assert wanted - 1 <= len(done) < 20
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for run in done
        if run is not None
        for path in run.layout.root.rglob("*")
        if path.is_file() and path.name != "lock"
    }
    subprocess.run([*arguments, "--json"], check=True, capture_output=True)
    for path, state in before.items():
        assert (path.stat().st_mtime_ns, path.read_bytes()) == state, path
    statuses = {listed.status for listed in list_runs(tmp_path)}
    assert statuses == {"finished"} and len(list_runs(tmp_path)) == 20
    assert len(twenty()) == 20

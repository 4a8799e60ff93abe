"""``tfluck train`` and what one does with a run, typed as a user would type it."""

import csv
import io
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from laws.specimens import outcome

from tfluck.runs import Run, open_run
from tfluck.runs.lock import locked

Cli = Callable[..., Result]

TINY = [
    "--teacher-widths", "3-4", "--multiplier", 2, "--outputs", 5, "--input-dim", 6,
    "--image-size", 8, "--epochs", 2, "--samples-per-epoch", 300, "--batch-size", 16,
    "--eval-samples", 100, "--no-jit",
]  # fmt: skip


@pytest.fixture
def train(tfluck: Cli, tmp_path: Path, tf: Any) -> Cli:
    return lambda *more: tfluck("train", *TINY, "--out", tmp_path / "runs", *more)


@pytest.fixture(scope="module")
def trained(
    tfluck: Cli, tf: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result]:
    """A finished run called ``mine``, and what its training said."""
    out = tmp_path_factory.mktemp("trained") / "runs"
    return out, tfluck("train", *TINY, "--out", out, "--name", "mine")


@pytest.fixture
def finished(trained: tuple[Path, Result], tmp_path: Path) -> Run:
    """A copy of the finished run, where :func:`train` would look for it."""
    shutil.copytree(trained[0], tmp_path / "runs")
    return open_run(tmp_path / "runs" / "mine")


def only_json(result: Result) -> dict[str, Any]:
    """Return the one object on stdout, without NaN."""
    value = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(name))
    assert isinstance(value, dict) and result.stdout.count("\n") == 1
    return value


@pytest.mark.parametrize("arch", ["fc", "cnn"])
def test_a_run_reports_as_the_contract_says(train: Cli, arch: str) -> None:
    result = train("--arch", arch, "--json")
    assert result.exit_code == 0, result.stderr
    found = only_json(result)
    assert found["status"] == "finished" and found["seeds"] == [1]
    assert found["epochs"] == 2 and found["steps"] == 2 * math.ceil(300 / 16)
    assert found["steps_per_second"] > 0
    for index, layer in enumerate(found["layers"]):
        assert layer["layer"] == index and layer["teacher_nodes"] == (3, 4)[index]
        for metric in (
            "mean_best_correlation",
            "mean_best_correlation_live",
            "mean_rank",
        ):
            for when in ("initial", "final"):
                assert len(layer[metric][when]) == 1
        assert layer["mean_rank"]["final"] == [0.0]
    assert found["loss"]["final_eval"][0] < found["loss"]["initial_eval"][0]
    assert set(found["loss"]) == {"initial_eval", "final_eval", "final_train"}
    assert (Path(found["run"]) / "summary.json").exists()


def test_the_table_names_the_figure_and_the_logs(
    trained: tuple[Path, Result],
) -> None:
    _, result = trained
    assert result.exit_code == 0
    for word in ("ρ̄ start", "loss", "tensorboard --logdir", "training.png"):
        assert word in result.stdout
    picture = next(
        line.split()[1] for line in result.stdout.splitlines() if "training.png" in line
    )
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    assert "step       0" in result.stderr, "the first evaluation comes before training"


def test_a_finished_run_is_reported_and_fresh_repeats_it(train: Cli) -> None:
    first = only_json(train("--json"))
    again = train("--json")
    assert "finished already" in again.stderr
    assert only_json(again) == first
    fresh = only_json(train("--json", "--fresh"))
    assert fresh["layers"] == first["layers"] and fresh["loss"] == first["loss"]


def test_export_is_tidy_and_complete(tfluck: Cli, finished: Run) -> None:
    result = tfluck("runs", "export", "min", "--out", finished.layout.root.parent)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == ["seed", "epoch", "split", "layer", "metric", "value"]
    assert {row["epoch"] for row in rows} == {"0", "1", "2"}
    wanted = (
        "loss accuracy mean_best_correlation median_best_correlation covered_0.5 covered_0.8 "
        "covered_0.9 covered_0.95 mean_rank median_rank weight_norm fan_out_norm "
        "null_mean_best_correlation mean_best_correlation_live"
    )
    assert set(wanted.split()) <= {row["metric"] for row in rows}
    assert all(row["layer"] == "" for row in rows if row["metric"] == "loss")
    assert all(math.isfinite(float(row["value"])) for row in rows if row["value"])
    keys = [tuple(row[key] for key in list(row)[:5]) for row in rows]
    assert len(set(keys)) == len(keys), "no number stands twice"


def test_the_matrices_of_every_evaluation_are_kept(finished: Run) -> None:
    for epoch in range(3):
        with np.load(finished.layout.seed(1).correlation(epoch)) as archive:
            shapes = {name: archive[name].shape for name in archive.files}
        assert shapes["layer0"] == (3, 6) and shapes["layer1"] == (4, 8)


def test_seeds_are_parallel_runs_of_one_teacher(train: Cli, tmp_path: Path) -> None:
    """Three on two processes take turns, each in two parts, and nobody can tell."""
    conv = ["--arch", "cnn", "--json", "--name"]
    three = only_json(train(*conv, "three", "--seeds", 3, "--jobs", 2))
    assert three["status"] == "finished" and three["seeds"] == [1, 2, 3]
    logs = Path(three["run"]) / "tensorboard"
    assert {len(list(one.iterdir())) for one in logs.iterdir()} == {2}
    alone = only_json(train(*conv, "alone"))
    assert outcome(open_run(Path(three["run"])), 1) == outcome(
        open_run(Path(alone["run"])), 1
    )
    for layer, single in zip(three["layers"], alone["layers"], strict=True):
        final = layer["mean_best_correlation"]["final"]
        assert len(set(final)) == 3
        assert final[0] == single["mean_best_correlation"]["final"][0]
        live = layer["live_teacher_nodes"]
        assert live[0] == live[1] == live[2], "one teacher, one evaluation set"


def test_a_diverging_run_ends_with_three_and_names_the_step(
    train: Cli, tmp_path: Path
) -> None:
    result = train("--batch-norm", "none", "--lr", 50, "--epochs", 5, "--json")
    assert result.exit_code == 3
    found = only_json(result)
    assert found["status"] == "diverged"
    run = open_run(Path(found["run"]))
    step = run.seed_status(1)["first_bad_step"]
    assert f"diverged at step {step}:" in result.stderr
    assert list(run.layout.seed(1).checkpoints.glob("step-*.npz")), (
        "the last good one stays"
    )


def test_the_first_bad_step_is_the_first_bad_step(make_run: Any, tf: Any) -> None:
    """However long the chunks are: weights spoilt by one step show in the next loss."""
    from tfluck.foundations.errors import Diverged
    from tfluck.training.trainer import Trainer

    found = []
    for chunk in (1, 7, 19):
        run = make_run(f"chunk{chunk}", lr=((0, 50.0),), batch_norm="none", chunk=chunk)
        with pytest.raises(Diverged) as caught:
            Trainer(run, 1, lambda step, note: None).train()
        found.append(caught.value.step)
    assert min(found) == found[0] and max(found) <= found[0] + 1


WRONG = {
    "widths of 0": (["--teacher-widths", "10-0"], 2, "at least 1"),
    "widths that are words": (["--teacher-widths", "ten"], 2, "joined by dashes"),
    "nan as a rate": (["--lr", "nan"], 2, "finite"),
    "nan as a number": (["--data-std", "nan"], 2, "finite"),
    "a batch larger than the set": (["--samples", 10], 2, "does not fit"),
    "too many teacher nodes": (
        ["--teacher-widths", "50-50", "--input-dim", 2],
        2,
        "24 patterns",
    ),
    "a small image": (["--arch", "cnn", "--image-size", 4], 2, "image-size above 4"),
    "no such preset": (
        ["--preset", "luck-matters/figure-7-fc-bm"],
        2,
        "figure-7-fc-bn",
    ),
    "no such scale": (["--scale", "huge"], 2, "'paper'"),
    "a name that is a path": (["--name", "../x"], 2, "without /"),
    "a name that is the folder above": (["--name", ".."], 2, "without /"),
    "a typo": (["--batchnorm", "none"], 2, "No such option"),
    "no samples": (["--samples", "-5"], 2, "infinite"),
    "no noise": (["--student-init", "perturb:lots"], 2, "number S"),
}


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_a_sentence(
    train: Cli, tmp_path: Path, arguments: list[Any], code: int, words: str
) -> None:
    result = train(*arguments)
    assert result.exit_code == code
    assert words in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_name_taken_by_other_settings_is_refused(train: Cli, finished: Run) -> None:
    before = sorted(finished.layout.root.rglob("*"))
    for more in ([], ["--fresh"]):
        result = train("--name", "mine", "--lr", "0.01", *more)
        assert result.exit_code == 2 and "other settings" in result.stderr
    assert sorted(finished.layout.root.rglob("*")) == before


def test_an_unwritable_place_is_a_sentence(tfluck: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = tfluck("train", *TINY, "--out", tmp_path / "file" / "runs")
    assert result.exit_code == 1 and "Cannot write" in result.stderr


def test_a_second_process_is_refused_in_a_sentence(train: Cli, finished: Run) -> None:
    from tfluck.runs.lock import locked

    with locked(finished.layout.lock):
        result = train("--fresh", "--name", "mine")
    assert result.exit_code == 1 and "in use by process" in result.stderr
    assert finished.layout.summary.exists(), "nothing was thrown away"


def test_a_newer_format_is_left_alone(
    train: Cli, tfluck: Cli, finished: Run, tmp_path: Path
) -> None:
    manifest = tmp_path / "runs" / "mine" / "manifest.json"
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(values | {"format_version": 99}))
    for call in (train("--name", "mine"), tfluck("resume", tmp_path / "runs" / "mine")):
        assert call.exit_code == 1 and "update tfluck" in call.stderr


def test_runs_are_listed_shown_and_removed(
    train: Cli, tfluck: Cli, finished: Run, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    train("--name", "two", "--seed", 5, "--epochs", 1)
    listed = only_json(tfluck("runs", "list", "--out", runs, "--json"))["runs"]
    assert {row["run"]: row["status"] for row in listed} == {
        "mine": "finished",
        "two": "finished",
    }
    assert only_json(tfluck("runs", "show", "two", "--out", runs, "--json"))[
        "seeds"
    ] == [5]
    assert "ρ̄ end" in tfluck("runs", "show", "mine", "--out", runs).stdout
    missing = tfluck("runs", "show", "too", "--out", runs)
    assert missing.exit_code == 2 and "Did you mean two" in missing.stderr
    assert tfluck("runs", "rm", "mine", "--out", runs).exit_code != 0, "it asks first"
    assert tfluck("runs", "rm", "mine", "--yes", "--out", runs).exit_code == 0
    assert [path.name for path in runs.iterdir()] == ["two"]


def test_a_dry_run_plans_and_writes_nothing(train: Cli, tmp_path: Path) -> None:
    found = only_json(train("--dry-run", "--json"))
    assert found["experiment"]["network"]["teacher_widths"] == [3, 4]
    assert min(found["plan"].values()) > 0
    assert "on this device" in train("--dry-run").stdout
    assert not (tmp_path / "runs").exists()


def test_a_long_plan_is_announced(
    tfluck: Cli, tmp_path: Path, monkeypatch: Any
) -> None:
    """The user's own command takes minutes, and says how long the paper's size would."""
    from tfluck.cli import train as module

    driven = []
    monkeypatch.setattr(
        module, "drive", lambda run, *rest: driven.append(run.experiment)
    )
    result = tfluck("train", "--dataset", "gaus", "--arch", "cnn", "--out", tmp_path)
    assert result.exit_code == 0
    first = result.stderr.splitlines()[0]
    assert re.fullmatch(
        r"Scale laptop: about [\d.]+ min on this device; "
        r"--scale paper would take about [\d.]+ days\.",
        first,
    )
    assert driven[0].network.teacher_widths == (8, 8, 8, 8)
    paper = ("train", "--arch", "cnn", "--scale", "paper", "--out", tmp_path)
    assert "days on this device; --scale laptop would" in tfluck(*paper).stderr
    assert driven[1].network.teacher_widths == (64, 64, 64, 64)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_kill_after_the_last_step_is_put_right(
    tfluck: Cli, finished: Run, more: tuple[str, ...]
) -> None:
    """It may come before the summary, or while the figure is drawn."""
    layout = finished.layout
    summary = json.loads(layout.summary.read_text()).keys()
    layout.summary.unlink()
    stray = layout.figures / ".tmp-abc-training.png"
    stray.write_bytes(b"half")
    assert tfluck("resume", layout.root, *more).exit_code == 0
    assert json.loads(layout.summary.read_text()).keys() == summary
    assert not stray.exists()


def test_a_finished_run_is_reported_while_it_is_in_use(
    tfluck: Cli, finished: Run
) -> None:
    """Tickets hold it for minutes; its numbers are there all the same."""
    with locked(finished.layout.lock):
        for more in ((), ("--json",)):
            assert tfluck("resume", finished.layout.root, *more).exit_code == 0


def test_ctrl_c_stops_all_seeds_and_resume_goes_on(
    tfluck: Cli, tmp_path: Path, tf: Any
) -> None:
    """The whole process group hears it, as of a terminal; then what it says is done."""
    more = ["--epochs", 150, "--eval-every", 75, "--seeds", 2, "--name", "long"]
    arguments = [str(a) for a in ["train", *TINY, *more, "--out", tmp_path]]
    process = subprocess.Popen(
        [sys.executable, "-m", "tfluck.cli", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if (tmp_path / "long" / "manifest.json").exists():
            run = open_run(tmp_path / "long")
            if any(run.seed_status(seed).get("step") for seed in run.seeds):
                break
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 130 and "Traceback" not in errors
    assert run.status() in ("interrupted", "new") and not run.layout.stop.exists()
    advice = errors.rpartition("`tfluck ")[2].partition("`")[0].split()
    assert advice == ["resume", str(run.layout.root)]
    resumed = only_json(tfluck(*advice, "--jobs", 1, "--json"))
    assert resumed["status"] == "finished" and resumed["steps"] == 150 * 19

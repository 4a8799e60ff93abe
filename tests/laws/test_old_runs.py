"""Runs of format 1, left behind by the first tfluck, open, say what they said and go on.

``golden/format-1.tar.xz`` holds four of them, stopped somewhere inside an epoch by the
version that had no other format, what that version exported of each, and what it
exported when it had trained the same run to its end. Bits belong to a processor, so what
is trained here is compared to what float32 allows; what is only read must be equal.
"""

import csv
import io
import json
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make

from tfluck.foundations.files import to_json
from tfluck.runs import open_run, read_teacher, summarize, write_csv

PACKED = Path(__file__).parents[1] / "golden" / "format-1.tar.xz"
#: Run → the last step that its newest checkpoint holds.
STOPPED = {"dense": 14, "conv": 14, "labelled": 6, "pretraining": 12}
#: Two dozen steps of float32, whose sums another processor may take in another order.
CLOSE = {"rtol": 2e-4, "atol": 2e-5}
Key = tuple[str, ...]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of runs as its user left it, in which the user stands."""
    with tarfile.open(PACKED) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def numbers(text: str) -> dict[Key, float | None]:
    """Read an exported table: (seed, epoch, split, layer, metric) → value."""
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return {tuple(row[:-1]): float(row[-1]) if row[-1] else None for row in rows}


def export(run: Any) -> str:
    stream = io.StringIO()
    write_csv(run, stream)
    return stream.getvalue()


def finish(run: Any) -> None:
    """Train what is left, in this process."""
    from tfluck.sweeps import train_run

    with ThreadPoolExecutor(1) as executor:
        train_run(run, executor=executor)


def holds(committed: Any, found: Any, path: str = "") -> None:
    """Every value that was told then is told now; more may be told."""
    if isinstance(committed, dict):
        for name, value in committed.items():
            assert name in found, f"{path}/{name}"
            holds(value, found[name], f"{path}/{name}")
    elif isinstance(committed, list):
        assert len(committed) == len(found), path
        for index, pair in enumerate(zip(committed, found, strict=True)):
            holds(*pair, f"{path}/{index}")
    else:
        assert committed == found, path


@pytest.mark.parametrize("name", STOPPED)
def test_an_old_run_exports_the_very_table_it_exported(
    old: Path, tfluck: Any, name: str
) -> None:
    result = tfluck("runs", "export", name, "--out", old)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (old.parent / f"{name}.csv").read_text()


@pytest.mark.parametrize("name", STOPPED)
def test_an_old_run_shows_what_it_showed(old: Path, tfluck: Any, name: str) -> None:
    result = tfluck("runs", "show", name, "--out", old, "--json")
    assert result.exit_code == 0, result.stderr
    holds(
        json.loads((old.parent / f"{name}.json").read_text()), json.loads(result.stdout)
    )


def test_old_runs_are_listed(old: Path, tfluck: Any) -> None:
    listed = json.loads(tfluck("runs", "list", "--out", old, "--json").stdout)["runs"]
    assert {row["run"]: row["status"] for row in listed} == {
        "dense": "interrupted",
        "conv": "interrupted",
        "labelled": "interrupted",
        "pretraining": "finished",
    }


@pytest.mark.parametrize("name", STOPPED)
def test_the_same_settings_find_the_old_run(old: Path, name: str) -> None:
    """Its digest is its name; one that moves would train everything again."""
    run = open_run(old / name)
    digest = json.loads((old.parent / f"{name}.json").read_text())["digest"]
    assert run.experiment.former_digest(len(run.seeds)) == digest
    assert make(old, (run.experiment, run.execution)).name == name
    assert sorted(path.name for path in old.iterdir()) == sorted(STOPPED)


@pytest.mark.parametrize("name", ["dense", "conv", "labelled"])
def test_an_old_run_goes_on_to_its_old_end(old: Path, tf: Any, name: str) -> None:
    """What was recorded stays to the last digit, what follows agrees to float32."""
    before = numbers((old.parent / f"{name}.csv").read_text())
    expected = numbers((old.parent / f"{name}-finished.csv").read_text())
    run = open_run(old / name)
    finish(run)
    run = open_run(old / name)
    assert run.status() == "finished"
    found = numbers(export(run))
    kept = {key: value for key, value in before.items() if key[4] not in RANKS}
    assert {key: found[key] for key in kept} == kept
    agree(found, expected)


#: Ranks are among the students that win in the end, so they are known then only.
RANKS = ("mean_rank", "median_rank")


@pytest.mark.parametrize("name", STOPPED)
def test_the_same_settings_still_give_the_same_training(
    old: Path, tf: Any, name: str
) -> None:
    """From step 0: schedule, decay, momentum, normalisation, augmentation, labels."""
    before = open_run(old / name)
    what, how = before.experiment, before.execution
    if what.start.teacher_digest:
        how = how.but(teacher=str(old / "pretraining" / "teacher"))

    def trained(place: str, jit: bool) -> dict[Key, float | None]:
        run = make(old.parent / place, (what, how.but(jit=jit)), name)
        finish(run)
        return numbers(export(run))

    expected = numbers((old.parent / f"{name}-finished.csv").read_text())
    agree(trained("new", how.jit), expected, lambda: trained("rounded", not how.jit))


def agree(
    found: dict[Key, float | None],
    expected: dict[Key, float | None],
    rounded: Callable[[], dict[Key, float | None]] | None = None,
) -> None:
    """Hold what was ``found`` to what was recorded.

    Where a training amplifies rounding beyond float32's, as one does that nearly
    diverges, its own yardstick is how far the same training moves here when only its
    rounding is another (``rounded``).
    """
    assert not set(expected) - set(found)
    other: dict[Key, float | None] = {}
    for key, value in expected.items():
        if value is None:
            assert found[key] is None, key
        elif not np.allclose(found[key], value, **CLOSE):
            other = other or (rounded() if rounded else found)
            moved = abs(found[key] - other[key])
            assert abs(found[key] - value) <= 10 * moved, (
                key,
                found[key],
                value,
                moved,
            )


@pytest.mark.parametrize("name", ["dense", "conv", "labelled"])
def test_the_weights_of_an_old_run_are_where_they_were(
    old: Path, tf: Any, name: str
) -> None:
    """Read back, teacher and student still have the activations that were recorded."""
    from tfluck.analysis import best_match, correlation
    from tfluck.instruments.loaded import LoadedRun

    run = open_run(old / name)
    seed = run.seeds[-1]
    view = LoadedRun(run).view(seed, 0)
    models = view.models
    recorded = numbers((old.parent / f"{name}.csv").read_text())
    inputs = view.inputs(run.experiment.watch.eval_samples).astype(np.float32)
    pairs = zip(*(model(inputs)[:-1] for model in models), strict=True)
    for layer, (teacher, student) in enumerate(pairs):
        rho = correlation(np.asarray(teacher), np.asarray(student))
        key = (str(seed), "0", "eval", str(layer), "mean_best_correlation")
        np.testing.assert_allclose(best_match(rho).rho.mean(), recorded[key], atol=1e-5)


def test_an_old_teacher_is_read_and_adopted(old: Path) -> None:
    teacher = read_teacher(old / "pretraining" / "teacher")
    assert teacher.widths == (2, 3) and teacher.dataset == "npz"
    assert (
        open_run(old / "labelled").experiment.start.teacher_digest
        == teacher.weights_sha256[:12]
    )


def test_summaries_are_not_rewritten_by_reading(old: Path, tfluck: Any) -> None:
    """Looking at an old run changes none of its bytes."""
    before = {p: p.read_bytes() for p in old.rglob("*") if p.is_file()}
    for name in STOPPED:
        to_json(summarize(open_run(old / name)))
        assert tfluck("runs", "show", name, "--out", old).exit_code == 0
    assert {p: p.read_bytes() for p in old.rglob("*") if p.is_file()} == before

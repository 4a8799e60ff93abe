"""An instrument of a user's, one short file, works in every place that ours do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from making import make

import tfluck as library
from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput
from tfluck.instruments import INSTRUMENTS
from tfluck.runs import Run, read_rows

FILE = Path(__file__).with_name("activity.py")
Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def activity() -> Iterator[None]:
    """Register it as the import of a plugin does."""
    import importlib

    sys.modules.pop("instruments.activity", None)
    importlib.import_module("instruments.activity")
    yield
    INSTRUMENTS._known.pop("activity")


def test_it_is_short() -> None:
    assert len(FILE.read_text().splitlines()) < 40


def test_it_is_a_command_and_a_call(tfluck: Cli, watched: Run, tmp_path: Path) -> None:
    root, picture = watched.layout.root, tmp_path / "activity.png"
    more = ("--samples", 50, "--plot", picture, "--csv", tmp_path / "a.csv", "--quiet")
    printed = tfluck("analyze", "activity", root, "--json", *more)
    assert printed.exit_code == 0, printed.stderr
    found = json.loads(printed.stdout)
    assert found == library.analyze(root, "activity", samples=50).to_json()
    assert [row["layer"] for row in found["layers"]] == [0, 1]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.csv").read_text().startswith("seed,epoch,layer,teacher,")
    x = library.load_run(root).view().inputs(50)
    first = library.load_run(root).teacher()(x.astype(np.float32))[0]
    share = float((np.asarray(first) > 0).mean())
    assert found["layers"][0]["teacher"] == pytest.approx(share)
    assert "Count how often" in tfluck("analyze", "activity", "-h").stdout
    assert "activity" in tfluck("analyze", "-h").stdout


def test_every_student_has_a_picture_of_its_own(
    tfluck: Cli, watched: Run, tmp_path: Path
) -> None:
    call = ("analyze", "activity", watched.layout.root, "--all-seeds", "--quiet")
    printed = tfluck(*call, "--plot", tmp_path / "a.svg")
    assert printed.exit_code == 0, printed.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a-seed1.svg", "a-seed2.svg"]
    assert printed.stdout.splitlines()[0].split()[:2] == ["seed", "layer"]
    assert tfluck(*call, "--seed", 1).exit_code == 2


def test_it_watches_a_training(tf: Any, tiny: dict[str, Any], tmp_path: Path) -> None:
    from tfluck.training.trainer import Trainer

    given = tiny | {"watch": ("activity",), "epochs": 1, "samples_per_epoch": 32}
    run = make(tmp_path, configure(**given), "run")
    Trainer(run, 1, lambda step, note: None).train()
    rows = read_rows(run.layout.seed(1).metrics)
    seen = {(r.epoch, r.layer) for r in rows if r.metric == "activity/student"}
    assert seen == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_a_plugin_is_found_in_every_process(tmp_path: Path) -> None:
    environment = os.environ | {"TFLUCK_PLUGINS": "activity"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(FILE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    done = subprocess.run(
        [sys.executable, "-m", "tfluck.cli", "analyze", "-h"],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert "activity" in done.stdout and "Count how often" in done.stdout


def test_what_is_unknown_is_told_before_training(tfluck: Cli, make_run: Any) -> None:
    result = tfluck("train", "--watch", "activity,nobody", "--dry-run")
    assert result.exit_code == 2 and "No instrument 'nobody'" in result.stderr
    from tfluck.instruments.watching import Watch

    with pytest.raises(BadInput, match="nobody"):
        Watch(make_run(), 1, ["nobody"])

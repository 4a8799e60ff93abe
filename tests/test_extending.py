"""``docs/extending.md`` as it stands: every file of the page is small, and runs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text()
FILES = dict(re.findall(r"```\w+\n# (\w+\.\w+)\n(.*?)```", PAGE, re.DOTALL))
PLUGINS = ("shortcut", "triangular", "sign", "activity")
#: A run with all of the plugins at once, then what its files say; one process for all.
USE = """
import contextlib, io, json, sys
from tfluck.cli.main import main

def tell(*words):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        try:
            main([*words, "--out", "runs", "--json"])
        except SystemExit as end:
            assert not end.code, words
    return json.loads(text.getvalue())

trained = tell(
    "train", "--scale", "smoke", "--arch", "shortcut", "--dataset", "triangular",
    "--optimizer", "sign", "--lr", "0.001", "--watch", "activity", "--name", "all",
    "--samples-per-epoch", "640", "--eval-samples", "200",
)
analyzed = tell("analyze", "activity", "all")
preset = tell("train", "--preset", "narrow.toml", "--scale", "smoke", "--name", "own")
from tfluck import load_run
run = load_run("all")
watched = run.table().query("metric == 'activity/on'")["value"].tolist()
import runpy
with contextlib.redirect_stdout(io.StringIO()):
    observed = runpy.run_path("observing.py")["norms"].seen
settings = run.run.experiment.settings()
print(json.dumps({
    "settings": {n: settings[n] for n in ("arch", "dataset", "optimizer", "watch")},
    "status": [trained["status"], preset["status"]], "watched": watched,
    "on": [layer["on"] for layer in analyzed["layers"]],
    "preset": [preset["epochs"], [layer["teacher_nodes"] for layer in preset["layers"]]],
    "observed": observed,
}))
"""


def test_the_page_has_one_file_for_each_thing() -> None:
    assert set(FILES) == {f"{n}.py" for n in PLUGINS} | {"observing.py", "narrow.toml"}


@pytest.mark.parametrize(("name", "text"), FILES.items(), ids=FILES)
def test_a_file_of_the_page_is_short(name: str, text: str) -> None:
    assert text.count("\n") < 40


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All files of the page at work, from outside of the package."""
    folder = tmp_path_factory.mktemp("extending")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    named = {"PYTHONPATH": path, "TFLUCK_PLUGINS": ",".join(PLUGINS)}
    done = subprocess.run(
        [sys.executable, "-c", USE], env=os.environ | named, cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_plugins_are_what_a_run_is_made_of(found: dict[str, Any]) -> None:
    assert found["settings"] == {
        "arch": "shortcut",
        "dataset": "triangular",
        "optimizer": "sign",
        "watch": ["activity"],
    }
    assert found["status"] == ["finished", "finished"]


def test_an_instrument_of_ones_own_watches_and_looks_back(
    found: dict[str, Any],
) -> None:
    layers, epochs = 2, 3
    assert len(found["watched"]) == layers * epochs
    assert all(0 < share < 1 for share in found["watched"])
    assert found["on"] == pytest.approx(found["watched"][-layers:], abs=1e-6)


def test_a_preset_of_ones_own_decides_sizes(found: dict[str, Any]) -> None:
    assert found["preset"] == [1, [8, 8]]


def test_an_observer_of_ones_own_sees_the_networks(found: dict[str, Any]) -> None:
    assert [epoch for epoch, _, _ in found["observed"]] == [0, 1, 2]
    losses, norms = ([seen[i] for seen in found["observed"]] for i in (1, 2))
    assert losses[-1] < losses[0] and len(set(norms)) == 3

"""``docs/sources.md`` as it stands: its loop runs, and its two sources are plugins."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "sources.md").read_text(), re.DOTALL
)
#: What a process does that has the plugins; all in one, for TensorFlow starts in it.
USE = """
import contextlib, io, json, sys
import tfluck.data
from tfluck.cli.main import main
assert not {"numpy", "tensorflow"} & set(sys.modules)

def tell(*words):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        try:
            main(list(words))
        except SystemExit as end:
            assert not end.code, words
    return json.loads(text.getvalue())

rows = tell("data", "list", "--json")["datasets"]
plan = tell("train", "--dataset", "laplace", "--scale", "smoke", "--dry-run", "--json")
recipe = tell("pretrain", "--dataset", "rings", "--dry-run", "--json")
splits = tell("data", "verify", "rings", "--json")["splits"]

import numpy as np
x = np.stack([b.numpy() for b in tfluck.data.stream("laplace", std=1.0).take(400)])
x = x.astype(float)
late = next(iter(tfluck.data.stream("laplace", std=1.0, start=7))).numpy()
images, labels = next(iter(tfluck.data.stream("rings", batch_size=8)))
law = tfluck.data.sources.find_source("laplace")
print(json.dumps({
    "rows": rows, "plan": plan["experiment"]["data"]["dataset"], "digest": plan["digest"],
    "recipe": recipe["experiment"]["network"]["outputs"], "splits": splits,
    "moments": [float((x**k).mean()) for k in (1, 2, 4)],
    "errors": [float((x**k).std() / x.size**0.5) for k in (1, 2, 4)],
    "fourth": law.fourth_moment, "late": bool((late == x[7].astype("f4")).all()),
    "shapes": [list(images.shape), list(labels.shape)],
}))
"""


def plugins(folder: Path) -> dict[str, str]:
    """Write the sources of the page as modules, and return the variables that name them."""
    names = []
    for block in BLOCKS:
        if named := re.match(r"# (\w+)\.py\n", block):
            names.append(named[1])
            (folder / f"{named[1]}.py").write_text(block)
    assert len(names) == 2
    path = os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": path, "TFLUCK_PLUGINS": ",".join(names)}


def test_the_sources_of_the_page_are_small() -> None:
    assert all(block.count("\n") < 40 for block in BLOCKS)


def test_the_sources_of_the_page_are_known_everywhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", USE], env=plugins(tmp_path), cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    (row,) = (row for row in found["rows"] if row["dataset"] == "rings")
    assert (row["train"], row["test"], row["here"]) == (200, 100, "yes")
    assert found["plan"] == "laplace" and found["recipe"] == 2
    assert [split["samples"] for split in found["splits"]] == [200, 100]
    for value, error, known in zip(
        found["moments"], found["errors"], (0, 1, found["fourth"]), strict=True
    ):
        assert abs(value - known) < 5 * error
    assert found["late"] and found["shapes"] == [[8, 2], [8, 2]]


def test_the_loop_of_the_page_runs(tf: Any, tmp_path: Path) -> None:
    """What the page imports is ours and Keras."""
    (loop,) = (block for block in BLOCKS if "student.fit" in block)
    (tmp_path / "loop.py").write_text(loop)
    names = runpy.run_path(str(tmp_path / "loop.py"))
    assert names["student"].optimizer.iterations.numpy() == 5


@pytest.mark.parametrize("name", ["tfluck.data", "tfluck.data.sources"])
def test_importing_the_rooms_costs_nothing(name: str) -> None:
    code = (
        f"import sys, {name}\nassert not {{'numpy', 'tensorflow'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

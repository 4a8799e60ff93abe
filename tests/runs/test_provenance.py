"""A manifest says which code a run was made with, and never more than was looked at."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tfluck.experiment.scales import make_experiment
from tfluck.foundations.environment import processor
from tfluck.foundations.files import write_json
from tfluck.runs import open_run
from tfluck.runs.provenance import checkout_state

NOBODY = ["-c", "user.name=n", "-c", "user.email=e@example.org"]


def git(root: Path, *words: str) -> str:
    where = ["git", *NOBODY, "-C", str(root)]
    done = subprocess.run([*where, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs Git")
def test_the_commit_is_known_packed_or_not_and_dirt_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkout_state(tmp_path) == {"git": None, "dirty": None}
    git(tmp_path, "init", "-q")
    code = tmp_path / "code.py"
    code.write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "One")
    commit = git(tmp_path, "rev-parse", "HEAD")
    clean = {"git": commit, "dirty": False}
    assert checkout_state(tmp_path) == clean
    git(tmp_path, "pack-refs", "--all")
    assert checkout_state(tmp_path) == clean
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert checkout_state(tmp_path) == clean
    monkeypatch.delenv("GIT_DIR")
    code.write_text("2\n")
    assert checkout_state(tmp_path) == {"git": commit, "dirty": True}
    git(tmp_path, "checkout", "-q", ".")
    git(tmp_path, "checkout", "-q", commit)
    assert checkout_state(tmp_path) == clean


def test_a_manifest_claims_nothing_that_was_not_measured(make_run: Any) -> None:
    manifest = make_run().manifest
    assert manifest["processor"] == processor()
    assert "deterministic" not in manifest and {"git", "dirty"} <= manifest.keys()


def test_an_old_run_keeps_the_name_it_was_given(make_run: Any) -> None:
    """Format 1 told 5 from 5.0 and counted an image size that dense nets do not have."""
    run = make_run(batch_norm="none")
    values = run.experiment.settings() | {"data_std": 5, "image_size": 9}
    old = make_experiment("paper", **values)
    name = old.first_digest(values)
    assert name != old.digest() and old.first_digest(old.settings()) != name
    manifest = {"format_version": 1, "digest": name}
    write_json(run.layout.config, values)
    write_json(run.layout.manifest, manifest)
    assert open_run(run.layout.root).experiment == old
    write_json(run.layout.manifest, manifest | {"digest": "0" * 12})
    with pytest.raises(Exception, match="was changed"):
        open_run(run.layout.root)


def test_doctor_measures_determinism(
    tfluck: Any, tf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.foundations import runtime

    assert json.loads(tfluck("doctor", "--json").stdout)["deterministic"] is True
    noise = iter(range(1, 9))
    square = tf.square
    monkeypatch.setattr(
        tf,
        "square",
        lambda x: square(x) * tf.py_function(lambda: next(noise), [], x.dtype),
    )
    assert not runtime.repeats_exactly()

"""A disk that is full at any write is a sentence, and the run goes on when there is room.

The kernel refuses every byte here (EFBIG, by a limit on the size of files); a small
disk of one's own, where that is allowed, is filled in the slow test.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make

from tfluck.experiment.scales import configure
from tfluck.foundations.errors import TfluckError
from tfluck.runs import Run, open_run
from tfluck.sweeps import train_run

#: What is written, in this order; the first two are no whole files.
APPENDED = {
    "rows": "tfluck.runs.records.Journal.append",
    "events": "tfluck.training.tensorboard.TensorBoard.evaluated",
}
FILES = [
    "config.json",
    "manifest.json",
    "teacher.weights.h5",
    "student_init.weights.h5",
    "status.json",
    "epoch-00000.npz",
    "rows",
    "events",
    "step-0000000000.npz",
    "epoch-00001.npz",
    "step-0000000019.npz",
    "ranks.jsonl",
    "student.weights.h5",
    "summary.json",
    "training.csv",
    "training.png",
]


@pytest.fixture
def full_from(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Let the disk be full from the moment a certain thing is written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(*args: Any) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))

    def arm(what: str) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        monkeypatch.undo()
        if what in APPENDED:
            owner, _, name = APPENDED[what].rpartition(".")
            module, _, kind = owner.rpartition(".")
            real = getattr(getattr(__import__(module, fromlist=[kind]), kind), name)
            monkeypatch.setattr(
                f"{owner}.{name}", lambda *given: (fill(), real(*given))[1]
            )
        elif what:
            make = tempfile.mkstemp

            def mkstemp(**given: Any) -> Any:
                if str(given["suffix"]).endswith(f"-{what}"):
                    fill()
                return make(**given)

            monkeypatch.setattr(tempfile, "mkstemp", mkstemp)

    yield arm
    arm("")


def weights(run: Run) -> dict[str, bytes]:
    (*_, newest) = sorted(run.layout.seed(1).checkpoints.glob("step-*.npz"))
    with np.load(newest) as archive:
        return {name: archive[name].tobytes() for name in archive.files}


def test_a_disk_full_at_any_write_is_a_sentence_and_the_run_goes_on(
    tmp_path: Path, tiny: dict[str, Any], tf: Any, full_from: Callable[[str], None]
) -> None:
    from tfluck.cli.train import draw

    config = configure(**tiny | {"epochs": 1, "batch_norm": "none"})
    whole = make(tmp_path / "whole", config)
    train_run(whole)
    for what in FILES:
        full_from(what)
        with pytest.raises(TfluckError, match=r"Cannot write .*File too large.*\.$"):
            run = make(tmp_path / "runs", config)
            train_run(run)
            draw(run)
        full_from("")
    run = open_run(run.layout.root)
    train_run(run)
    draw(run)
    assert run.status() == "finished"
    assert weights(run) == weights(whole)
    for name in ("metrics", "ranks"):
        rows = [
            getattr(each.layout.seed(1), name).read_bytes() for each in (run, whole)
        ]
        assert rows[0] == rows[1]
    assert not list((tmp_path / "runs").rglob(".*"))


def test_an_error_goes_before_that_of_a_summary_which_cannot_be_written(
    make_run: Any, tf: Any, full_from: Callable[[str], None]
) -> None:
    from tfluck.foundations.errors import Diverged

    run = make_run(lr=((0, 50.0),), batch_norm="none")
    full_from("summary.json")
    with pytest.raises(Diverged):
        train_run(run)


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("mount"), reason="needs a disk of its own"
)
def test_a_disk_of_any_size(tmp_path: Path, tiny: dict[str, Any], tf: Any) -> None:
    """Filled for real, at forty sizes from nothing to enough."""
    config = configure(**tiny)
    whole = make(tmp_path / "whole", config)
    train_run(whole)
    disk = tmp_path / "disk"
    disk.mkdir()
    told = 0
    for size in range(8, 208, 5):
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("mounting is not allowed here")
        try:
            try:
                train_run(make(disk / "runs", config))
            except TfluckError as error:
                assert "Cannot write" in str(error) and "No space left" in str(error)
                told += 1
            more = ["mount", "-o", "remount,size=9m", str(disk)]
            subprocess.run(more, check=True)
            run = make(disk / "runs", config)
            train_run(run)
            assert weights(run) == weights(whole)
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)
    assert 20 < told < 40

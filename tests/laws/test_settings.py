"""Every setting moves what it should, and nothing else.

One field of a small run is changed; then each part of the run must have moved, bit for
bit, exactly where the table says so. A field that reaches training nowhere, or reaches
what is none of its business, fails here.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws.specimens import BASE, DIGITS, tinted, train
from making import make

from tfluck.data import describe
from tfluck.experiment.execution import execution_names
from tfluck.experiment.experiment import homes
from tfluck.experiment.scales import configure
from tfluck.foundations.errors import TfluckError
from tfluck.runs import Run, read_rows, read_teacher

SMALL = BASE | {"epochs": 2, "samples_per_epoch": 36, "seeds": 1}
BASES: dict[str, dict[str, Any]] = {
    "dense": {},
    "norm": {"batch_norm": "after-relu"},
    "conv": {"arch": "cnn"},
    "digits": DIGITS | {"augment": False},
    "labels": DIGITS | {"targets": "labels", "multiplier": 1},
    "npz": {"dataset": "npz"},
    "taught": DIGITS | {"augment": False, "teacher": "teacher"},
    "taught by a normalized one": {"teacher_batch_norm": "after-relu"},
}
NETS = "teacher stranger start"
TRAINED = "end row1 row2"
ROWS = "row0 row1 row2"
ALL = f"{NETS} batches looks end {ROWS}"


@dataclass(frozen=True)
class Case:
    """``field`` becomes ``value`` in ``base``, and ``moves`` says what follows.

    Parts: ``teacher, stranger, start`` (weights of the student's linear layers before
    training), ``batches`` (inputs it trains on), ``looks`` (inputs it is evaluated on),
    ``end`` (its weights after training), ``row0, row1, row2`` (the numbers of an
    epoch), ``made`` (the teacher that pretraining leaves).
    """

    field: str
    value: Any
    moves: str
    base: str = "dense"
    #: Settings that must follow the field.
    more: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case("dataset", "npz grey", f"batches looks end {ROWS}", "digits"),
    Case("sample_shape", (7, 7, 3), ALL, "digits", {"dataset": "npz"}),
    Case("data_digest", "right", "", "npz"),
    Case("data_dir", "/nowhere", "", "digits"),
    Case("arch", "cnn", ALL),
    Case("teacher_widths", (3, 5), f"{NETS} end {ROWS}"),
    Case("multiplier", 3, f"start end {ROWS}"),
    Case("outputs", 6, f"{NETS} end {ROWS}"),
    Case("input_dim", 8, ALL),
    Case("input_dim", 8, "", "conv"),
    Case("image_size", 8, ALL, "conv"),
    Case("image_size", 8, ""),
    Case("data_std", 3.0, f"batches looks end {ROWS}"),
    Case("covariance", "spectrum:1", f"batches looks end {ROWS}"),
    Case("dataset", "student-t:3", f"batches looks end {ROWS}"),
    Case("batch_norm", "after-relu", f"end {ROWS}"),
    Case("batch_norm", "before-relu", TRAINED, "norm"),
    Case("bn_affine", True, TRAINED, "norm"),
    Case("bn_affine", True, ""),
    Case("samples", 30, f"batches {TRAINED}"),
    Case("samples", 30, f"batches {TRAINED}", "digits"),
    Case("epochs", 1, "end row2"),
    Case("samples_per_epoch", 48, TRAINED),
    Case("batch_size", 13, f"batches {TRAINED}"),
    Case("lr", ((0, 0.01),), TRAINED),
    Case("lr", ((0, 0.05), (1, 0.01)), "end row2"),
    Case("momentum", 0.9, TRAINED),
    Case("weight_decay", 0.01, TRAINED),
    Case("loss", "cross-entropy", f"end {ROWS}"),
    Case("teacher_init", "default", f"teacher stranger end {ROWS}"),
    Case("teacher_bias", 0.5, f"teacher stranger end {ROWS}"),
    Case("student_init", "perturb:0.1", f"start end {ROWS}"),
    Case("normalize", True, TRAINED),
    Case("seed", 2, ALL),
    Case("seeds", 2, ""),
    Case("eval_samples", 30, f"looks {ROWS}"),
    Case("eval_every", 2, "row1 row2"),
    Case("watch", ("weights",), ROWS),
    Case("chunk", 1, ""),
    Case("optimizer", "adam", TRAINED),
    Case("keep_epochs", (1,), ""),
    Case("augment", True, f"batches {TRAINED}", "digits"),
    Case("targets", "labels", f"teacher stranger end {ROWS}", "digits"),
    Case("labels", "shuffled", f"{TRAINED} made", "labels"),
    Case("teacher", "copy", "", "taught"),
    Case("teacher_digest", "other", f"teacher end {ROWS}", "taught"),
    Case("teacher_batch_norm", "after-relu", f"teacher stranger end {ROWS}"),
    Case("teacher_bn_affine", True, "teacher stranger", "taught by a normalized one"),
    Case("prune", (0.4,), "made", "labels"),
]
#: Settings that no equality can speak of, and the test that does.
ELSEWHERE = {
    "jit": "test_compiling_changes_only_the_rounding",
    "threads": "test_a_run_is_computed_with_its_own_threads_or_not_at_all",
}


def parts(run: Run) -> dict[str, Any]:
    """Train ``run`` and return each of its parts as comparable bytes."""
    from tfluck.data.training_data import open_stream
    from tfluck.networks import linear_layers
    from tfluck.training.kernel import Kernel
    from tfluck.training.pretrain import finish_teacher

    kernel, seed = Kernel(run), run.seeds[0]

    def linear() -> list[bytes]:
        layers = linear_layers(kernel.student)
        return [v.numpy().tobytes() for layer in layers for v in layer.weights]

    def whole(model: Any) -> list[bytes]:
        return [v.numpy().tobytes() for v in model.variables] if model else []

    stream = open_stream(run.experiment, seed, "train", kernel.images)
    inputs = stream.batches(0, 3)
    inputs = inputs[0] if isinstance(inputs, tuple) else inputs
    found: dict[str, Any] = {
        "teacher": whole(kernel.teacher),
        "stranger": whole(kernel.evaluator.models.get("stranger")),
        "start": linear(),
        "batches": inputs.numpy().tobytes(),
        "looks": b"".join(x.numpy().tobytes() for x in kernel.evaluator.batches),
    }
    train(run, seed, kernel)
    found["end"] = linear()
    rows = read_rows(run.layout.seed(seed).metrics)
    for epoch in range(3):
        found[f"row{epoch}"] = [row for row in rows if row.epoch == epoch]
    if run.experiment.training.targets == "labels":
        found["made"] = whole_teacher(finish_teacher(run), run)
    return found


def whole_teacher(teacher: Any, run: Run) -> Any:
    return (
        teacher.widths,
        teacher.accuracy,
        teacher.pruned,
        run.experiment.network.teacher_widths,
    )


@dataclass
class Lab:
    """Bases, made and trained once, and the files they need."""

    folder: Path
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def settings(self, base: str) -> dict[str, Any]:
        given = SMALL | BASES[base]
        if given.get("dataset") == "npz":
            path = tinted(self.folder)
            given |= describe(f"npz:{path}") | {"dataset": f"npz:{path}"}
            given |= {"samples": None, "data_digest": "", "eval_samples": 40}
        if "teacher" in given:
            given |= self.taught("teacher", 1)
        return given

    def taught(self, name: str, seed: int) -> dict[str, Any]:
        """Return the settings of a pretrained teacher, made on demand."""
        from tfluck.training.pretrain import finish_teacher

        settings = SMALL | BASES["labels"] | {"seed": seed}
        run = make(self.folder / "runs", configure("paper", **settings), name)
        if run.status() != "finished":
            train(run, seed)
        finish_teacher(run)
        return read_teacher(run.layout.pretrained).settings(run.layout.pretrained)

    def changed(self, case: Case) -> dict[str, Any]:
        """Return the settings of ``case``; words stand for files."""
        given = self.settings(case.base)
        new = {case.field: case.value} | case.more
        if case.value == "right":
            new[case.field] = describe(given["dataset"])["data_digest"]
        if new.get("dataset") == "npz grey":
            new["dataset"] = f"npz:{grey(self.folder)}"
        elif new.get("dataset") == "npz":
            new["dataset"] = f"npz:{tinted(self.folder)}"
        if case.value == "copy":
            place = self.folder / "copy"
            shutil.copytree(given["teacher"], place, dirs_exist_ok=True)
            new["teacher"] = str(place)
        if case.value == "other":
            new = self.taught("other", 2)
        return given | new

    def run(self, settings: dict[str, Any], name: str) -> dict[str, Any]:
        root = self.folder / "runs"
        return parts(make(root, configure("paper", **settings), name))

    def base(self, name: str) -> dict[str, Any]:
        if name not in self.known:
            self.known[name] = self.run(self.settings(name), f"base {name}")
        return self.known[name]


def grey(folder: Path) -> Path:
    """Write other images in the shape of the digits."""
    draw = np.random.default_rng(11)
    path = folder / "grey.npz"
    x = draw.integers(0, 17, (90, 8, 8, 1)).astype(np.uint8)
    y = np.arange(90) % 10
    np.savez(path, x_train=x[:50], y_train=y[:50], x_test=x[50:], y_test=y[50:])
    return path


@pytest.fixture(scope="module")
def lab(tf: Any, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("settings"))


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.field}={case.value} in {case.base}"
)
def test_a_setting_moves_what_it_should_and_nothing_else(lab: Lab, case: Case) -> None:
    before = lab.base(case.base)
    after = lab.run(lab.changed(case), f"case {CASES.index(case)}")
    moved = {name for name in before if before[name] != after.get(name)}
    assert moved == set(case.moves.split())


def test_every_setting_is_in_the_table() -> None:
    known = {case.field for case in CASES} | set(ELSEWHERE)
    assert known == {*homes(), *execution_names()}, "say what the setting moves"
    assert set(ELSEWHERE.values()) <= set(globals())


def test_compiling_changes_only_the_rounding(lab: Lab) -> None:
    plain, compiled = (
        lab.run(lab.settings("dense") | {"jit": jit}, f"jit {jit}")
        for jit in (False, True)
    )
    for name in ("teacher", "stranger", "start", "batches", "looks", "row0"):
        assert plain[name] == compiled[name]
    for one, other in zip(plain["end"], compiled["end"], strict=True):
        pair = (np.frombuffer(array, np.float32) for array in (one, other))
        np.testing.assert_allclose(*pair, rtol=1e-4, atol=1e-6)


def test_a_run_is_computed_with_its_own_threads_or_not_at_all(lab: Lab) -> None:
    """Their number decides last bits, and this process has two for good."""
    from tfluck.sweeps.engine import _train

    settings = lab.settings("dense") | {"threads": 3}
    run = make(lab.folder / "runs", configure("paper", **settings), "three")
    with pytest.raises(TfluckError, match="2 TensorFlow threads"):
        _train(run, 1, lambda step, note: None, lambda: None)
    assert not run.layout.seed(1).root.exists()


@pytest.mark.parametrize("name", sorted({*homes(), *execution_names()}))
def test_the_name_of_a_run_follows_what_it_is(lab: Lab, name: str) -> None:
    """A setting that can move a result renames the run; one that cannot does not."""
    cases = [case for case in CASES if case.field == name and case.moves]
    for case in cases:
        base, new = (
            configure("paper", **settings)[0].digest()
            for settings in (lab.settings(case.base), lab.changed(case))
        )
        assert (base != new) == (name not in execution_names()), case
    assert cases or name in execution_names() | {"data_digest"}

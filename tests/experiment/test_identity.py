"""Equal settings are one experiment, and how or where it is computed is no part of it."""

import json
from typing import Any

import numpy as np
import pytest
from making import make

from tfluck.data import describe
from tfluck.experiment.execution import Execution
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import configure, configure_pretraining, make_experiment
from tfluck.foundations.errors import BadInput

#: Names that people's runs have today.
NAMES = {
    "fc": "44136fa355b3",
    "cnn": "17d7aff9cf14",
    "cnn laptop": "f5194da988f7",
    "demo laptop": "0e0aabb22ce9",
    "teacher smoke": "91aee9bbbce4",
    "many": "e97f9d8a22a8",
    "floats": "5edcab17c140",
    "image": "d655d21669b8",
}


def test_experiments_keep_their_names() -> None:
    """A digest that moves would orphan every run people have."""
    teacher = load_preset("luck-matters/teacher-cifar10-fc").at("smoke")
    demo = load_preset("luck-matters/demo").at("laptop")
    schedule = ((0, 0.05), (20, 0.01))
    image = {"arch": "cnn", "image_size": 32}
    floats = {"data_std": 1.0, "teacher_bias": -10.0, "student_init": "perturb:0.1"}
    many = {"input_dim": 10, "momentum": 0.9, "weight_decay": 5e-4, "samples": 1000}
    labels = configure_pretraining("smoke", data=describe("cifar10"), **teacher)
    found = {
        "fc": configure("paper"),
        "cnn": configure("paper", arch="cnn"),
        "cnn laptop": configure("laptop", arch="cnn"),
        "demo laptop": configure("laptop", **demo),
        "teacher smoke": labels,
        "many": configure("paper", **many, lr=schedule, seeds=5),
        "floats": configure("paper", **floats),
        "image": configure("paper", **image),
    }
    former = {name: e.former_digest(how.seeds) for name, (e, how) in found.items()}
    assert former == NAMES
    own = {name: e.digest() for name, (e, how) in found.items() if how.seeds == 1}
    assert own == {name: NAMES[name] for name in own} and len(own) == 6


def test_the_number_of_students_is_no_part_of_the_name() -> None:
    one, five = configure(), configure(seeds=5)
    assert one[0] == five[0] and one[0].digest() == five[0].digest()
    assert one[0].former_digest(5) != one[0].former_digest(1) == one[0].digest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"data_std": 5}, {"data_std": 5.0}),
        ({"data_std": np.float32(5)}, {"data_std": 5.0}),
        ({"teacher_bias": -0.0}, {"teacher_bias": 0}),
        ({"seed": np.int64(3)}, {"seed": 3}),
        ({"teacher_widths": [3, 4]}, {"teacher_widths": (3, 4)}),
        ({"lr": [[0, 1], [2, 0.1]]}, {"lr": ((0, 1.0), (2, 0.1))}),
        ({"prune": (0, 0, 0, 0)}, {"prune": (0.0,) * 4}),
    ],
    ids=str,
)
def test_equal_values_are_one_experiment(one: dict, other: dict) -> None:
    first, second = (make_experiment("paper", **given) for given in (one, other))
    assert first == second and hash(first) == hash(second)
    assert first.digest() == second.digest()
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": 1.5},
        {"seed": 1.0},
        {"seed": True},
        {"seed": "1"},
        {"normalize": "false"},
        {"normalize": 0},
        {"jit": "no"},
        {"teacher_widths": (3.5, 4)},
        {"teacher_widths": 3},
        {"teacher_widths": "34"},
        {"data_std": "3"},
        {"data_std": True},
        {"data_std": 10**400},
        {"lr": 0.1},
        {"lr": ((0, 0.1, 2),)},
        {"lr": ((0.5, 0.1),)},
        {"arch": ["fc"]},
        {"samples": "infinite"},
        {"prune": "0.5"},
        {"data_dir": 3},
        {"threads": 0},
        {"threads": 2.0},
        {"chunk": None},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_another_type_is_a_sentence(wrong: dict) -> None:
    (name,) = wrong
    with pytest.raises(BadInput, match=r"must be .*, not .*\.$") as caught:
        configure(**{"chunk": 7} | wrong)
    assert name.replace("_", "-") in str(caught.value)
    assert len(str(caught.value)) < 200


def test_sizes_that_the_inputs_do_not_have_do_not_count() -> None:
    dense, conv = make_experiment(), make_experiment(arch="cnn")
    assert make_experiment(image_size=8).digest() == dense.digest()
    assert make_experiment(input_dim=8).digest() != dense.digest()
    assert make_experiment(arch="cnn", input_dim=8).digest() == conv.digest()
    assert make_experiment(arch="cnn", image_size=18).digest() != conv.digest()
    digits = {"dataset": "digits", "data": describe("digits")}
    labelled = make_experiment(**digits)
    for size in ("image_size", "input_dim"):
        assert make_experiment(**digits, **{size: 9}).digest() == labelled.digest()


def test_threads_are_a_number_of_the_run_not_of_the_machine() -> None:
    assert configure()[1].threads == configure(arch="cnn", seeds=9)[1].threads == 2
    old = {k: v for k, v in configure()[1].to_dict().items() if k != "threads"}
    assert Execution.of(old).threads == 2


class TestFoundAgain:
    """A run that is there is used where its ingredients lie now."""

    def test_places_are_given_anew_and_how_is_kept(self, make_run: Any) -> None:
        first = make_run(data_dir="/mistyped", threads=3, chunk=5)
        second = make_run(data_dir="/right", threads=4, chunk=9, jit=True)
        assert second.layout == first.layout
        assert second.execution.data_dir == "/right"
        how = second.execution
        kept = (how.threads, how.chunk, how.jit)
        assert kept == (3, 5, False)
        assert make_run().execution.data_dir == "/mistyped", "what is not said stays"

    def test_a_moved_npz_is_read_where_it_is(self, tmp_path: Any) -> None:

        rng = np.random.default_rng(0)
        arrays = {
            "x_train": rng.random((40, 4), np.float32),
            "y_train": np.arange(40) % 2,
            "x_test": rng.random((20, 4), np.float32),
            "y_test": np.arange(20) % 2,
        }
        old, new = tmp_path / "old.npz", tmp_path / "there" / "new.npz"
        np.savez(old, **arrays)
        runs = []
        for path in (old, new):
            new.parent.mkdir(exist_ok=True)
            if not path.exists():
                old.rename(path)
            dataset = f"npz:{path}"
            config = configure(
                dataset=dataset,
                data=describe(dataset),
                batch_size=8,
                teacher_widths=(2,),
            )
            runs.append(make(tmp_path / "runs", config))
        assert runs[0].layout == runs[1].layout
        assert runs[1].experiment.data.dataset == f"npz:{new}"

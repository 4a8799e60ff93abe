"""Equal settings are one experiment, and how or where it is computed is no part of it."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.data import describe
from tfluck.experiment.config import HOW, THREADS, WHERE, RunConfig
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import make_config, pretrain_config
from tfluck.foundations.errors import BadInput

#: Names that people's runs have today.
NAMES = {
    "fc": "44136fa355b3",
    "cnn": "17d7aff9cf14",
    "cnn laptop": "f5194da988f7",
    "demo laptop": "4b9c9c46c661",
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
    found = {
        "fc": make_config(),
        "cnn": make_config(arch="cnn"),
        "cnn laptop": make_config("laptop", arch="cnn"),
        "demo laptop": make_config("laptop", **demo),
        "teacher smoke": pretrain_config("smoke", data=describe("cifar10"), **teacher),
        "many": make_config(
            input_dim=10,
            momentum=0.9,
            weight_decay=5e-4,
            lr=schedule,
            samples=1000,
            seeds=5,
        ),
        "floats": make_config(
            data_std=1.0, teacher_bias=-10.0, student_init="perturb:0.1"
        ),
        "image": make_config(arch="cnn", image_size=32),
    }
    assert {name: config.digest() for name, config in found.items()} == NAMES


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
    first, second = make_config(**one), make_config(**other)
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
        make_config(**{"chunk": 7} | wrong)
    assert name.replace("_", "-") in str(caught.value)
    assert len(str(caught.value)) < 200


def another(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else f"{value}x"


@given(st.sampled_from(sorted(HOW | WHERE)), st.sampled_from(["fc", "cnn"]))
def test_how_and_where_do_not_name_the_experiment(how: str, arch: Any) -> None:
    config = make_config(arch=arch)
    other = dataclasses.replace(config, **{how: another(getattr(config, how))})
    assert other != config and other.digest() == config.digest()


def test_sizes_that_the_inputs_do_not_have_do_not_count() -> None:
    dense, conv = make_config(), make_config(arch="cnn")
    assert make_config(image_size=8).digest() == dense.digest()
    assert make_config(input_dim=8).digest() != dense.digest()
    assert make_config(arch="cnn", input_dim=8).digest() == conv.digest()
    assert make_config(arch="cnn", image_size=18).digest() != conv.digest()
    digits = {"dataset": "digits", "data": describe("digits")}
    labelled = make_config(**digits)
    for size in ("image_size", "input_dim"):
        assert make_config(**digits, **{size: 9}).digest() == labelled.digest()


def test_threads_are_a_number_of_the_run_not_of_the_machine() -> None:
    assert make_config().threads == make_config(arch="cnn", seeds=9).threads == THREADS
    old = {k: v for k, v in make_config().to_dict().items() if k != "threads"}
    assert RunConfig.from_dict(old).threads == THREADS


class TestFoundAgain:
    """A run that is there is used where its ingredients lie now."""

    def test_places_are_given_anew_and_how_is_kept(self, make_run: Any) -> None:
        first = make_run(data_dir="/mistyped", threads=3, chunk=5)
        second = make_run(data_dir="/right", threads=4, chunk=9, jit=True)
        assert second.layout == first.layout
        assert second.config.data_dir == "/right"
        kept = (second.config.threads, second.config.chunk, second.config.jit)
        assert kept == (3, 5, False)
        assert make_run().config.data_dir == "/mistyped", "what is not said stays"

    def test_a_moved_npz_is_read_where_it_is(self, tmp_path: Any) -> None:
        from tfluck.runs import find_or_create

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
            config = make_config(
                dataset=dataset,
                data=describe(dataset),
                batch_size=8,
                teacher_widths=(2,),
            )
            runs.append(find_or_create(tmp_path / "runs", config))
        assert runs[0].layout == runs[1].layout
        assert runs[1].config.dataset == f"npz:{new}"

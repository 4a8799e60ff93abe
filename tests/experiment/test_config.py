"""Settings are checked when they are made, and name their experiment."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.architectures import draw
from tfluck.data import describe
from tfluck.experiment.choices import parse_epochs, parse_schedule, parse_widths
from tfluck.experiment.config import RunConfig
from tfluck.experiment.cost import plan, step_flop
from tfluck.experiment.scales import SCALES, make_config, pretrain_config
from tfluck.foundations.errors import BadInput

configs = st.builds(
    lambda **given: make_config(**given),
    arch=st.sampled_from(["fc", "cnn"]),
    scale=st.sampled_from(sorted(SCALES)),
    batch_norm=st.sampled_from(["none", "after-relu", "before-relu"]),
    samples=st.none() | st.integers(64, 10_000),
    multiplier=st.integers(1, 20),
    lr=st.just(((0, 0.05), (20, 0.01))),
    seed=st.integers(0, 1000),
)


@pytest.mark.parametrize(
    ("samples", "shape", "arch", "widths"),
    [
        (50_000, (32, 32, 3), "cnn", (64,) * 4),
        (50_000, (32, 32, 3), "fc", (50, 75, 100, 125)),
        (1297, (32, 32, 3), "cnn", (16,) * 4),
        (1297, (8, 8, 1), "cnn", (16,) * 3),
        (60_000, (8, 8, 1), "cnn", (16,) * 3),
        (1297, (64,), "fc", (20,) * 3),
    ],
)
def test_a_set_gets_networks_of_its_size(
    samples: int, shape: tuple[int, ...], arch: str, widths: tuple[int, ...]
) -> None:
    data = {
        "sample_shape": shape,
        "outputs": 10,
        "samples": samples,
        "eval_samples": 500,
        "augment": False,
        "data_digest": "",
    }
    config = make_config(data=data, arch=arch, dataset="npz:x.npz")
    assert config.teacher_widths == widths
    asked = make_config(data=data, arch=arch, dataset="npz:x.npz", teacher_widths=(2,))
    assert asked.teacher_widths == (2,)


@given(configs)
def test_a_config_survives_json(config: RunConfig) -> None:
    again = RunConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert again.digest() == config.digest()


def test_the_paper_is_the_default() -> None:
    fc, cnn = make_config(arch="fc"), make_config(arch="cnn")
    assert fc.teacher_widths == (50, 75, 100, 125)
    assert fc.student_widths == (500, 750, 1000, 1250)
    assert cnn.teacher_widths == (64,) * 4
    assert cnn.input_shape == (16, 16, 1)
    assert (fc.bn_affine, cnn.bn_affine) == (False, True)
    assert (fc.steps_per_epoch, fc.steps) == (1563, 62520)
    assert make_config(samples=1000).samples_per_epoch == 1000


def test_the_default_experiments_keep_their_names() -> None:
    """A digest that moves would orphan every run people have."""
    assert make_config().digest() == "44136fa355b3"
    assert (
        make_config(teacher_widths=(10, 15, 20, 25), batch_norm="none").digest()
        == make_config(
            batch_norm="none", teacher_widths=(10, 15, 20, 25), seed=1
        ).digest()
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"teacher_widths": (10, 0)},
        {"teacher_widths": ()},
        {"batch_size": 200, "samples": 100},
        {"batch_size": 1},
        {"lr": ((0, math.nan),)},
        {"lr": ((5, 0.1),)},
        {"lr": ((0, 0.1), (0, 0.2))},
        {"data_std": math.inf},
        {"momentum": -0.1},
        {"student_init": "perturb:x"},
        {"student_init": "perturb:nan"},
        {"student_init": "perturbed"},
        {"arch": "rnn"},
        {"arch": "cnn", "image_size": 8},
        {"multiplier": 0},
        {"epochs": -1},
        {"seed": -1},
        {"dataset": "imagenet"},
        {"colour": "blue"},
        {"scale": "galaxy"},
        {"optimizer": "lion"},
        {"optimizer": "adam", "momentum": 0.9},
        {"loss": "hinge"},
        {"keep_epochs": "41"},
        {"keep_epochs": "one"},
        {"keep_epochs": "every:0"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_in_a_sentence(wrong: dict) -> None:
    with pytest.raises(BadInput, match=r"[.?]$"):
        make_config(**wrong)


def test_schedules_and_widths_are_read() -> None:
    assert parse_schedule("0.05") == ((0, 0.05),)
    assert parse_schedule("0:0.05,20:0.01") == ((0, 0.05), (20, 0.01))
    assert parse_widths("10-15") == (10, 15)
    config = make_config(lr=parse_schedule("0:0.5,2:0.1"))
    assert [config.learning_rate(epoch) for epoch in range(4)] == [0.5, 0.5, 0.1, 0.1]
    for text in ("", "a", "0:1:2", "1,2"):
        with pytest.raises(BadInput):
            parse_schedule(text)
    with pytest.raises(BadInput):
        parse_widths("10,15")


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("", set()),
        ("0", {0}),
        ("5,0,1", {0, 1, 5}),
        ("every:4", {4, 8}),
        ("0,every:3,10,3", {0, 3, 6, 9, 10}),
        ("every:11", set()),
    ],
)
def test_epochs_to_keep_are_read(text: str, epochs: set[int]) -> None:
    assert parse_epochs(text, 10) == epochs


@pytest.mark.parametrize(
    "text", ["11", "-1", "x", "every:0", "every:", ":3", "each:2", "1;2", "1.5", "1:5"]
)
def test_epochs_to_keep_are_within_the_training(text: str) -> None:
    with pytest.raises(BadInput, match="keep-epochs"):
        parse_epochs(text, 10)


def test_epochs_to_keep_are_added_up_and_name_nothing() -> None:
    config = make_config(keep_epochs="0,5")
    assert config.digest() == make_config().digest()
    more = config.placed({"keep_epochs": "7"}).placed({"keep_epochs": None})
    assert more.kept_epochs == {0, 5, 7}
    assert more.placed(more.places) == more, "a worker keeps what its driver keeps"
    assert (
        plan(more, 1e11).disk > plan(config, 1e11).disk > plan(make_config(), 1e11).disk
    )


def test_adam_starts_from_its_own_rate() -> None:
    """Its steps are of the rate's size, so the paper's rate is fifty times too much."""
    assert make_config(optimizer="adam").lr == ((0, 1e-3),)
    assert make_config(optimizer="adam", arch="cnn", batch_norm="none").lr == (
        (0, 1e-3),
    )
    assert make_config(optimizer="adam", lr=((0, 0.1),)).lr == ((0, 0.1),)
    digits = {"dataset": "digits", "data": describe("digits")}
    assert make_config(optimizer="adam", **digits).lr == ((0, 1e-3),)
    teacher = pretrain_config(optimizer="adam", **digits)
    assert teacher.momentum == 0 and teacher.learning_rate(0) == 1e-3
    assert pretrain_config(**digits).momentum == 0.9
    adam, sgd = (plan(make_config(optimizer=n), 1e11) for n in ("adam", "sgd"))
    assert adam.memory > sgd.memory and adam.disk > sgd.disk


def test_costs_count_every_product() -> None:
    assert draw("fc", (20,), (10, 15), 7).multiply_adds == 20 * 10 + 10 * 15 + 15 * 7
    by_hand = 14 * 14 * 9 * 8 + 12 * 12 * 72 * 8 + 12 * 12 * 8 * 100
    assert draw("cnn", (16, 16, 1), (8, 8), 100).multiply_adds == by_hand
    config = make_config(arch="cnn")
    twice = plan(config, 1e11).seconds - 10, plan(config, 2e11).seconds - 10
    assert 1.5 < twice[0] / twice[1] < 2.01
    assert step_flop(config) * config.chunk < 1e12


@pytest.mark.parametrize("scale", SCALES)
def test_conv_students_without_batch_norm_get_a_rate_they_survive(scale: str) -> None:
    """0.15 × outputs ÷ features trained, the paper's 0.05 kills most of them."""
    config = make_config(scale, arch="cnn", batch_norm="none")
    shrunk = 16 - 2 * len(config.teacher_widths)
    features = shrunk**2 * config.student_widths[-1]
    assert 0.1 < config.learning_rate(0) * features / config.outputs < 0.2
    for others in ({"arch": "fc", "batch_norm": "none"}, {"arch": "cnn"}):
        assert make_config(scale, **others).lr == ((0, 0.05),)
    given = make_config(scale, arch="cnn", batch_norm="none", lr=((0, 0.05),))
    assert given.lr == ((0, 0.05),)


#: What nobody asked for is what the paper did, and decides the names of old runs.
DEFAULTS = {
    "dataset": "gaus",
    "arch": "fc",
    "teacher_widths": (50, 75, 100, 125),
    "multiplier": 10,
    "outputs": 100,
    "input_dim": 20,
    "image_size": 16,
    "data_std": 10.0,
    "batch_norm": "after-relu",
    "bn_affine": False,
    "samples": None,
    "epochs": 40,
    "samples_per_epoch": 100_000,
    "batch_size": 64,
    "lr": ((0, 0.05),),
    "momentum": 0.0,
    "weight_decay": 0.0,
    "loss": "mse",
    "teacher_init": "separated",
    "teacher_bias": 0.0,
    "student_init": "default",
    "normalize": False,
    "seed": 1,
    "seeds": 1,
    "eval_samples": 10_000,
    "eval_every": 1,
    "jit": True,
    "chunk": 200,
    "threads": 2,
    "data_dir": None,
    "data_digest": "",
    "sample_shape": None,
    "augment": False,
    "targets": "teacher",
    "teacher": None,
    "teacher_digest": "",
    "teacher_batch_norm": "none",
    "teacher_bn_affine": False,
    "prune": (),
    "optimizer": "sgd",
    "keep_epochs": "",
}


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items())
def test_a_default_stays_what_it_is(name: str, value: object) -> None:
    assert getattr(RunConfig(), name) == value


def test_a_config_is_a_value() -> None:
    config = RunConfig()
    assert config == RunConfig() and hash(config) == hash(RunConfig())
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        RunConfig("gaus")  # type: ignore[call-arg]


def test_what_follows_from_settings() -> None:
    config = RunConfig(seed=3, seeds=3, teacher_widths=(2, 5), multiplier=4)
    assert config.student_seeds == (3, 4, 5)
    assert config.student_widths == (8, 20)
    assert (config.steps_per_epoch, config.steps) == (1563, 40 * 1563)
    assert config.input_shape == (20,) and not config.labelled
    assert RunConfig(arch="cnn").input_shape == (16, 16, 1)
    image = RunConfig(dataset="npz:a.npz", sample_shape=(9, 8, 3))
    assert image.input_shape == (9, 8, 3) and image.labelled
    assert image.data_kind == "npz" and config.data_kind == "gaus"


def test_places_are_given_anew_and_keep_what_is_not_given() -> None:
    config = RunConfig(data_dir="/old", teacher="/teacher")
    moved = config.placed({"data_dir": "/new", "teacher": None})
    assert (moved.data_dir, moved.teacher) == ("/new", "/teacher")
    assert config.places == {
        "dataset": "gaus",
        "data_dir": "/old",
        "teacher": "/teacher",
        "keep_epochs": "",
    }
    assert moved.digest() == config.digest()

"""Settings are checked when they are made, and name their experiment."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.architectures import draw
from tfluck.experiment.choices import parse_schedule, parse_widths
from tfluck.experiment.cost import plan, step_flop
from tfluck.experiment.execution import Execution, Places, execution_fields
from tfluck.experiment.experiment import Experiment, all_fields
from tfluck.experiment.scales import SCALES, configure, make_experiment
from tfluck.experiment.specs import Data, Networks, Training
from tfluck.experiment.table import default_text, settings_table
from tfluck.foundations.errors import BadInput

configs = st.builds(
    lambda **given: make_experiment(**given),
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
    config = make_experiment("paper", data=data, arch=arch, dataset="npz:x.npz")
    assert config.network.teacher_widths == widths
    asked = make_experiment(
        data=data, arch=arch, dataset="npz:x.npz", teacher_widths=(2,)
    )
    assert asked.network.teacher_widths == (2,)


@given(configs)
def test_a_config_survives_json(config: Experiment) -> None:
    again = Experiment.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert again.digest() == config.digest()


def test_the_paper_is_the_default() -> None:
    fc, cnn = make_experiment("paper"), make_experiment("paper", arch="cnn")
    assert fc.network.teacher_widths == (50, 75, 100, 125)
    assert fc.network.student_widths == (500, 750, 1000, 1250)
    assert cnn.network.teacher_widths == (64,) * 4
    assert cnn.input_shape == (16, 16, 1)
    assert (fc.network.bn_affine, cnn.network.bn_affine) == (False, True)
    assert (fc.training.steps_per_epoch, fc.training.steps) == (1563, 62520)
    assert make_experiment(samples=1000).training.samples_per_epoch == 1000


def test_the_default_experiments_keep_their_names() -> None:
    """A digest that moves would orphan every run people have."""
    assert make_experiment("paper").digest() == "44136fa355b3"
    assert (
        make_experiment(teacher_widths=(10, 15, 20, 25), batch_norm="none").digest()
        == make_experiment(
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
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_in_a_sentence(wrong: dict) -> None:
    with pytest.raises(BadInput, match=r"[.?]$"):
        make_experiment(**wrong)


def test_schedules_and_widths_are_read() -> None:
    assert parse_schedule("0.05") == ((0, 0.05),)
    assert parse_schedule("0:0.05,20:0.01") == ((0, 0.05), (20, 0.01))
    assert parse_widths("10-15") == (10, 15)
    config = make_experiment(lr=parse_schedule("0:0.5,2:0.1"))
    assert [config.training.learning_rate(epoch) for epoch in range(4)] == [
        0.5,
        0.5,
        0.1,
        0.1,
    ]
    for text in ("", "a", "0:1:2", "1,2"):
        with pytest.raises(BadInput):
            parse_schedule(text)
    with pytest.raises(BadInput):
        parse_widths("10,15")


def test_costs_count_every_product() -> None:
    assert draw("fc", (20,), (10, 15), 7).multiply_adds == 20 * 10 + 10 * 15 + 15 * 7
    by_hand = 14 * 14 * 9 * 8 + 12 * 12 * 72 * 8 + 12 * 12 * 8 * 100
    assert draw("cnn", (16, 16, 1), (8, 8), 100).multiply_adds == by_hand
    config, execution = configure("paper", arch="cnn")
    twice = [plan(config, execution, rate).seconds - 10 for rate in (1e11, 2e11)]
    assert 1.5 < twice[0] / twice[1] < 2.01
    assert step_flop(config) * execution.chunk < 1e12


@pytest.mark.parametrize("scale", SCALES)
def test_conv_students_without_batch_norm_get_a_rate_they_survive(scale: str) -> None:
    """0.15 × outputs ÷ features trained, the paper's 0.05 kills most of them."""
    config = make_experiment(scale, arch="cnn", batch_norm="none")
    shrunk = 16 - 2 * len(config.network.teacher_widths)
    features = shrunk**2 * config.network.student_widths[-1]
    assert (
        0.1 < config.training.learning_rate(0) * features / config.network.outputs < 0.2
    )
    for others in ({"arch": "fc", "batch_norm": "none"}, {"arch": "cnn"}):
        assert make_experiment(scale, **others).training.lr == ((0, 0.05),)
    given = make_experiment(scale, arch="cnn", batch_norm="none", lr=((0, 0.05),))
    assert given.training.lr == ((0, 0.05),)


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
    "covariance": "identity",
    "batch_norm": "after-relu",
    "bn_affine": False,
    "samples": None,
    "epochs": 40,
    "samples_per_epoch": 100_000,
    "batch_size": 64,
    "lr": ((0, 0.05),),
    "optimizer": "sgd",
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
    "watch": (),
    "jit": True,
    "chunk": 200,
    "threads": 2,
    "data_dir": None,
    "keep_epochs": (),
    "data_digest": "",
    "labels": "true",
    "sample_shape": None,
    "augment": False,
    "targets": "teacher",
    "teacher": None,
    "teacher_digest": "",
    "teacher_batch_norm": "none",
    "teacher_bn_affine": False,
    "prune": (),
}


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items())
def test_a_default_stays_what_it_is(name: str, value: object) -> None:
    assert (Experiment().settings() | Execution().to_dict())[name] == value


def test_every_setting_has_a_default_in_the_table() -> None:
    assert set(Experiment().settings()) | set(Execution().to_dict()) == set(DEFAULTS)


def test_an_experiment_is_a_value() -> None:
    experiment = Experiment()
    assert experiment == Experiment() and hash(experiment) == hash(Experiment())
    for part in (experiment, experiment.data, Execution()):
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.seed = 2  # type: ignore[union-attr,misc]
    with pytest.raises(TypeError):
        Data("gaus")  # type: ignore[misc]


def test_what_follows_from_settings() -> None:
    config = Experiment.of({"seed": 3, "teacher_widths": (2, 5), "multiplier": 4})
    assert config.network.student_widths == (8, 20)
    training = config.training
    assert (training.steps_per_epoch, training.steps) == (1563, 40 * 1563)
    assert config.input_shape == (20,) and not config.data.labelled
    assert Experiment.of({"arch": "cnn"}).input_shape == (16, 16, 1)
    image = Experiment.of({"dataset": "npz:a.npz", "sample_shape": (9, 8, 3)})
    assert image.input_shape == (9, 8, 3) and image.data.labelled
    assert image.data.kind == "npz" and config.data.kind == "gaus"


def test_parts_are_built_alone_and_replaced() -> None:
    mine = Experiment(
        training=Training(epochs=2), network=Networks(teacher_widths=(4,))
    )
    assert mine == Experiment.of({"epochs": 2, "teacher_widths": (4,)})
    assert mine.but(epochs=3, seed=4).settings() == mine.settings() | {
        "epochs": 3,
        "seed": 4,
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"data": {"epochs": 3}}, "Unknown settings in data: epochs."),
        ({"colour": {}}, "Unknown settings: colour."),
        ({"training": 3}, "training must be a table of settings, not 3."),
        (
            {"watch": {"eval_every": 0}},
            "eval-every must be a whole number of at least 1",
        ),
    ],
)
def test_tables_of_settings_are_read_with_care(wrong: dict, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Experiment.from_dict(wrong)


def test_what_is_no_part_of_an_experiment_is_told() -> None:
    with pytest.raises(BadInput, match=r"jit, threads is no part .* tfluck\.Execution"):
        make_experiment(threads=3, jit=False)


def test_places_are_given_anew_and_keep_what_is_not_given() -> None:
    experiment = Experiment()
    execution = Execution(data_dir="/old", teacher="/teacher")
    same, moved = Places(data_dir="/new").moved(experiment, execution)
    assert (moved.data_dir, moved.teacher) == ("/new", "/teacher")
    assert same is experiment
    assert Places.of(experiment, execution) == Places("gaus", "/old", "/teacher")


def test_the_table_of_settings_is_in_the_docs() -> None:
    """``python -m tfluck.experiment.table > docs/settings.md`` writes it anew."""
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text() == settings_table()


def test_a_setting_says_what_it_is_once() -> None:
    """Every option of ``train`` is a field, with the field's words and bounds."""
    from tfluck.cli.train import command

    options = {p.name: p for p in command.params}
    for field in (*all_fields(), *execution_fields()):
        if field.setting.hidden:
            continue
        option = options[field.name]
        assert option.help.startswith(field.help)
        assert default_text(field) in option.help
        if field.kind is int:
            assert option.type.min == field.setting.low

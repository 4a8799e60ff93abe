"""Nothing that can be chosen is without a specimen: a new choice fails here first."""

from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from laws.specimens import BASE, SPECIMENS, config_of

from tfluck.architectures import ARCHITECTURES
from tfluck.data import describe
from tfluck.data.registry import DATASETS
from tfluck.experiment.choices import CHOICES, IMAGE_SETS, STUDENT_INITS
from tfluck.experiment.config import RunConfig
from tfluck.experiment.inputs import LAWS
from tfluck.experiment.presets import load_preset, presets
from tfluck.experiment.scales import SCALES, make_config
from tfluck.experiment.sockets import OBJECTIVES, OPTIMIZERS
from tfluck.foundations.files import digest_of
from tfluck.runs import Teacher, write_teacher
from tfluck.runs.layout import TeacherLayout

#: Sets made from published archives, which are no part of the project; the tests of
#: ``data`` build them from archives in the published format.
PUBLISHED = {name for name, source in DATASETS.items() if source.published}
#: Where such a set lies, and what a process of the tests has one value of.
ELSEWHERE = {"data_dir", "threads"}


@pytest.fixture
def configs(tmp_path: Path) -> dict[str, RunConfig]:
    """The settings of every specimen, with teachers in name only."""
    found = {}
    for name, given in SPECIMENS.items():
        folder = tmp_path / name
        folder.mkdir()
        if "teacher" in given:
            recipe(folder, found[given["teacher"]])
        found[name] = config_of(name, folder, folder)
    return found


def recipe(folder: Path, config: RunConfig) -> None:
    weights = TeacherLayout(folder).weights
    weights.write_bytes(b"weights")
    shape = {
        "arch": config.arch,
        "input_shape": config.input_shape,
        "widths": config.teacher_widths,
        "outputs": config.outputs,
        "batch_norm": config.batch_norm,
        "bn_affine": config.bn_affine,
    }
    made = {"dataset": "digits", "accuracy": {}, "pruned": {}, "recipe": {}}
    write_teacher(folder, Teacher(**shape, **made, weights_sha256=digest_of(weights)))


def test_every_choice_has_a_specimen(configs: dict[str, RunConfig]) -> None:
    for name, allowed in CHOICES.items():
        used = {getattr(config, name) for config in configs.values()}
        assert used == set(allowed), name
    starts = {config.student_init.partition(":")[0] for config in configs.values()}
    assert starts == {init.partition(":")[0] for init in STUDENT_INITS}


def test_every_pair_of_architecture_and_batch_norm_is_there(
    configs: dict[str, RunConfig],
) -> None:
    """The papers' two architectures in full; each of ours with BatchNorm somewhere."""
    pairs = {(config.arch, config.batch_norm) for config in configs.values()}
    assert pairs >= set(product(("fc", "cnn"), CHOICES["batch_norm"]))
    normed = {c.arch for c in configs.values() if c.batch_norm != "none"}
    assert normed == set(CHOICES["arch"])
    affine = {(c.arch, c.bn_affine) for c in configs.values() if c.batch_norm != "none"}
    assert affine >= set(product(("fc", "cnn"), (True, False)))


def test_every_kind_of_data_has_a_specimen(configs: dict[str, RunConfig]) -> None:
    used = {config.data_kind for config in configs.values()}
    assert used == {*LAWS, "npz", *IMAGE_SETS} - PUBLISHED
    assert {"cifar10", "cifar100", "mnist", "fashion_mnist"} == PUBLISHED
    finite = {(c.labelled, c.samples is None) for c in configs.values()}
    assert finite >= {(False, True), (False, False), (True, False)}


def test_every_setting_has_two_values(configs: dict[str, RunConfig]) -> None:
    for field in fields(RunConfig):
        seen = {repr(getattr(config, field.name)) for config in configs.values()}
        constant = field.name in BASE or field.name in ELSEWHERE
        assert constant or len(seen) > 1, f"{field.name} is always {seen}"


def test_tables_of_choices_agree(tf: Any) -> None:
    """What is written down twice is written down alike."""
    from tfluck.networks import network

    assert set(IMAGE_SETS) == set(DATASETS)
    for registry in (OBJECTIVES, OPTIMIZERS):
        assert all(callable(registry[name]) for name in registry)
    assert set(ARCHITECTURES) == set(CHOICES["arch"])
    assert all({*a.scales, "paper"} == set(SCALES) for a in ARCHITECTURES.values())
    assert get_args(network.BatchNormPlace) == CHOICES["batch_norm"]


@pytest.mark.parametrize("name", sorted(presets()))
def test_presets_use_nothing_that_has_no_specimen(
    name: str, configs: dict[str, RunConfig]
) -> None:
    given: dict[str, Any] = load_preset(name).at("paper")
    config = make_config("paper", data=describe(given["dataset"]), **given)
    kinds = {
        (c.arch, c.batch_norm, c.loss, c.student_init.partition(":")[0])
        for c in configs.values()
    }
    for index, value in enumerate(
        (config.arch, config.batch_norm, config.loss, config.student_init)
    ):
        assert value.partition(":")[0] in {kind[index] for kind in kinds}

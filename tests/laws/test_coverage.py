"""Nothing that can be chosen is without a specimen: a new choice fails here first."""

from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from laws.specimens import BASE, SPECIMENS, config_of
from making import Pair

from tfluck.architectures import ARCHITECTURES, BatchNormPlace
from tfluck.data import describe
from tfluck.data.sources.tfds import Published
from tfluck.experiment.choices import (
    OBJECTIVES,
    OPTIMIZERS,
    STUDENT_INITS,
)
from tfluck.experiment.experiment import Experiment, all_fields
from tfluck.experiment.presets import load_preset, presets
from tfluck.experiment.scales import SCALES, configure
from tfluck.experiment.sources import SOURCES
from tfluck.foundations.files import digest_of
from tfluck.runs import Teacher, write_teacher
from tfluck.runs.layout import TeacherLayout

#: Sets made from published archives, which are no part of the project; the tests of
#: ``data`` build them from archives in the published format.
PUBLISHED = {kind for kind, source in SOURCES.items() if isinstance(source, Published)}
#: Where such a set lies, and what a process of the tests has one value of.
ELSEWHERE = {"data_dir", "threads"}
PLACES = get_args(BatchNormPlace)


@pytest.fixture
def pairs(tmp_path: Path) -> dict[str, Pair]:
    """The settings of every specimen, with teachers in name only."""
    found = {}
    for name, given in SPECIMENS.items():
        folder = tmp_path / name
        folder.mkdir()
        if "teacher" in given:
            recipe(folder, found[given["teacher"]][0])
        found[name] = config_of(name, folder, folder)
    return found


@pytest.fixture
def configs(pairs: dict[str, Pair]) -> dict[str, Experiment]:
    """The experiments of every specimen."""
    return {name: experiment for name, (experiment, _) in pairs.items()}


def recipe(folder: Path, config: Experiment) -> None:
    weights = TeacherLayout(folder).weights
    weights.write_bytes(b"weights")
    shape = {
        "arch": config.network.arch,
        "input_shape": config.input_shape,
        "widths": config.network.teacher_widths,
        "outputs": config.network.outputs,
        "batch_norm": config.network.batch_norm,
        "bn_affine": config.network.bn_affine,
    }
    made = {"dataset": "digits", "accuracy": {}, "pruned": {}, "recipe": {}}
    write_teacher(folder, Teacher(**shape, **made, weights_sha256=digest_of(weights)))


def test_every_choice_has_a_specimen(configs: dict[str, Experiment]) -> None:
    for field in all_fields():
        if field.names:
            used = {config.settings()[field.name] for config in configs.values()}
            assert used == set(field.names), field.name
    starts = {c.start.student_init.partition(":")[0] for c in configs.values()}
    assert starts == {init.partition(":")[0] for init in STUDENT_INITS}


def test_every_pair_of_architecture_and_batch_norm_is_there(
    configs: dict[str, Experiment],
) -> None:
    """The papers' two architectures in full; each of ours with BatchNorm somewhere."""
    pairs = {
        (config.network.arch, config.network.batch_norm) for config in configs.values()
    }
    assert pairs >= set(product(("fc", "cnn"), PLACES))
    nets = [config.network for config in configs.values()]
    normed = {net.arch for net in nets if net.batch_norm != "none"}
    assert normed == set(ARCHITECTURES)
    affine = {(net.arch, net.bn_affine) for net in nets if net.batch_norm != "none"}
    assert affine >= set(product(("fc", "cnn"), (True, False)))


def test_every_kind_of_data_has_a_specimen(configs: dict[str, Experiment]) -> None:
    used = {config.data.kind for config in configs.values()}
    assert used == {*SOURCES} - PUBLISHED
    assert {"cifar10", "cifar100", "mnist", "fashion_mnist"} == PUBLISHED
    finite = {(c.data.labelled, c.data.samples is None) for c in configs.values()}
    assert finite >= {(False, True), (False, False), (True, False)}


def test_every_setting_has_two_values(pairs: dict[str, Pair]) -> None:
    settings = [what.settings() | how.to_dict() for what, how in pairs.values()]
    for name in settings[0]:
        seen = {repr(given[name]) for given in settings}
        constant = name in BASE or name in ELSEWHERE
        assert constant or len(seen) > 1, f"{name} is always {seen}"


def test_tables_of_choices_agree(tf: Any) -> None:
    """What is written down twice is written down alike."""
    from tfluck.networks import network

    assert all(map(callable, [*OBJECTIVES.values(), *OPTIMIZERS.values()]))
    assert all({*a.scales, "paper"} == set(SCALES) for a in ARCHITECTURES.values())
    assert get_args(network.BatchNormPlace) == PLACES


@pytest.mark.parametrize("name", sorted(presets()))
def test_presets_use_nothing_that_has_no_specimen(
    name: str, configs: dict[str, Experiment]
) -> None:
    given: dict[str, Any] = load_preset(name).at("paper")
    config, _ = configure("paper", data=describe(given["dataset"]), **given)
    kinds = {
        tuple(value.partition(":")[0] for value in choices(config))
        for config in configs.values()
    }
    for index, value in enumerate(choices(config)):
        assert value.partition(":")[0] in {kind[index] for kind in kinds}


def choices(experiment: Experiment) -> tuple[str, ...]:
    net, start = experiment.network, experiment.start
    return net.arch, net.batch_norm, experiment.training.loss, start.student_init

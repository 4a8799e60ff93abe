"""Optimisers and kept epochs as settings: what is refused, and what follows."""

import pytest

from tfluck.data import describe
from tfluck.experiment.choices import kept_epochs, parse_epochs
from tfluck.experiment.cost import plan
from tfluck.experiment.scales import configure, configure_pretraining
from tfluck.foundations.errors import BadInput


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("0", {0}),
        ("5,0,1", {0, 1, 5}),
        ("every:4", {4, 8}),
        ("0,every:3,10,3", {0, 3, 6, 9, 10}),
        ("every:11", set()),
    ],
)
def test_epochs_to_keep_are_read(text: str, epochs: set[int]) -> None:
    assert kept_epochs(parse_epochs(text), 10) == epochs


@pytest.mark.parametrize(
    "text", ["", "-1", "x", "every:0", "every:", ":3", "each:2", "1;2", "1.5", "1:5"]
)
def test_other_texts_name_no_epochs(text: str) -> None:
    with pytest.raises(BadInput, match=r"\.$"):
        parse_epochs(text)


def test_epochs_to_keep_are_within_the_training_and_name_nothing() -> None:
    with pytest.raises(BadInput, match="epoch 41, and the training has 40"):
        configure(epochs=40, keep_epochs=(1, 41))
    few, many = (configure(keep_epochs=kept) for kept in ((0, 5), (0, 5, -10)))
    plain = configure()
    assert few[0].digest() == many[0].digest() == plain[0].digest()
    disks = [plan(*pair, 1e11).disk for pair in (plain, few, many)]
    assert disks == sorted(set(disks)), "and they lie on the disk"


@pytest.mark.parametrize(
    "wrong",
    [{"optimizer": "lion"}, {"optimizer": "adam", "momentum": 0.9}, {"loss": "hinge"}],
    ids=str,
)
def test_what_makes_no_sense_is_refused_in_a_sentence(wrong: dict) -> None:
    with pytest.raises(BadInput, match=r"\.$"):
        configure(**wrong)


def test_adam_starts_from_its_own_rate() -> None:
    """Its steps are of the rate's size, so the paper's rate is fifty times too much."""
    digits = {"dataset": "digits", "data": describe("digits")}
    for given in ({}, {"arch": "cnn", "batch_norm": "none"}, digits):
        adam, _ = configure(optimizer="adam", **given)
        assert adam.training.lr == ((0, 1e-3),)
    asked, _ = configure(optimizer="adam", lr=((0, 0.1),))
    assert asked.training.lr == ((0, 0.1),)
    teacher, _ = configure_pretraining(optimizer="adam", **digits)
    assert teacher.training.momentum == 0
    assert teacher.training.learning_rate(0) == 1e-3
    assert configure_pretraining(**digits)[0].training.momentum == 0.9
    adam, sgd = (plan(*configure(optimizer=n), 1e11) for n in ("adam", "sgd"))
    assert adam.memory > sgd.memory and adam.disk > sgd.disk

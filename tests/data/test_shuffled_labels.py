"""Shuffled labels are the same labels, dealt out anew; the test split keeps its own."""

from typing import Any

import numpy as np
import pytest

from tfluck.data import describe
from tfluck.experiment.scales import configure, configure_pretraining
from tfluck.foundations.errors import BadInput


def opened(**given: Any) -> Any:
    from tfluck.data.training_data import open_images

    experiment, _ = configure_pretraining(
        dataset="digits", data=describe("digits"), arch="fc", **given
    )
    return experiment, open_images(experiment)


def test_labels_are_dealt_out_anew_and_nothing_else_is_touched(tf: Any) -> None:
    plain, true = opened()
    mixed, shuffled = opened(labels="shuffled")
    assert plain.digest() != mixed.digest()
    for name in ("x_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(true, name), getattr(shuffled, name))
    assert np.array_equal(np.bincount(true.y_train), np.bincount(shuffled.y_train))
    # Ten classes: a tenth of the labels stays right by chance.
    assert 0.05 < (true.y_train == shuffled.y_train).mean() < 0.15
    again = opened(labels="shuffled")[1]
    np.testing.assert_array_equal(shuffled.y_train, again.y_train)
    other = opened(labels="shuffled", seed=2)[1]
    assert not np.array_equal(shuffled.y_train, other.y_train)


def test_of_a_subset_its_own_labels_are_dealt_out(tf: Any) -> None:
    true, shuffled = (
        opened(samples=100, labels=how)[1] for how in ("true", "shuffled")
    )
    np.testing.assert_array_equal(true.x_train, shuffled.x_train)
    assert np.array_equal(np.sort(true.y_train), np.sort(shuffled.y_train))


def test_students_of_a_teacher_have_no_labels_to_shuffle() -> None:
    with pytest.raises(BadInput, match="use `tfluck pretrain`"):
        configure(labels="shuffled")
    with pytest.raises(BadInput, match="labels"):
        configure(labels="wrong")


def test_the_command_says_it(tfluck: Any, tmp_path: Any) -> None:
    words = ("pretrain", "--dataset", "digits", "--out", tmp_path, "--dry-run")
    digests = {tfluck(*words).stdout, tfluck(*words, "--labels", "shuffled").stdout}
    assert len(digests) == 2
    assert "digest" in digests.pop()
    assert tfluck(*words, "--labels", "wrong").exit_code == 2

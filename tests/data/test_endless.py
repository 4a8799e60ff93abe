"""The public pipeline: endless, a pure function of (seed, name, step), and a run's own."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfluck.data import describe
from tfluck.experiment.scales import make_experiment
from tfluck.foundations.errors import BadInput

CASES: dict[str, dict[str, Any]] = {
    "gaus": {},
    "rademacher images": {"source": "rademacher", "shape": (4, 4, 1)},
    "heavy tails": {"source": "student-t:3", "covariance": "spectrum:1"},
    "finite": {"source": "mixture:2", "samples": 9},
    "digits": {"source": "digits"},
    "digits, no labels": {"source": "digits", "labelled": False, "samples": 30},
    "digits, shifted": {"source": "digits", "augment": True},
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request: pytest.FixtureRequest, tf: Any) -> dict[str, Any]:
    return {"batch_size": 6, "seed": 3} | request.param


def taken(data: Any, count: int) -> list[list[np.ndarray]]:
    return [
        [np.asarray(part) for part in (batch if isinstance(batch, tuple) else (batch,))]
        for batch in islice(data, count)
    ]


def same(one: list[list[np.ndarray]], two: list[list[np.ndarray]]) -> bool:
    return all(
        np.array_equal(a, b)
        for left, right in zip(one, two, strict=True)
        for a, b in zip(left, right, strict=True)
    )


def test_a_late_start_is_a_skip(case: dict[str, Any]) -> None:
    from tfluck.data import stream

    whole = taken(stream(**case), 8)
    assert same(taken(stream(**case), 8), whole)
    for start in (1, 5):
        late = taken(stream(**case, start=start), 3)
        assert same(late, whole[start : start + 3])
        assert same(late, taken(stream(**case).skip(start), 3))


def test_seeds_and_names_are_independent(case: dict[str, Any]) -> None:
    from tfluck.data import stream

    whole = taken(stream(**case), 3)
    for change in ({"seed": 4}, {"name": "other"}):
        assert not same(taken(stream(**case | change), 3), whole)


def test_its_elements_are_known_and_it_never_ends(
    case: dict[str, Any], tf: Any
) -> None:
    from tfluck.data import stream

    data = stream(**case)
    assert data.cardinality() == tf.data.INFINITE_CARDINALITY
    (batch,) = taken(data, 1)
    spec = data.element_spec if len(batch) > 1 else (data.element_spec,)
    for part, known in zip(batch, spec, strict=True):
        assert known.shape == part.shape and known.dtype == part.dtype == np.float32
    assert (len(batch) == 2) == (
        case.get("source") == "digits" and "labelled" not in case
    )


def test_it_is_what_a_training_of_the_same_settings_reads(
    case: dict[str, Any], tf: Any
) -> None:
    from tfluck.data import open_stream, stream
    from tfluck.data.training_data import open_images

    given = dict(case)
    name, shape = given.pop("source", "gaus"), given.pop("shape", (20,))
    labelled = given.pop("labelled", True) and name == "digits"
    config = make_experiment(
        data=describe(name), dataset=name, arch="cnn" if len(shape) == 3 else "fc",
        image_size=shape[0], input_dim=shape[0], eval_samples=10, teacher_widths=(3,),
        targets="labels" if labelled else "teacher", **given,
    )  # fmt: skip
    run = open_stream(config, config.seed, "train", open_images(config))
    for at, batch in enumerate(taken(stream(**case), 4)):
        known = run.batches(at, 1)
        parts = known if labelled else (known,)
        assert same([batch], [[np.asarray(part[0]) for part in parts]])


def test_its_scale_is_the_one_that_was_asked_for(tf: Any) -> None:
    from tfluck.data import stream
    from tfluck.experiment.inputs import spectrum

    data = stream("rademacher", shape=(3,), std=2.0, covariance="spectrum:2")
    (((x,)),) = taken(data, 1)
    scales = 2 * np.array(spectrum("spectrum:2", 3))
    np.testing.assert_allclose(np.abs(x), np.broadcast_to(scales, x.shape), rtol=1e-6)


def test_keras_fits_it(tf: Any) -> None:
    """A teacher of the user's own, in the two lines of the documentation."""
    import keras

    from tfluck.data import stream

    teacher = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    student = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    student.compile(optimizer=keras.optimizers.SGD(0.3), loss="mse")
    pairs = stream(shape=(5,), batch_size=16, std=1.0).map(lambda x: (x, teacher(x)))
    history = student.fit(pairs, steps_per_epoch=20, epochs=2, shuffle=False, verbose=0)
    assert history.history["loss"][1] < 0.2 * history.history["loss"][0]


REFUSED = {
    "no source": ({"source": "nope"}, "Unknown data set 'nope'"),
    "labels": ({"labelled": True}, "gaus has no labels"),
    "augment": ({"augment": True}, "Only images"),
    "covariance of images": (
        {"shape": (4, 4, 1), "covariance": "spectrum:1"},
        "vectors",
    ),
    "covariance of a set": ({"source": "digits", "covariance": "spectrum:1"}, "a law"),
    "covariance": ({"covariance": "flat"}, "covariance is identity or"),
    "batch": ({"batch_size": 0}, "batch_size must be at least 1"),
    "shape": ({"shape": ()}, "shape must be at least 1"),
    "shape of nothing": ({"shape": (3, 0)}, "shape must be at least 1"),
    "samples": ({"samples": 0}, "samples must be at least 1"),
    "few": ({"samples": 3}, "A batch of 64 does not fit a data set of 3"),
    "more than there are": ({"source": "digits", "samples": 9999}, "digits has 1297"),
    "std": ({"std": float("nan")}, "std must be a finite number"),
    "start": ({"start": -1}, "start must be a finite number of at least 0"),
    "seed": ({"seed": -1}, "seed must be"),
    "file": ({"source": "npz:nowhere.npz"}, "There is no file"),
}


@pytest.mark.parametrize(("given", "said"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_meaning_is_refused(
    given: dict[str, Any], said: str, tf: Any
) -> None:
    from tfluck.data import stream

    with pytest.raises(BadInput, match=said):
        stream(**given)


def test_features_are_not_augmented(tmp_path: Path, tf: Any) -> None:
    from tfluck.data import stream

    x, y = np.ones((4, 3), np.float32), np.arange(4) % 2
    np.savez(tmp_path / "x.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    with pytest.raises(BadInput, match="Only images"):
        stream(f"npz:{tmp_path / 'x.npz'}", batch_size=2, augment=True)

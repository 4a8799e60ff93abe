"""``digits``: 1,797 handwritten digits of 8×8 pixels, which ship with scikit-learn."""

from collections.abc import Mapping
from typing import Any

from tfluck.data.sources.arrays import Arrays

#: Samples kept for testing, the same ones in every run.
TEST = 500


def read() -> Mapping[str, Any]:
    """Shuffle the digits, always alike, and cut the test samples off."""
    from sklearn.datasets import load_digits

    from tfluck.foundations.seeds import generator

    bunch = load_digits()
    order = generator(0, "digits", "split").permutation(len(bunch.target))
    x, y = bunch.images[order, :, :, None], bunch.target[order]
    train, test = slice(None, -TEST), slice(-TEST, None)
    cut = {"x_train": x[train], "y_train": y[train]}
    return cut | {"x_test": x[test], "y_test": y[test]}


DIGITS = Arrays(
    kind="digits",
    title="scikit-learn's digits",
    shape=(8, 8, 1),
    classes=10,
    train=1797 - TEST,
    test=TEST,
    read=read,
    package="sklearn",
    extra="tfluck[digits]",
    ships="ships with scikit-learn",
    advice="The digits ship with scikit-learn, which is not installed; run "
    "pip install 'tfluck[digits]'.",
)

"""Every specimen trained once, without a stop, as the laws need it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tfluck.runs import Run


class Whole(NamedTuple):
    """A specimen whose two students were trained one after the other."""

    name: str
    run: Run
    kernel: Any
    outcomes: dict[int, dict[str, str]]
    #: Makes the same run again, untrained, in a folder of its own.
    again: Callable[[Path], Run]


@pytest.fixture(scope="session")
def whole(tf: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Whole]:
    """Return a specimen, trained; each is trained once."""
    from laws.specimens import SPECIMENS, make, outcome, train

    from tfluck.training.kernel import Kernel
    from tfluck.training.pretrain import finish_teacher

    known: dict[str, Whole] = {}
    folder = tmp_path_factory.mktemp("specimens") / "runs"

    def trained(name: str) -> Whole:
        if name in known:
            return known[name]
        teacher = None
        if source := SPECIMENS[name].get("teacher"):
            pretrained = trained(source).run
            finish_teacher(pretrained)
            teacher = pretrained.layout.pretrained
        run = make(name, folder, teacher)
        kernel = Kernel(run)
        for seed in run.seeds:
            train(run, seed, kernel)
        known[name] = Whole(
            name,
            run,
            kernel,
            {seed: outcome(run, seed) for seed in run.seeds},
            lambda place: make(name, place / "runs", teacher),
        )
        return known[name]

    return trained


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A law that takes a ``specimen`` holds for all of them."""
    if "specimen" in metafunc.fixturenames:
        from laws.specimens import FEW, SPECIMENS

        marker = metafunc.definition.get_closest_marker("specimens")
        names = marker.args if marker else SPECIMENS
        costly = metafunc.definition.get_closest_marker("costly")
        rows = [
            pytest.param(name, marks=pytest.mark.slow)
            if costly and name not in FEW
            else name
            for name in names
        ]
        metafunc.parametrize("specimen", rows, indirect=True, scope="session")


@pytest.fixture(scope="session")
def specimen(request: pytest.FixtureRequest, whole: Callable[[str], Whole]) -> Whole:
    """One row of the table, trained."""
    return whole(request.param)

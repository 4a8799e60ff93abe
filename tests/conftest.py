"""Fixtures that every test may use. TensorFlow starts here, once, with our settings."""

import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import Phase, settings
from making import make

from tfluck.experiment.scales import configure
from tfluck.runs import Run

pytest_plugins = ["weight_files"]

# A job in the background ignores Ctrl-C, and so would every process that is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: How many examples of a property are tried: TFLUCK_EXAMPLES=1000 for a long night.
EXAMPLES = int(os.environ.get("TFLUCK_EXAMPLES", "60"))
# A slow machine must not fail a fact.
# On a build machine the examples are always the same: what was green stays so, and new
# ones are found where somebody can look at them.
settings.register_profile(
    "tfluck",
    deadline=None,
    max_examples=EXAMPLES,
    derandomize="CI" in os.environ,
)
# Where only the fact counts that a test fails, not the smallest example of it.
hasty = [Phase.explicit, Phase.generate]
settings.register_profile(
    "hasty", deadline=None, max_examples=EXAMPLES, phases=hasty, database=None
)
settings.load_profile("tfluck")


def pytest_configure(config: pytest.Config) -> None:
    """Compile each module once for all processes, TensorFlow's where it may be written.

    A process that finds no bytecode compiles thousands of modules before it does anything,
    and there are dozens of them here: workers, and commands that are tested from outside.
    """
    found = importlib.util.find_spec("tensorflow")
    has_bytecode = found and found.cached and Path(found.cached).exists()
    cache = getattr(config, "cache", None)
    if sys.dont_write_bytecode and cache is not None:
        if not has_bytecode:
            os.environ["PYTHONPYCACHEPREFIX"] = str(cache.mkdir("bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep tests that share what was trained in one process, or both would train it."""
    from xdist.scheduler import LoadScopeScheduling

    class Sharing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return shared(nodeid)

    return Sharing(config, log)


def shared(nodeid: str) -> str:
    """Name what a test belongs to: its specimen, its file if that makes something, itself.

    What learns from another specimen's teacher belongs where that is, and the claims about
    one statement belong together.
    """
    from laws.specimens import SPECIMENS

    path, _, test = nodeid.partition("::")
    given = test.partition("[")[2].rstrip("]") + "-"
    names = [name for name in SPECIMENS if given.startswith(f"{name}-")]
    if path.startswith("tests/laws/") and names:
        return max(names, key=len).replace("pretrained", "labels")
    if path == "tests/theory/test_checks.py":
        return nodeid.rpartition(".")[0]
    return path if makes_something(Path(__file__).parents[1] / path) else nodeid


@cache
def makes_something(path: Path) -> bool:
    """Tell whether fixtures of the file are kept for all of its tests."""
    return 'scope="module"' in path.read_text()


def pytest_collection_finish() -> None:
    """Modules must import TensorFlow late, or it starts with settings that are not ours."""
    if "tensorflow" in sys.modules:
        raise pytest.UsageError("a test module imports TensorFlow; do it in the tests")


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_disks() -> Iterator[None]:
    """Let nobody wait for a disk: what a test leaves need not outlive a loss of power.

    That we do ask for it, and in which order, ``foundations/test_ground.py`` says.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def tf() -> Any:
    """TensorFlow, deterministic, two threads."""
    from tfluck.foundations.runtime import start_tensorflow

    return start_tensorflow(2)


@pytest.fixture(scope="session")
def tiny() -> dict[str, Any]:
    """Settings small enough for many tests, large enough to have every feature."""
    return {
        "teacher_widths": (3, 4),
        "multiplier": 2,
        "outputs": 5,
        "input_dim": 6,
        "image_size": 8,
        "epochs": 3,
        "samples_per_epoch": 300,
        "batch_size": 16,
        "eval_samples": 100,
        "chunk": 7,
        "jit": False,
    }


@pytest.fixture
def make_run(tmp_path: Path, tiny: dict[str, Any]) -> Callable[..., Run]:
    """Make a run directory of tiny networks; keyword arguments are settings."""

    def made(folder: str = "runs", **given: Any) -> Run:
        return make(tmp_path / folder, configure(**tiny | given))

    return made


@pytest.fixture(scope="session")
def tfluck() -> Callable[..., Result]:
    """Run the command line in this process: ``tfluck("runs", "list")``."""
    from tfluck.cli.main import main

    def call(*arguments: object) -> Result:
        import click

        @click.command(context_settings={"ignore_unknown_options": True})
        def whole() -> None:
            main([str(argument) for argument in arguments])

        return CliRunner().invoke(whole, [])

    return call

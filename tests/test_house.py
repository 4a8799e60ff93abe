"""The house stands as drawn: arrows point down, rooms stay small, nothing is forgotten."""

import ast
import configparser
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

#: Highest first. A module may import its own floor's rooms only if they are its own.
FLOORS = [
    {"cli"},
    {"papers"},
    {"studies"},
    {"sweeps"},
    {"training"},
    {"instruments"},
    {"zoo", "figures"},
    {"runs", "data", "networks", "theory"},
    {"analysis", "angular", "alignment", "weightfiles", "experiment"},
    {"architectures"},
    {"__init__", "foundations"},
]
#: Rooms that must work without TensorFlow.
DRY = {
    "theory",
    "angular",
    "alignment",
    "figures",
    "runs",
    "foundations",
    "experiment",
    "architectures",
    "analysis",
    "papers",
    "cli",
}
MODULES = sorted(p for top in ("tfluck", "cli") for p in (ROOT / top).rglob("*.py"))
names = [str(path.relative_to(ROOT)) for path in MODULES]


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "cli" if parts[0] == "cli" else parts[1]


def floor(name: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if name in rooms)


def package(path: Path) -> list[str]:
    """Return the parts of the package in which ``path`` is imported."""
    parts = path.relative_to(ROOT).parts[:-1]
    return ["tfluck", *parts] if parts[0] == "cli" else list(parts)


def imports(tree: ast.AST, here: list[str]) -> Iterator[str]:
    """Yield the full names that are imported in the package ``here``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def top_imports(tree: ast.Module, here: list[str]) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node, here)


def test_imports_are_seen_however_they_are_written() -> None:
    here = ["tfluck", "angular"]
    for code, name in {
        "import tfluck.training.step": "tfluck.training.step",
        "from tfluck import training": "tfluck.training",
        "from .. import training": "tfluck.training",
        "from ..training import step": "tfluck.training.step",
        "from .signs import solve": "tfluck.angular.signs",
        "def f():\n    from ..training.step import Program": "tfluck.training.step",
    }.items():
        assert name in set(imports(ast.parse(code), here)), code
    assert package(ROOT / "cli" / "ad" / "check.py") == ["tfluck", "cli", "ad"]


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_arrows_point_down(path: Path) -> None:
    here = room(path)
    for module in imports(ast.parse(path.read_text()), package(path)):
        parts = module.split(".")
        if parts[0] != "tfluck" or len(parts) < 2 or parts[1].startswith("__"):
            continue
        there = parts[1]
        if any(there in rooms for rooms in FLOORS) and there != here:
            assert floor(there) > floor(here), f"{here} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_dry_rooms_import_no_tensorflow_at_the_top(path: Path) -> None:
    if room(path) in DRY:
        wet = {"tensorflow", "keras", "tensorboard", "tensorflow_datasets"}
        tree = ast.parse(path.read_text())
        found = {module.split(".")[0] for module in top_imports(tree, package(path))}
        assert not wet & found


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_rooms_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = length(node) - (
                length(node.body[0]) if ast.get_docstring(node) else 0
            )
            assert lines <= 45, f"{node.name} has {lines} lines"


def length(node: ast.stmt) -> int:
    """Count the lines from the first word to the last, signature included."""
    return (node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_nothing_from_a_file_is_ever_run(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile", "__import__"}
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not {"pickle", "dill", "joblib", "marshal", "shelve"} & set(
                imports(node, package(path))
            )
        if isinstance(node, ast.keyword):
            value = getattr(node.value, "value", None)
            assert node.arg != "allow_pickle" or value is False


def test_what_needs_no_network_of_ours_waits_for_no_tensorflow() -> None:
    rooms = (
        "tfluck, tfluck.zoo.addresses, tfluck.weightfiles, tfluck.analysis, tfluck.runs"
    )
    code = (
        f"import sys, {rooms}\nassert not {{'tensorflow', 'keras'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_package_is_declared() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = set(setup["options"]["packages"].split())
    folders = {
        path.parent.relative_to(ROOT) for path in MODULES if path.name == "__init__.py"
    }
    found = {".".join(folder.parts) for folder in folders}
    installed = {f"tfluck.{n}" if n.split(".")[0] == "cli" else n for n in found}
    assert declared == installed


def test_presets_are_shipped() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert "*/*.toml" in setup["options.package_data"]["tfluck.experiment.presets"]


def test_claims_are_shipped() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert setup["options.package_data"]["tfluck.papers"] == "claims/*.toml"


def test_templates_of_pages_are_shipped() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    shipped = setup["options.package_data"]["tfluck.papers.report"]
    assert shipped == "templates/*"
    assert list((ROOT / "tfluck" / "papers" / "report").glob(shipped))
    assert "jinja2" in setup["options"]["install_requires"]


def test_tests_have_a_dial() -> None:
    """``TFLUCK_EXAMPLES`` says how many examples of a property are tried."""
    code = "import conftest; from hypothesis import settings; print(settings().max_examples)"
    for given, tried in (({}, "60"), ({"TFLUCK_EXAMPLES": "7"}, "7")):
        environment = {k: v for k, v in os.environ.items() if k != "TFLUCK_EXAMPLES"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT / "tests", env=environment | given,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.split() == [tried]


@pytest.mark.parametrize(
    "name", ["tfluck", "tfluck.networks", "tfluck.data", "tfluck.papers", "tfluck.runs"]
)
def test_every_public_name_leads_somewhere(name: str, tf: Any) -> None:
    """Names that are imported when first asked for are asked for here."""
    module = importlib.import_module(name)
    assert all(getattr(module, public) is not None for public in module.__all__)

"""A registry holds ours and what plugins bring, and imports nothing before it is asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfluck.foundations.errors import BadInput
from tfluck.foundations.registry import Registry, load_plugins

PLUGIN = """from registries import COLOURS
COLOURS.register("green", 3)
"""


def test_what_is_named_by_text_is_imported_when_asked_for() -> None:
    known: Registry[object] = Registry(
        "number", {"pi": "math:pi", "lost": "math:nothing"}
    )
    assert list(known) == ["pi", "lost"]
    assert known["pi"] == known.find("pi") == pytest.approx(3.14159, abs=1e-5)
    with pytest.raises(AttributeError):
        known["lost"]


def test_a_name_is_taken_once() -> None:
    known: Registry[int] = Registry("colour", {"red": 1})
    known.register("blue", 2)
    known.register("blue", 2)
    with pytest.raises(BadInput, match="There is a colour 'blue' already"):
        known.register("blue", 3)
    assert dict(known) == {"red": 1, "blue": 2} and len(known) == 2


def test_an_unknown_name_is_told_what_is_near() -> None:
    known: Registry[int] = Registry("colour", {"red": 1, "blue": 2})
    with pytest.raises(BadInput, match="No colour 'bleu'; there is blue"):
        known.find("bleu")
    with pytest.raises(BadInput, match="there is red, blue"):
        known.find("xyzzy")
    with pytest.raises(KeyError):
        known["bleu"]


def run(
    code: str, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``code`` where a registry and a plugin for it lie in ``folder``."""
    (folder / "registries.py").write_text(
        "from tfluck.foundations.registry import Registry\n"
        'COLOURS = Registry("colour", {"red": 1})\n'
    )
    (folder / "my_plugin.py").write_text(PLUGIN)
    text = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True,
        env=os.environ | environment, check=False,
    )  # fmt: skip


ASK = "from registries import COLOURS; print(dict(COLOURS), 'green' in COLOURS)"


def test_plugins_come_by_the_environment_and_by_entry_points(tmp_path: Path) -> None:
    assert run(ASK, tmp_path).stdout == "{'red': 1} False\n"
    green = "{'red': 1, 'green': 3} True\n"
    assert run(ASK, tmp_path, TFLUCK_PLUGINS="my_plugin").stdout == green
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tfluck.plugins]\nmine = my_plugin\n")
    assert run(ASK, tmp_path).stdout == green


def test_a_plugin_that_fails_is_named(tmp_path: Path) -> None:
    code = f"""
from tfluck.foundations.errors import BadInput
try:
    {ASK}
except BadInput as error:
    print(error)
"""
    done = run(
        code.replace("; print", "\n    print"), tmp_path, TFLUCK_PLUGINS="nowhere"
    )
    assert "The plugin nowhere cannot be imported: ModuleNotFoundError" in done.stdout


def test_here_there_are_none() -> None:
    assert load_plugins() == ()

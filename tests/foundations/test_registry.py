"""A registry holds ours and what plugins bring, and imports nothing before it is asked."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tfluck.foundations.errors import BadInput
from tfluck.foundations.registry import GROUP, Registry, load_plugins

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


METADATA = "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n"
#: Finds packages where `sys.path` does not lead.
FINDER = """
from importlib.metadata import Distribution, MetadataPathFinder
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None): return None
    @staticmethod
    def find_distributions(context):
        context = type(context)(name=context.name, path=[place])
        return MetadataPathFinder.find_distributions(context)
sys.meta_path.append(Finder)
"""
ASK = "from registries import COLOURS; print(dict(COLOURS), 'green' in COLOURS)"


def test_plugins_come_by_the_environment_and_by_entry_points(tmp_path: Path) -> None:
    assert run(ASK, tmp_path).stdout == "{'red': 1} False\n"
    green = "{'red': 1, 'green': 3} True\n"
    assert run(ASK, tmp_path, TFLUCK_PLUGINS="my_plugin").stdout == green
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text("[tfluck.plugins]\nmine = my_plugin\n")
    assert run(ASK, tmp_path).stdout == green


@pytest.mark.parametrize(
    "speaks", ["egg-info", "upper", "archive", "finder", "other"], ids=str
)
def test_a_cheap_look_misses_no_plugin(speaks: str, tmp_path: Path) -> None:
    """What names our group is found wherever Python's own reader finds it."""
    entry = f"[{'another.group' if speaks == 'other' else GROUP}]\nmine = my_plugin\n"
    infos = {"egg-info": "mine.egg-info", "upper": "Mine-1.0.DIST-INFO"}
    info = tmp_path / infos.get(speaks, "mine-1.0.dist-info")
    code = ASK
    if speaks == "archive":
        with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
            archive.writestr(f"{info.name}/METADATA", METADATA)
            archive.writestr(f"{info.name}/entry_points.txt", entry)
        code = f"sys.path.append({str(tmp_path / 'mine.zip')!r})\n{ASK}"
    else:
        place = tmp_path / "elsewhere" if speaks == "finder" else tmp_path
        (place / info.name).mkdir(parents=True)
        (place / info.name / "METADATA").write_text(METADATA)
        (place / info.name / "entry_points.txt").write_text(entry)
    if speaks == "finder":
        code = f"place = {str(tmp_path / 'elsewhere')!r}\n{FINDER}\n{ASK}"
    green = "{'red': 1}" if speaks == "other" else "{'red': 1, 'green': 3}"
    assert run(code, tmp_path).stdout == f"{green} {speaks != 'other'}\n"


def test_where_nobody_speaks_of_plugins_the_reader_is_not_loaded(
    tmp_path: Path,
) -> None:
    code = f"{ASK}; print('importlib.metadata' in sys.modules)"
    assert run(code, tmp_path).stdout.split()[-1] == "False"


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

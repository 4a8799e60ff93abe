"""What ``tfluck analyze`` printed of old runs before instruments were objects.

``golden/analyze.json`` holds it for three of the runs in ``golden/format-1.tar.xz``, before
their training, without the paths.
"""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

import tfluck

GOLDEN = Path(__file__).parents[1] / "golden"
EXPECTED = json.loads((GOLDEN / "analyze.json").read_text())


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(GOLDEN / "format-1.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def holds(found: Any, expected: Any, path: str) -> None:
    """Equal to what float32 sums in another order allow, and told in the same order."""
    if isinstance(expected, dict):
        assert list(found) == list(expected), path
        for name in expected:
            holds(found[name], expected[name], f"{path}/{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), path
        for index, pair in enumerate(zip(found, expected, strict=True)):
            holds(*pair, f"{path}/{index}")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6), path
    else:
        assert found == expected, path


@pytest.mark.parametrize("run", EXPECTED)
@pytest.mark.parametrize("name", EXPECTED["dense"])
def test_users_see_the_numbers_they_saw(
    tf: Any, old: Path, monkeypatch: pytest.MonkeyPatch, run: str, name: str
) -> None:
    monkeypatch.chdir(old)
    epoch = None if name == "rank" else 0
    told = tfluck.analyze(old / "runs" / run, name, epoch=epoch).to_json()
    assert told.pop("run") == str(old / "runs" / run)
    told.pop("matrices", None)
    holds(told, EXPECTED[run][name], f"{run}/{name}")

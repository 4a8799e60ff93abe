"""No name, whoever chose it, gets a control character to the terminal."""

import json
import struct
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.cli.click import visible
from tfluck.cli.main import main

EVIL = "\x1b[2J\x9b1m\x07\r\x7f\u202e\u2066\u2028\b"


def commands(text: str) -> set[str]:
    categories = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return {c for c in text if unicodedata.category(c) in categories} - {"\n", "\t"}


@given(st.text())
def test_what_is_printed_has_no_commands(text: str) -> None:
    assert not commands(visible(text))
    plain = "".join(c for c in text if c not in commands(text))
    assert visible(plain) == plain


@given(st.dictionaries(st.text(), st.text()))
def test_json_stays_the_same_json(value: dict[str, str]) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert json.loads(visible(text)) == value


def weights(path: Path, prefix: str) -> Path:
    """Write BatchNorm vectors under a name of a stranger's choice."""
    header, at = {}, 0
    for part in ("weight", "bias", "running_mean", "running_var"):
        header[f"{prefix}.{part}"] = {
            "dtype": "F32", "shape": [2], "data_offsets": [at, at + 8],
        }  # fmt: skip
        at += 8
    raw = json.dumps(header).encode()
    body = np.ones(8, "f4").tobytes()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + body)
    return path


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("broken", [True, False])
def test_names_of_tensors_reach_the_terminal_as_text(
    as_json: bool, broken: bool, tmp_path: Path, capfd: Any
) -> None:
    path = weights(tmp_path / "x.safetensors", f"evil{EVIL}\n")
    if broken:
        raw = path.read_bytes().replace(b"[2]", b"[3]", 1)
        path.write_bytes(raw)
    with pytest.raises(SystemExit) as left:
        main(["analyze", "bn-bias", "--weights", str(path), *["--json"] * as_json])
    out, err = capfd.readouterr()
    assert left.value.code == int(broken)
    assert "evil" in out + err and not commands(out + err)
    if as_json and not broken:
        (network,) = json.loads(out)["models"]
        assert network["layers"][0]["name"] == f"evil{EVIL}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze", "rank", EVIL],
        ["runs", "show", EVIL],
        ["train", "--dataset", f"npz:{EVIL}.npz"],
        ["analyze", "compare", f"{EVIL}.keras", "b.keras", "--data", "x.npz"],
        ["ad", "verify", EVIL],
        ["train", "--seeds", EVIL],
        ["train", f"--{EVIL}"],
        [EVIL],
    ],
)
def test_names_of_files_and_words_come_back_as_text(
    arguments: list[str], capfd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    out, err = capfd.readouterr()
    assert left.value.code in (1, 2) and err
    assert not commands(out + err)

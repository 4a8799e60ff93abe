"""One flipped bit, one missing byte or line: the value that was written, or a sentence."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs.conftest import rows_of

from tfluck.foundations.errors import Damaged
from tfluck.foundations.files import finite
from tfluck.runs.records import Journal, encode, write_rows
from tfluck.runs.seal import (
    add_seal,
    checked_bytes,
    read_arrays,
    read_object,
    seal_of,
    write_arrays,
    write_object,
)

OBJECT = {"status": "finished", "step": 40, "speed": 1.5, "none": None, "told": ["é"]}
ARRAYS = {"layer0": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.int64(7)}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def flips(raw: bytes) -> Iterator[bytes]:
    """Every copy of ``raw`` with one bit the other way round."""
    for place in range(len(raw)):
        for bit in range(8):
            yield raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]


def told_or_right(
    path: Path, read: Callable[[Path], Any], whole: Any, damaged: Iterator[bytes]
) -> int:
    """Count the damaged files that are told; the others must read as before."""
    told = 0
    for raw in damaged:
        path.write_bytes(raw)
        try:
            assert read(path) == whole
        except Damaged as error:
            assert str(error).startswith(str(path)) and str(error).isprintable()
            told += 1
        assert path.read_bytes() == raw, "nothing is deleted by looking"
    return told


def test_every_flipped_bit_of_an_object_is_told_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_object(path, OBJECT)
    raw = path.read_bytes()
    # A blank between the values may turn into another blank; nothing else is harmless.
    assert told_or_right(path, read_object, OBJECT, flips(raw)) > 7 * len(raw)


def test_every_flipped_bit_of_arrays_is_told(tmp_path: Path) -> None:
    path = tmp_path / "epoch-00001.npz"
    write_arrays(path, {"layer0": ARRAYS["layer0"]})
    raw = path.read_bytes()
    read = lambda path: {k: v.tolist() for k, v in read_arrays(path).items()}  # noqa: E731
    whole = {"layer0": ARRAYS["layer0"].tolist()}
    # Only the line's end behind the seal is nobody's.
    assert told_or_right(path, read, whole, flips(raw)) == 8 * len(raw) - 8


def test_every_flipped_bit_of_a_journal_is_told_where_its_head_is_known(
    tmp_path: Path,
) -> None:
    path = tmp_path / "metrics.jsonl"
    head = write_rows(path, rows_of(0))
    raw = path.read_bytes()

    def read(path: Path) -> list[Any]:
        journal = Journal(path)
        if not journal.reaches(head):
            raise Damaged(path, "has lost rows.")
        return journal.rows

    assert told_or_right(path, read, rows_of(0), flips(raw)) > 7 * len(raw)


def test_a_journal_cut_anywhere_keeps_whole_rows_and_knows_what_it_lost(
    tmp_path: Path,
) -> None:
    path = tmp_path / "metrics.jsonl"
    head = write_rows(path, rows_of(0))
    raw = path.read_bytes()
    for size in range(len(raw)):
        path.write_bytes(raw[:size])
        journal = Journal(path)
        assert journal.rows == rows_of(0)[: raw[:size].count(b"\n")]
        assert not journal.reaches(head)


def test_no_line_of_a_journal_can_be_lost_moved_or_doubled(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = encode(rows_of(0)).splitlines(keepends=True)
    for order in ([1, 2], [0, 2], [1, 0, 2], [0, 0, 1, 2], [0, 2, 1]):
        path.write_bytes(b"".join(lines[at] for at in order))
        with pytest.raises(Damaged, match=r"is damaged in line \d"):
            Journal(path)


def test_a_torn_line_is_cut_and_the_rows_go_on(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write_rows(path, rows_of(0))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    journal = Journal(path)
    journal.rewind(len(journal.rows))
    assert path.read_bytes() == whole
    journal.append(rows_of(1))
    assert path.read_bytes() == encode([*rows_of(0), *rows_of(1)])
    journal.rewind(2)
    assert Journal(path).rows == rows_of(0)[:2] and Journal(path).head == journal.head


def test_rows_without_seals_are_read_where_none_are_promised(tmp_path: Path) -> None:
    """As the first format wrote them; a damaged line in the middle stops there too."""
    path = tmp_path / "metrics.jsonl"
    plain = encode(rows_of(0), sealed=False)
    assert b"seal" not in plain
    path.write_bytes(plain)
    assert Journal(path, sealed=False).rows == rows_of(0)
    assert Journal(path, sealed=False).head == write_rows(tmp_path / "b", rows_of(0))
    with pytest.raises(Damaged, match="lost its seal"):
        Journal(path)
    path.write_bytes(b"x" + plain)
    with pytest.raises(Damaged, match="line 1"):
        Journal(path, sealed=False)


WRONG_ROWS = [
    '{"epoch": "0", "split": "eval", "layer": null, "metric": "loss", "value": 1.0}',
    '{"epoch": 0, "split": "eval", "layer": null, "metric": "loss", "value": []}',
    '{"epoch": 0, "split": null, "layer": null, "metric": "loss", "value": 1.0}',
    '{"epoch": true, "split": "eval", "layer": null, "metric": "loss", "value": 1.0}',
    '{"epoch": 0, "split": "eval", "layer": null, "metric": "loss"}',
    "[" * 100_000,
    "null",
]


@pytest.mark.parametrize("line", WRONG_ROWS, ids=range(len(WRONG_ROWS)))
def test_rows_of_another_kind_are_a_sentence(tmp_path: Path, line: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(Damaged, match="line 1"):
        Journal(path, sealed=False)


OTHERS = ["", "[]", "3", '"x"', "null", "[" * 100_000, '{"a": ' * 50_000, "\x00", "{"]


@pytest.mark.parametrize("text", OTHERS, ids=range(len(OTHERS)))
def test_json_of_another_kind_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(Damaged, match="cannot be read"):
        read_object(tmp_path / "config.json", sealed=False)


@given(st.dictionaries(st.text().filter(lambda key: key != "seal"), json_values))
def test_any_object_makes_the_trip(
    tmp_path_factory: Any, value: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("seal") / "x.json"
    write_object(path, value)
    assert read_object(path) == finite(value)


@given(json_values, json_values)
def test_seals_tell_values_apart(one: Any, other: Any) -> None:
    same = repr(one) == repr(other)
    assert (seal_of(finite(one)) == seal_of(finite(other))) >= same
    assert seal_of(finite(one), "before") != seal_of(finite(one))


def test_numpy_and_hdf5_read_sealed_files_as_if_they_were_not(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    write_arrays(path, ARRAYS)
    with np.load(path) as archive:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(archive[name], array)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(3)
    with (tmp_path / "x.h5").open("r+b") as stream:
        add_seal(stream)
    checked_bytes(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["x"][:].tolist() == [0, 1, 2]


def test_an_archive_that_would_grow_is_refused_before_it_does(tmp_path: Path) -> None:
    """32 MB of zeros in 32 kB, and no seal to lose."""
    np.savez_compressed(tmp_path / "bomb.npz", layer0=np.zeros(2**22))
    with pytest.raises(Damaged, match="claims more than it holds"):
        read_arrays(tmp_path / "bomb.npz", sealed=False)


def test_without_a_seal_damage_of_the_directory_is_a_sentence_too(
    tmp_path: Path,
) -> None:
    """Encrypted flags, compression methods and versions that nobody has."""
    path = tmp_path / "x.npz"
    np.savez(path, layer0=ARRAYS["layer0"])
    raw = path.read_bytes()
    for damaged in flips(raw):
        path.write_bytes(damaged)
        try:
            read_arrays(path, sealed=False)
        except Damaged:
            continue

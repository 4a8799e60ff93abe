"""A journal under any rows, any cut, any edit: what it keeps, and what it tells."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.foundations.errors import Damaged, TfluckError
from tfluck.runs.records import (
    EMPTY,
    LAST,
    Journal,
    Row,
    encode,
    last_line,
    read_rows,
    write_rows,
)
from tfluck.runs.seal import KEY, read_object, seal_of, write_object

words = st.text(max_size=6)
numbers = st.none() | st.floats() | st.integers(-(2**60), 2**60)
rows = st.builds(
    Row, st.integers(0, 10**6), words, st.none() | st.integers(0, 99), words, numbers
)
many = st.lists(rows, max_size=6)


def kept(row: Row) -> Row:
    """What is not finite comes back as nothing."""
    value = row.value
    gone = isinstance(value, float) and not math.isfinite(value)
    return row._replace(value=None if gone else value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def fresh(factory: Any) -> Path:
    return Path(factory.mktemp("journal")) / "metrics.jsonl"


@settings(max_examples=30)
@given(many, many, st.booleans())
def test_rows_written_at_once_or_in_two_goes_are_the_same_bytes(
    tmp_path_factory: Any, one: list[Row], two: list[Row], sealed: bool
) -> None:
    path, other = fresh(tmp_path_factory), fresh(tmp_path_factory)
    head = write_rows(path, [*one, *two], sealed)
    journal = Journal(other, sealed)
    journal.append(one)
    journal.append(two)
    assert other.read_bytes() == path.read_bytes() or not (one or two)
    assert journal.head == head == Journal(path, sealed).head
    assert (
        journal.rows == read_rows(path, sealed) == [kept(row) for row in (*one, *two)]
    )
    assert (head == EMPTY) == (not (one or two))


@settings(max_examples=30)
@given(many.filter(bool), st.data())
def test_any_prefix_keeps_its_whole_rows_and_their_heads(
    tmp_path_factory: Any, written: list[Row], data: st.DataObject
) -> None:
    path = fresh(tmp_path_factory)
    write_rows(path, written)
    whole, raw = Journal(path), path.read_bytes()
    size = data.draw(st.integers(0, len(raw)))
    path.write_bytes(raw[:size])
    cut = Journal(path)
    count = raw[:size].count(b"\n")
    assert cut.rows == whole.rows[:count] and cut.entries == whole.entries[:count]
    for at, entry in enumerate(whole.entries):
        assert cut.reaches(entry.seal) == (at < count)
        assert whole.count(entry.seal) == at + 1
    assert cut.reaches(EMPTY) and cut.count(EMPTY) == 0
    # What was torn off is written again, to the same bytes.
    cut.rewind(count)
    cut.append(whole.rows[count:])
    assert path.read_bytes() == raw and cut.head == whole.head


@settings(max_examples=30)
@given(many.filter(bool), st.data())
def test_any_flipped_bit_is_told_or_leaves_a_shorter_journal(
    tmp_path_factory: Any, written: list[Row], data: st.DataObject
) -> None:
    path = fresh(tmp_path_factory)
    head = write_rows(path, written)
    raw = bytearray(path.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    try:
        journal = Journal(path)
    except Damaged as error:
        assert "is damaged in line" in str(error)
        return
    assert [*map(repr, journal.rows)] == [
        *map(repr, [kept(row) for row in written][: len(journal.rows)])
    ]
    assert journal.reaches(head) == (len(journal.rows) == len(written))


@settings(max_examples=30)
@given(st.lists(rows, min_size=2, max_size=5), st.data())
def test_a_journal_of_other_rows_does_not_reach_this_ones_head(
    tmp_path_factory: Any, written: list[Row], data: st.DataObject
) -> None:
    """Each seal covers all lines before it: changing an early row moves every later seal."""
    path = fresh(tmp_path_factory)
    write_rows(path, written)
    at = data.draw(st.integers(0, len(written) - 1))
    other = [*written]
    other[at] = other[at]._replace(epoch=other[at].epoch + 1)
    seals = [entry.seal for entry in Journal(path).entries]
    write_rows(path, other)
    moved = [entry.seal for entry in Journal(path).entries]
    assert moved[:at] == seals[:at]
    assert all(a != b for a, b in zip(moved[at:], seals[at:], strict=True))


def test_seals_of_known_rows_do_not_change() -> None:
    """Runs of today must be read for ever: the digits are written down here."""
    row = Row(3, "eval", None, "loss", 0.25)
    first = json.loads(encode([row]))
    value = {
        "epoch": 3,
        "split": "eval",
        "layer": None,
        "metric": "loss",
        "value": 0.25,
    }
    assert first == value | {KEY: seal_of(value)}
    assert seal_of(value) == "4ffc859402878240"
    second = json.loads(encode([row, row]).splitlines()[1])
    assert second[KEY] == seal_of(value, first[KEY]) != first[KEY]


def test_entries_know_where_their_lines_end(path: Path) -> None:
    write_rows(path, [Row(0, "é", 1, "m", 1.0), Row(1, "eval", None, "loss", None)])
    raw = path.read_bytes()
    ends = [entry.end for entry in Journal(path).entries]
    assert ends == [raw.index(b"\n") + 1, len(raw)]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_rewinding_leaves_the_first_rows_on_disk(path: Path, count: int) -> None:
    written = [Row(epoch, "eval", None, "loss", 1.0) for epoch in range(3)]
    journal = Journal(path)
    journal.append(written)
    journal.rewind(count)
    assert journal.rows == Journal(path).rows == written[:count]
    assert path.read_bytes() == encode(written[:count])


def test_a_missing_journal_has_no_rows_and_is_made_by_its_first(path: Path) -> None:
    journal = Journal(path)
    assert (journal.rows, journal.head, path.exists()) == ([], EMPTY, False)
    journal.append([Row(0, "eval", None, "loss", 1.0)])
    assert path.stat().st_mode & 0o777 == 0o644 & ~_umask()
    assert len(read_rows(path)) == 1


def _umask() -> int:
    before = os.umask(0)
    os.umask(before)
    return before


def test_a_journal_is_not_read_or_written_through_what_is_no_file(
    path: Path, tmp_path: Path
) -> None:
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(Damaged, match="is missing"):
        Journal(path)
    path.unlink()
    journal = Journal(path)
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TfluckError, match="Cannot write"):
        journal.append([Row(0, "eval", None, "loss", 1.0)])
    assert not (tmp_path / "elsewhere").exists()
    path.unlink()
    path.mkdir()
    with pytest.raises(Damaged, match="is a folder"):
        Journal(path)


GOOD = {"epoch": 0, "split": "eval", "layer": 1, "metric": "loss", "value": 1}


@pytest.mark.parametrize(
    "change",
    [{"epoch": 0.0}, {"epoch": None}, {"epoch": False}, {"split": 1}, {"layer": "1"},
     {"layer": 1.0}, {"layer": True}, {"metric": None}, {"value": "1"}, {"value": True},
     {"value": {}}, {"more": 1}],
)  # fmt: skip
def test_each_field_has_its_type_though_the_seal_is_right(
    path: Path, change: dict[str, Any]
) -> None:
    path.write_text(json.dumps(GOOD | {KEY: seal_of(GOOD)}) + "\n")
    assert Journal(path).rows == [Row(0, "eval", 1, "loss", 1)]
    value = GOOD | change
    path.write_text(json.dumps(value | {KEY: seal_of(value)}) + "\n")
    with pytest.raises(Damaged, match="is damaged in line 1"):
        Journal(path)


@pytest.mark.parametrize("name", GOOD)
def test_no_field_may_be_missing(path: Path, name: str) -> None:
    value = {key: item for key, item in GOOD.items() if key != name}
    path.write_text(json.dumps(value | {KEY: seal_of(value)}) + "\n")
    with pytest.raises(Damaged, match="is damaged in line 1"):
        Journal(path)


def test_a_damaged_line_is_counted_from_1(path: Path) -> None:
    raw = encode([Row(epoch, "eval", None, "loss", 1.0) for epoch in range(3)])
    path.write_bytes(raw.replace(b'"epoch": 2', b'"epoch": 7'))
    with pytest.raises(
        Damaged, match=r"is damaged in line 3: it does not match its seal"
    ):
        Journal(path)
    path.write_bytes(raw + b"\n")
    with pytest.raises(Damaged, match="is damaged in line 4"):
        Journal(path)


def test_the_last_line_is_what_stands_before_the_last_line_end(path: Path) -> None:
    assert last_line(path) == {}
    lines = encode([Row(epoch, "eval", None, "loss", 1.0) for epoch in range(99)])
    path.write_bytes(lines)
    assert last_line(path)["epoch"] == 98
    path.write_bytes(lines[:-1])
    assert last_line(path)["epoch"] == 97, "the torn one is none"
    for raw in (b"", b"\n", b"x\n", b"[1]\n", b"3\n", b"[" * 3000 + b"\n", b'{"a": 1}'):
        path.write_bytes(raw)
        assert last_line(path) == {}
    path.unlink()
    path.mkdir()
    assert last_line(path) == {}


def test_the_last_line_is_looked_for_near_the_end_only(path: Path) -> None:
    line = b'{"a": "' + b"x" * (LAST - 10) + b'"}\n'
    assert len(line) == LAST
    path.write_bytes(b"{}\n" + line)
    assert last_line(path) == json.loads(line)
    path.write_bytes(b"{}\n" + line.replace(b"x", b"xx", 1))
    assert last_line(path) == {}, "a longer line is none of ours"


@settings(max_examples=30)
@given(
    st.dictionaries(words.filter(lambda key: key != KEY), numbers | words, max_size=4)
)
def test_a_seal_does_not_know_an_order_or_a_layout(
    tmp_path_factory: Any, value: dict[str, Any]
) -> None:
    path = fresh(tmp_path_factory)
    write_object(path, value)
    found = read_object(path)
    sealed = json.loads(path.read_text())
    turned = dict(reversed(sealed.items()))
    path.write_text(json.dumps(turned, indent=7))
    assert read_object(path) == found
    if value:
        path.write_text(json.dumps(sealed | {"more": 1}))
        with pytest.raises(Damaged, match="does not match its seal"):
            read_object(path)
        assert "more" in read_object(path, sealed=None), "None looks at no seal"
    del sealed[KEY]
    path.write_text(json.dumps(sealed))
    assert read_object(path, sealed=False) == found
    with pytest.raises(Damaged, match="has lost its seal"):
        read_object(path)

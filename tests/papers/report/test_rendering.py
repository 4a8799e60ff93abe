"""Pages escape what they are given, and are not written when they could not be sent."""

import base64
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from PIL import Image

from tfluck.foundations.errors import TfluckError
from tfluck.papers.report import rendering
from tfluck.papers.report.rendering import (
    Picture,
    anchor,
    number,
    quoted,
    render,
    surroundings,
    write_page,
)


def png(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (width, height)).save(stream, "PNG")
    return stream.getvalue()


def test_a_picture_is_its_bytes() -> None:
    raw = png(7, 3)
    found = Picture.of(raw, "seven by three")
    head, _, body = found.source.partition(",")
    assert head == "data:image/png;base64" and base64.b64decode(body) == raw
    assert (found.width, found.height, found.alt) == (7, 3, "seven by three")


def test_no_other_kind_of_picture_is_read() -> None:
    stream = io.BytesIO()
    Image.new("L", (2, 2)).save(stream, "GIF")
    with pytest.raises(OSError, match="cannot identify"):
        Picture.of(stream.getvalue(), "")


def test_numbers_have_four_digits_and_nothing_is_a_dash() -> None:
    shown = [number(value) for value in (None, 0.123456, -1.5, 7, "word")]
    assert shown == ["–", "0.1235", "−1.5", "7", "word"]


@given(st.text())
def test_commands_in_a_sentence_are_all_that_is_not_text(text: str) -> None:
    shown = str(quoted(f"{text}`tfluck <b>`"))
    bare = shown.replace("<code>", "").replace("</code>", "")
    assert "<" not in bare and ">" not in bare
    assert "tfluck &lt;b&gt;" in shown


def test_anchors_hold_no_spaces() -> None:
    assert anchor("claim", "alignment", "D1.gate (a)") == "claim-alignment-D1-gate-a"


def test_what_a_template_is_not_given_is_a_failure() -> None:
    with pytest.raises(UndefinedError):
        render("papers.html", title="t")


def test_a_page_says_where_it_was_made_and_not_when() -> None:
    told = surroundings()
    assert {"tfluck", "python", "packages", "processor", "cores"} <= set(told)
    assert "created" not in told
    assert told == surroundings()


def test_a_page_that_cannot_be_sent_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rendering.LARGEST == 15_000_000
    monkeypatch.setattr(rendering, "LARGEST", 10)
    path = tmp_path / "new" / "page.html"
    with pytest.raises(TfluckError, match="leave pictures out"):
        write_page(path, "ä" * 6)
    assert not path.exists()
    assert write_page(path, "ä" * 5) == 10
    assert path.read_text() == "ä" * 5

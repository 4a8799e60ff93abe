"""What parent and child say to each other, in this process: frames, limits, borrowed bytes."""

import io
import json
import os
import struct
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.weightfiles import apart
from tfluck.weightfiles.apart import receive, send
from tfluck.weightfiles.child import Borrowed

messages = st.dictionaries(
    st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=3
)


@given(st.lists(st.tuples(messages, st.binary(max_size=20)), max_size=4))
def test_frames_follow_each_other(frames):
    pipe = io.BytesIO()
    for message, payload in frames:
        send(pipe, message, payload)
    pipe.seek(0)
    assert [receive(pipe) for _ in frames] == frames
    with pytest.raises(EOFError):
        receive(pipe)


@given(messages, st.binary(max_size=20), st.data())
def test_a_frame_that_is_cut_is_the_end(message, payload, data):
    pipe = io.BytesIO()
    send(pipe, message, payload)
    raw = pipe.getvalue()
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(EOFError):
        receive(io.BytesIO(raw[:cut]))


def test_how_long_a_frame_may_be(monkeypatch):
    text = json.dumps({"a": 1}).encode()
    raw = struct.pack("<IQ", len(text), 5) + text + b"12345"
    monkeypatch.setattr(apart, "_MAX_JSON", len(text))
    monkeypatch.setattr(apart, "MAX_TENSOR_BYTES", 5)
    assert receive(io.BytesIO(raw)) == ({"a": 1}, b"12345")
    for name, most in (("_MAX_JSON", len(text) - 1), ("MAX_TENSOR_BYTES", 4)):
        with monkeypatch.context() as patch:
            patch.setattr(apart, name, most)
            with pytest.raises(ValueError, match="no frame"):
                receive(io.BytesIO(raw))


@pytest.mark.parametrize("text", [b"[1]", b"3", b"null", b'"x"'])
def test_a_message_is_an_object(text):
    with pytest.raises(ValueError, match="no frame"):
        receive(io.BytesIO(struct.pack("<IQ", len(text), 0) + text))


@pytest.mark.parametrize(
    ("dtype", "fits"),
    [("<f4", True), (">i8", True), ("|u1", True), ("?", False), ("|b1", True), ("f2", True),
     ("=c8", False), ("|O8", False), ("<U4", False), ("<f3", False), ("<f4, <f4", False),
     ("<f16", False), ("f4\n", False), ("", False)],
)  # fmt: skip
def test_which_numbers_a_child_may_send(dtype, fits):
    assert bool(apart._NUMBERS.fullmatch(dtype)) == fits


@pytest.fixture
def lent():
    """A file of a parent that answers every question about it, and counts them."""
    raw, asked = bytes(range(200)), []
    ask_read, ask_write = os.pipe()
    answer_read, answer_write = os.pipe()
    ends = [os.fdopen(ask_read, "rb"), os.fdopen(ask_write, "wb"),
            os.fdopen(answer_read, "rb"), os.fdopen(answer_write, "wb")]  # fmt: skip

    def parent():
        while True:
            try:
                message, _ = receive(ends[0])
            except EOFError:
                return
            offset, count = message["need"]
            asked.append((offset, count))
            send(ends[3], {}, raw[offset : offset + count])

    thread = threading.Thread(target=parent)
    thread.start()
    yield Borrowed(len(raw), ends[2], ends[1]), raw, asked
    ends[1].close()
    thread.join()
    for end in (ends[0], ends[2], ends[3]):
        end.close()


def test_borrowed_bytes_are_the_parents(lent):
    file, raw, asked = lent
    whole = io.BytesIO(raw)
    assert file.readable() and file.seekable() and file.tell() == 0
    for offset, whence, count in ((0, 0, 5), (7, 0, 0), (3, 1, 10), (-4, 2, 9), (500, 0, 3),
                                  (190, 0, 50), (0, 2, 1), (-200, 2, 200)):  # fmt: skip
        assert file.seek(offset, whence) == whole.seek(offset, whence)
        assert file.read(count) == whole.read(count)
        assert file.tell() == whole.tell()
    assert asked == [(0, 5), (10, 10), (196, 4), (190, 10), (0, 200)]
    with pytest.raises(ValueError, match="before the start"):
        file.seek(-1)

"""A remote file is a file: same bytes, few of them, and no trust in the server."""

import email.message
import io
import os
import socket
import urllib.request
import urllib.response

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfluck.foundations.errors import BadInput
from tfluck.weightfiles import RangedFile, Refused, Unreachable, open_stream, ranged

SIZE = 100_000


@pytest.fixture
def remote(tmp_path):
    path = tmp_path / "remote.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves=st.lists(st.tuples(st.integers(0, SIZE + 9), st.integers(-1, 40_000))))
def test_seek_and_read_as_on_disk(moves, remote, server):
    with RangedFile(server.url(remote)) as there, remote.open("rb") as here:
        for offset, count in moves:
            assert there.seek(offset) == here.seek(offset)
            assert there.read(count) == here.read(count)
            assert there.tell() == here.tell()


def test_every_block_travels_once(remote, server):
    file = RangedFile(server.url(remote))
    for _ in range(3):
        file.seek(0)
        file.read()
    assert file.transferred == server.sent == SIZE
    assert file.requests == 2  # The first block, then all others at once.


def test_server_that_ignores_ranges_is_refused_unread(remote, server):
    server.ranges = False
    with pytest.raises(Refused, match="ignores range requests"):
        open_stream(server.url(remote))
    assert len(server.asked) == 1


def test_redirect_is_resolved_once(remote, server):
    file = RangedFile(f"{server.address}/moved/{remote.name}")
    file.seek(50_000)
    assert file.read(20_000) == remote.read_bytes()[50_000:70_000]
    assert [path for path in server.asked if "moved" in path] == ["/moved/remote.bin"]


def test_expired_redirect_is_resolved_anew(remote, server):
    file = RangedFile(f"{server.address}/moved/{remote.name}")
    file._place = f"{server.address}/expired"
    file.seek(50_000)
    assert file.read(5) == remote.read_bytes()[50_000:50_005]


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///dev/null", "data:,x"])
def test_redirect_out_of_the_web_is_refused(target, remote, server):
    server.redirect = target
    with pytest.raises(Refused):
        RangedFile(f"{server.address}/moved/{remote.name}")


class Answering(urllib.request.BaseHandler):
    """Answers for the whole web: one redirect, then a page of two bytes."""

    handler_order = 100

    def __init__(self, target):
        self.target = target

    def https_open(self, request):
        moved = request.full_url != self.target
        headers = email.message.Message()
        headers["Location"] = self.target
        body = io.BytesIO(b"" if moved else b"ok")
        answer = urllib.response.addinfourl(
            body, headers, request.full_url, 302 if moved else 200
        )
        answer.msg = "Found"
        return answer

    http_open = https_open


@pytest.mark.parametrize("old", ["http", "https"])
@pytest.mark.parametrize("new", ["http", "https"])
def test_a_redirect_never_gives_up_encryption(old, new):
    opener = ranged._web_only()
    opener.add_handler(Answering(f"{new}://b.example/x"))
    if (old, new) == ("https", "http"):
        with pytest.raises(Refused, match="from https to http"):
            opener.open(f"{old}://a.example/x")
    else:
        assert opener.open(f"{old}://a.example/x").read() == b"ok"


def redirected(old, new):
    request = urllib.request.Request(old)
    with io.BytesIO() as body:
        return ranged._Redirects().redirect_request(request, body, 302, "", {}, new)


def test_redirect_never_leaves_https():
    for new in ("http://b/x", "HTTP://b/x", "http:x", "ftp://b/x", "https:///x"):
        with pytest.raises(Refused, match="redirects"):
            redirected("https://a/x", new)
    assert redirected("https://a/x", "https://b/x").full_url == "https://b/x"
    assert redirected("http://a/x", "https://b/x").full_url == "https://b/x"
    assert redirected("http://a/x", "http://b/x").full_url == "http://b/x"


@pytest.mark.parametrize(
    "url",
    [
        "http://exämple.invalid/x",
        "http://例え.invalid/x",
        "http://" + "a" * 64 + ".invalid/x",
        "http://a..b/x",
        "http://[::1/x",
        "http://host:99999/x",
        "http://host:port/x",
        "http://host/ä",
        "http://host/a b",
        "http://host/a\x1b[2J",
        "http://host\u202e/x",
    ],
)
def test_address_of_exotic_letters_is_a_sentence(url):
    with pytest.raises(BadInput, match="address") as caught:
        RangedFile(url)
    assert str(caught.value).isprintable()


def test_file_that_changes_is_refused(remote, server):
    file = RangedFile(server.url(remote))
    server.etag = '"two"'
    file.seek(60_000)
    with pytest.raises(Refused, match="changed"):
        file.read(1)


def test_broken_answer_is_refused(remote, server):
    server.cut = 1
    with pytest.raises(Refused, match="broke off"):
        RangedFile(server.url(remote))


def test_missing_file_is_refused(server):
    with pytest.raises(Refused, match="404"):
        RangedFile(server.url("nothing"))


def test_reading_more_than_the_cap_is_refused(remote, server, monkeypatch):
    monkeypatch.setattr(ranged, "MAX_TRANSFER", 3 * ranged.BLOCK)
    file = RangedFile(server.url(remote))
    with pytest.raises(Refused, match="would cost more"):
        file.read()
    assert server.sent <= 3 * ranged.BLOCK


def test_silent_server_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(Unreachable):
            RangedFile(url, patience=0.2)


def test_name_lookup_that_hangs_is_given_up(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def lookup(*_, **__):
            silent.accept()[0].close()  # Nobody will ever call.

        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        with pytest.raises(Unreachable, match=r"within 0\.2 seconds"):
            RangedFile("http://host.invalid/x", patience=0.2)
        with socket.socket() as caller:
            caller.connect(silent.getsockname())  # Let the thread go.


def test_closed_port_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        RangedFile(f"http://127.0.0.1:{port}/x")


@pytest.mark.parametrize(
    "url", ["file:///etc/hosts", "ftp://a/b", "http:///x", "x://y"]
)
def test_other_addresses_are_refused(url):
    with pytest.raises(BadInput, match="http"):
        open_stream(url)

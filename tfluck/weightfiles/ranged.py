"""A remote file that is read in small pieces: HTTP range requests as a file object.

Half a gigabyte of weights holds 70 kB of BatchNorm tensors. A :class:`RangedFile` reads
the 16 kB blocks that somebody asks for and nothing else, so every reader of this
package works on a URL as it does on a local file. A server that answers a range
request with the whole file is refused before its body is read.
"""

import io
import queue
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from typing import Any, TypeVar

from tfluck import __version__
from tfluck.foundations.errors import BadInput
from tfluck.weightfiles.tensors import Refused, Unreachable

#: Bytes of one block. Smaller means more requests, larger more bytes.
BLOCK = 16_384
#: No remote file may cost more than this.
MAX_TRANSFER = 64 * 2**20
#: Seconds until the first answer; a user offline should not wait longer.
PATIENCE = 3.0
#: Seconds for each later request.
TIMEOUT = 30.0

_Answer = TypeVar("_Answer")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to the web only, and never from https down to http."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        try:
            require_web(newurl)
        except BadInput as error:
            fp.close()
            raise Refused(f"The server redirects to somewhere else. {error}") from error
        old, new = (urllib.parse.urlsplit(url).scheme for url in (req.full_url, newurl))
        if old == "https" and new == "http":
            fp.close()
            raise Refused(f"The server redirects from {old} to {new}; that is refused.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _web_only() -> urllib.request.OpenerDirector:
    """Return an opener without the file, ftp and data handlers of the default one."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    # Some hosts turn away the default name of Python's client.
    opener.addheaders = [("User-Agent", f"tfluck/{__version__}")]
    return opener


def require_web(url: str) -> None:
    """Refuse a URL that is neither http nor https, or is none a server understands.

    Raises:
        BadInput: it names no host, or holds letters that must be written otherwise.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        web = parts.scheme in ("http", "https") and bool(parts.hostname)
        # Reading the port checks it; the codec checks the lengths of a host's labels.
        (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        web = False
    if not web:
        raise BadInput(f"Expected an http or https address, got {url!r}.")
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise BadInput(
            f"The address {url!r} holds letters no server understands; write them "
            "with percent signs, and those of a host in its xn-- form."
        )


def within(seconds: float, ask: Callable[[], _Answer]) -> _Answer:
    """Return ``ask()``, or give up after ``seconds`` whatever it hangs in.

    A socket timeout does not cover the name lookup, hence the thread; it is left
    behind to die with the process.

    Raises:
        Unreachable: no answer in time.
    """
    answers: queue.Queue[tuple[bool, Any]] = queue.Queue(1)

    def work() -> None:
        try:
            answers.put((True, ask()))
        except BaseException as error:
            answers.put((False, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        fine, value = answers.get(timeout=seconds)
    except queue.Empty:
        raise Unreachable(f"no answer within {seconds:g} seconds") from None
    if not fine:
        raise value
    answer: _Answer = value
    return answer


class RangedFile(io.RawIOBase):
    """A read-only, seekable file over HTTP ranges.

    Attributes: ``size`` in bytes, ``etag`` the server's name of this version,
    ``transferred`` bytes and ``requests`` so far.

    Raises:
        Unreachable: the server cannot be reached, or not in time.
        Refused: the server ignores ranges, says no, changes the file, or breaks off.
    """

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        super().__init__()
        require_web(url)
        self.url = url
        self.transferred = 0
        self.requests = 0
        self._place = url
        self._opener = _web_only()
        self._blocks: dict[int, bytes] = {}
        self._position = 0
        self.size = -1
        self.etag = ""
        # The first request also resolves redirects and tells the size.
        within(patience, lambda: self._fetch(0, 0, patience))

    def readable(self) -> bool:
        """Tell that the file can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that the file can be sought."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` from the start, the position or the end."""
        position = offset + (0, self._position, self.size)[whence]
        if position < 0:
            raise ValueError("The position is before the start of the file.")
        self._position = position
        return position

    def read(self, size: int = -1) -> bytes:
        """Read ``size`` bytes, or to the end; fewer only where the file ends."""
        left = max(0, self.size - self._position)
        buffer = bytearray(left if size < 0 else min(size, left))
        return bytes(buffer[: self.readinto(buffer)])

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as the file reaches; return the bytes read."""
        begin = self._position
        end = min(begin + len(buffer), self.size)
        if end <= begin:
            return 0
        first, last = begin // BLOCK, (end - 1) // BLOCK
        self._need(first, last)
        joined = b"".join(self._blocks[block] for block in range(first, last + 1))
        piece = joined[begin - first * BLOCK : end - first * BLOCK]
        buffer[: len(piece)] = piece
        self._position = end
        return len(piece)

    def _need(self, first: int, last: int) -> None:
        """Fetch the missing blocks between ``first`` and ``last`` in one request."""
        missing = [b for b in range(first, last + 1) if b not in self._blocks]
        if missing:
            self._fetch(missing[0], missing[-1], TIMEOUT)

    def _fetch(self, first: int, last: int, timeout: float) -> None:
        begin, end = first * BLOCK, (last + 1) * BLOCK - 1
        if self.transferred + end + 1 - begin > MAX_TRANSFER:
            raise Refused(f"Reading it would cost more than {MAX_TRANSFER:,} bytes.")
        try:
            body = self._request(begin, end, timeout)
        except (urllib.error.URLError, HTTPException, OSError, UnicodeError) as error:
            reason = getattr(error, "reason", None) or error
            raise Unreachable(str(reason) or type(error).__name__) from error
        for block in range(first, last + 1):
            offset = (block - first) * BLOCK
            self._blocks[block] = body[offset : offset + BLOCK]

    def _request(self, begin: int, end: int, timeout: float) -> bytes:
        try:
            return self._ask(self._place, begin, end, timeout)
        except urllib.error.HTTPError as error:
            error.close()
            if self._place == self.url or error.code not in (401, 403, 404, 410):
                raise Refused(f"The server says {error.code}.") from error
        # The address a redirect led to has expired: resolve it anew, once.
        self._place = self.url
        return self._request(begin, end, timeout)

    def _ask(self, url: str, begin: int, end: int, timeout: float) -> bytes:
        last = end if self.size < 0 else min(end, self.size - 1)
        headers = {"Range": f"bytes={begin}-{last}", "Accept-Encoding": "identity"}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        with self._opener.open(request, timeout=timeout) as response:
            total = self._check(response, begin)
            expected = min(last + 1, total) - begin
            body = bytes(response.read(expected))
            self._place = response.url
        self.requests += 1
        self.transferred += len(body)
        if len(body) != expected:
            raise Refused("The server broke off before the end.")
        return body

    def _check(self, response: HTTPResponse, begin: int) -> int:
        """Return the length of the whole file as this partial answer tells it."""
        told = response.headers.get("Content-Range", "")
        match = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", told.strip())
        if response.status != 206 or not match or int(match[1]) != begin:
            raise Refused(
                "The server ignores range requests, so the whole file would have to "
                "come; that is refused."
            )
        total, etag = int(match[2]), response.headers.get("ETag", "")
        if self.size < 0:
            self.size, self.etag = total, etag
        elif (total, etag) != (self.size, self.etag):
            raise Refused("The file changed on the server while it was read.")
        return total

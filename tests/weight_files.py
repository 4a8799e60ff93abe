"""Weight files in the layouts of the wild, written byte by byte, and a server for them.

The files have the full size of the published ones but are sparse: only headers and
BatchNorm vectors take room on the disk.
"""

import contextlib
import json
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
#: Stage widths of VGG 11 and 16 (configurations A and D).
STAGES = {
    "vgg11_bn": ((64,), (128,), (256,) * 2, (512,) * 2, (512,) * 2),
    "vgg16_bn": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
}


def vgg_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """List every tensor of a torchvision VGG with BatchNorm, in its order."""
    shapes: dict[str, tuple[int, ...]] = {}
    number, channels = 0, 3
    for stage in STAGES[name]:
        for width in stage:
            shapes[f"features.{number}.weight"] = (width, channels, 3, 3)
            shapes[f"features.{number}.bias"] = (width,)
            for part in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"features.{number + 1}.{part}"] = (width,)
            number, channels = number + 3, width
        number += 1
    for number, (out, into) in zip(
        (0, 3, 6), ((4096, 25088), (4096, 4096), (1000, 4096)), strict=True
    ):
        shapes[f"classifier.{number}.weight"] = (out, into)
        shapes[f"classifier.{number}.bias"] = (out,)
    return shapes


def vgg_norms(name: str) -> dict[str, np.ndarray]:
    """Draw BatchNorm vectors: biases more negative at the top, some zeros."""
    shapes = vgg_shapes(name)
    draw = np.random.default_rng(7)
    found = {}
    prefixes = [k.removesuffix(".running_mean") for k in shapes if "running_mean" in k]
    for depth, prefix in enumerate(prefixes):
        (width,) = shapes[prefix + ".running_mean"]
        bias = draw.normal(-0.05 * depth, 0.3, width).astype("f4")
        bias[:: 16 + depth] = 0.0
        found[prefix + ".bias"] = bias
        found[prefix + ".weight"] = draw.uniform(-0.5, 1.5, width).astype("f4")
        found[prefix + ".running_mean"] = draw.normal(0, 1, width).astype("f4")
        found[prefix + ".running_var"] = draw.uniform(0, 2, width).astype("f4")
    return found


def nbytes(shape: tuple[int, ...]) -> int:
    return 4 * int(np.prod(shape, dtype=np.int64))


def write_safetensors(path: Path, shapes: dict, values: dict) -> None:
    """Write the published order: by type, then by letter, not by network."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for key in sorted(shapes):
        end = offset + nbytes(shapes[key])
        shape = list(shapes[key])
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    raw = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        for key, value in values.items():
            file.seek(8 + len(raw) + header[key]["data_offsets"][0])
            file.write(value.tobytes())
        file.truncate(8 + len(raw) + offset)


def op_text(text: str) -> bytes:
    raw = text.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def op_ints(*numbers: int) -> bytes:
    return b"(" + b"".join(b"J" + struct.pack("<i", n) for n in numbers) + b"t"


def state_dict_pickle(shapes: dict, *, legacy: bool) -> bytes:
    """Assemble the pickle of an ordered dict of tensors, one storage each."""
    ops = [b"\x80\x02ccollections\nOrderedDict\n", b"q\x00" if legacy else b"", b")R("]
    for index, (key, shape) in enumerate(shapes.items()):
        strides = np.cumprod([1, *shape[:0:-1]])[::-1].tolist() if shape else []
        view = b"N" if legacy else b""
        ops += [
            op_text(key),
            b"ctorch._utils\n_rebuild_tensor_v2\n((",
            op_text("storage"),
            b"ctorch\nFloatStorage\n",
            op_text(str(index)),
            op_text("cpu"),
            b"J" + struct.pack("<i", nbytes(shape) // 4) + view + b"tQ",
            b"K\x00" + op_ints(*shape) + op_ints(*strides),
            b"\x89ccollections\nOrderedDict\n)RtR",
        ]
    return b"".join(ops) + b"u."


def write_torch_legacy(path: Path, shapes: dict, values: dict) -> None:
    keys = [str(index) for index in range(len(shapes))]
    order = sorted(keys)  # PyTorch sorts storage keys as words.
    names = dict(zip(keys, shapes, strict=True))
    with path.open("wb") as file:
        file.write(MAGIC + b"\x80\x02M\xe9\x03.")
        file.write(b"\x80\x02}(" + op_text("little_endian") + b"\x88u.")
        file.write(state_dict_pickle(shapes, legacy=True))
        file.write(b"\x80\x02](" + b"".join(op_text(key) for key in order) + b"e.")
        for key in order:
            shape = shapes[names[key]]
            file.write(struct.pack("<q", nbytes(shape) // 4))
            value = values.get(names[key])
            if value is None:
                file.seek(nbytes(shape), 1)
            else:
                file.write(value.tobytes())
        file.truncate(file.tell())


def write_torch_zip(path: Path, shapes: dict, values: dict) -> None:
    """Write a zip of stored members by hand, for zipfile would fill the holes."""
    directory = []
    members = [("data.pkl", state_dict_pickle(shapes, legacy=False))]
    members += [("byteorder", b"little")]
    members += [(f"data/{i}", values.get(key, key)) for i, key in enumerate(shapes)]
    with path.open("wb") as file:
        for name, content in members:
            raw = content.tobytes() if isinstance(content, np.ndarray) else content
            size = nbytes(shapes[raw]) if isinstance(raw, str) else len(raw)
            info = zipfile.ZipInfo(f"model/{name}")
            info.file_size = info.compress_size = size
            info.CRC = 0 if isinstance(raw, str) else zlib.crc32(raw)
            info.header_offset = file.tell()
            file.write(info.FileHeader())
            file.seek(size, 1) if isinstance(raw, str) else file.write(raw)
            directory.append(info)
        begin = file.tell()
        for info in directory:
            name = info.filename.encode()
            file.write(
                struct.pack(
                    "<4s4B4HL2L5H2L",
                    *(b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, info.CRC),
                    *(info.compress_size, info.file_size, len(name)),
                    *(0, 0, 0, 0, 0, info.header_offset),
                )
                + name
            )
        count, size = len(directory), file.tell() - begin
        end = (b"PK\x05\x06", 0, 0, count, count, size, begin, 0)
        file.write(struct.pack("<4s4H2LH", *end))


WRITERS = {
    "safetensors": write_safetensors,
    "legacy": write_torch_legacy,
    "zip": write_torch_zip,
}


@pytest.fixture(params=WRITERS)
def layout(request: pytest.FixtureRequest) -> str:
    """Each layout PyTorch weights come in."""
    return request.param


@pytest.fixture
def write_vgg(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a full-size VGG file of a layout; return its path."""

    def write(name: str, layout: str) -> Path:
        path = tmp_path / f"{name}.{layout}"
        WRITERS[layout](path, vgg_shapes(name), vgg_norms(name))
        return path

    return write


@pytest.fixture
def norms() -> Callable[[str], dict[str, np.ndarray]]:
    """The BatchNorm vectors ``write_vgg`` writes."""
    return vgg_norms


@pytest.fixture
def write_tensors(tmp_path: Path) -> Callable[[str, dict[str, np.ndarray]], Path]:
    """Write a small file of float32 tensors in a layout."""

    def write(layout: str, values: dict[str, np.ndarray]) -> Path:
        path = tmp_path / f"small.{layout}"
        WRITERS[layout](path, {k: v.shape for k, v in values.items()}, values)
        return path

    return write


@dataclass
class Server:
    """A loopback server of one folder; ``sent`` counts body bytes."""

    folder: Path
    ranges: bool = True
    redirect: str | None = None
    cut: int = 0
    etag: str = '"one"'
    sent: int = 0
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def url(self, path: Path | str) -> str:
        return f"{self.address}/{Path(path).name}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        path = self.folder / Path(request.path).name
        if request.path.startswith("/moved/"):
            request.send_response(302)
            target = self.redirect or f"{self.address}/{path.name}"
            request.send_header("Location", target)
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif not path.is_file():
            request.send_error(404)
        else:
            self.send(request, path)

    def send(self, request: BaseHTTPRequestHandler, path: Path) -> None:
        size = path.stat().st_size
        begin, end = 0, size
        if self.ranges:
            first, last = request.headers["Range"].removeprefix("bytes=").split("-")
            begin, end = int(first), min(int(last) + 1, size)
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(end - begin))
        request.send_header("ETag", self.etag)
        request.end_headers()
        with path.open("rb") as file:
            file.seek(begin)
            body = file.read(min(end - begin, 10**6) - self.cut)
        self.sent += len(body)
        # A client may leave early, as ours should when ranges are ignored.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            request.wfile.write(body)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve ``tmp_path`` on the loopback device."""
    state = Server(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{web.server_port}"
    yield state
    web.shutdown()
    web.server_close()
    thread.join()

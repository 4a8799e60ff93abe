"""A certificate that min_i det M_i ≤ 0 on a region, and its verification in balls.

The certificate is a split tree, nothing else: for each box, level by level, one symbol says
"outside the region", "det M_i < 0 here", or "halved along this axis". The verifier
rebuilds the boxes from [0, 1]^m (angles in turns; all corners dyadic, hence exact),
and checks every leaf with its own formulas in ball arithmetic. It shares no line with the
search that proposed the tree, trusts no number in the file, and imports no code named
by it.

The region is all 0 < θ_1 < … < θ_m < 2π whose gaps, to the teacher at 0 ≡ 2π too, are at
least δ. Half of it suffices: reflection θ ↦ 2π − θ exchanges θ_1 + θ_m ≤ 2π with ≥, and
carries the set {det M_i} into itself.
"""

import base64
import json
import math
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from tfluck.errors import BadInput, ClaimFailed, TfluckError
from tfluck.files import write_json

from .naming import named
from .functions import AngularFunction
from .leaf import Box, is_negative

FORMAT = "tfluck angular certificate"
VERSION = 1
#: No certificate needs more; a hostile file may claim to.
MAX_FILE, MAX_SYMBOLS, MAX_DEPTH = 1 << 26, 1 << 26, 48
#: Above 2π, so that gap · OVER_TURN < δ proves gap · 2π < δ, rounding included.
OVER_TURN = 6.28318530718
_BATCH = 2000


@dataclass(frozen=True)
class Certificate:
    """The claim min_i det M_i ≤ 0 for ``function``, m students, gaps ≥ δ, and its tree."""

    function: str
    m: int
    delta: float
    tree: bytes

    @property
    def boxes(self) -> int:
        """Return the number of boxes in the tree."""
        return len(self.tree)


def save(certificate: Certificate, path: Path) -> None:
    """Write the certificate as JSON; the tree is deflated and in base 64."""
    tree = base64.b64encode(zlib.compress(certificate.tree, 9)).decode()
    write_json(
        path,
        {
            "format": FORMAT,
            "format_version": VERSION,
            "claim": "min_i det M_i <= 0 whenever all gaps, also to the teacher, are >= delta",
            "function": certificate.function,
            "m": certificate.m,
            "delta": certificate.delta,
            "tree": tree,
        },
    )


def load(path: Path) -> Certificate:
    """Read a certificate; every claim in it still has to be verified.

    Raises:
        TfluckError: the file cannot be read or is no well-formed certificate.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise TfluckError(f"{path} is too large to be a certificate.")
        fields = json.loads(path.read_bytes())
    except OSError as error:
        raise TfluckError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise TfluckError(f"{path} is truncated or no JSON file.") from error
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise TfluckError(f"{path} is no certificate of `tfluck ad certify`.")
    if fields.get("format_version") != VERSION:
        raise TfluckError(f"{path} is a certificate of another version of tfluck.")
    return Certificate(
        function=_field(path, fields, "function", str),
        m=_field(path, fields, "m", int),
        delta=float(_field(path, fields, "delta", float, int)),
        tree=_inflate(path, _field(path, fields, "tree", str)),
    )


def _field(path: Path, fields: dict[str, Any], name: str, *kinds: type) -> Any:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise TfluckError(
            f"{path}: the field {name!r} is missing or of the wrong kind."
        )
    return value


def _inflate(path: Path, text: str) -> bytes:
    """Unpack the tree, never beyond ``MAX_SYMBOLS``."""
    try:
        packed = base64.b64decode(text, validate=True)
        unpacker = zlib.decompressobj()
        tree = unpacker.decompress(packed, MAX_SYMBOLS)
    except (ValueError, zlib.error) as error:
        raise TfluckError(f"{path}: the tree cannot be unpacked.") from error
    if not unpacker.eof or unpacker.unused_data:
        raise TfluckError(f"{path}: the tree is truncated, padded or too large.")
    return tree


def verify(
    certificate: Certificate,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda leaves: None,
) -> int:
    """Re-check every leaf in ball arithmetic and return how many were proved negative.

    Raises:
        BadInput: the function has no slope formula, or m or δ make no sense.
        ClaimFailed: the tree is malformed, or a leaf does not hold.
    """
    _ = named(certificate.function).curve
    if certificate.m not in (3, 4) or not 0 < certificate.delta < math.pi:
        raise BadInput("A certificate is about m = 3 or 4 and 0 < delta < π.")
    tasks = _leaves(certificate)
    if jobs <= 1:
        return sum(_counted(_check_leaves(task), progress) for task in tasks)
    proved = 0
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        pending = [pool.submit(_check_leaves, task) for task in islice(tasks, 3 * jobs)]
        while pending:
            proved += _counted(pending.pop(0).result(), progress)
            pending += [pool.submit(_check_leaves, task) for task in islice(tasks, 1)]
    return proved


def _counted(count: int, progress: Callable[[int], object]) -> int:
    progress(count)
    return count


def _check_leaves(task: tuple[str, Sequence[tuple[Box, int]]]) -> int:
    """Check a batch of (box, i) in this process; the first failure ends all."""
    name, leaves = task
    function: AngularFunction = named(name)
    for box, target in leaves:
        if not is_negative(function, box, target):
            raise ClaimFailed(
                f"The certificate is refused: det M_{target} < 0 cannot be confirmed on "
                f"the box θ/2π ∈ {[(a, a + w) for a, w in box]}."
            )
    return len(leaves)


def _leaves(certificate: Certificate) -> Any:
    """Yield batches of leaves that claim det M_i < 0, checking all other symbols."""
    m, tree, position = certificate.m, certificate.tree, 0
    low, width = np.zeros((m, 1)), np.ones((m, 1))
    while low.shape[1]:
        count = low.shape[1]
        symbols = np.frombuffer(tree[position : position + count], dtype=np.uint8)
        position += count
        if len(symbols) < count:
            raise ClaimFailed("The certificate is refused: its tree ends too early.")
        claims = symbols.astype(np.int64) - ord("0")
        axes = symbols.astype(np.int64) - ord("a")
        outside, negative = symbols == ord("."), (claims >= 1) & (claims <= m)
        split = (axes >= 0) & (axes < m)
        if not (outside | negative | split).all():
            raise ClaimFailed(
                "The certificate is refused: its tree has an unknown symbol."
            )
        if not _is_outside(low[:, outside], width[:, outside], certificate.delta).all():
            raise ClaimFailed(
                "The certificate is refused: it leaves out a box that meets the region."
            )
        places = np.flatnonzero(negative).tolist()
        for start in range(0, len(places), _BATCH):
            yield (
                certificate.function,
                [
                    (
                        tuple(
                            zip(low[:, n].tolist(), width[:, n].tolist(), strict=True)
                        ),
                        int(claims[n]),
                    )
                    for n in places[start : start + _BATCH]
                ],
            )
        low, width = _halves(low[:, split], width[:, split], axes[split])
    if position != len(tree):
        raise ClaimFailed("The certificate is refused: its tree goes on after its end.")


def _is_outside(low: Any, width: Any, delta: float) -> Any:
    """Prove for each box that some gap is below δ throughout, or θ_1 + θ_m ≥ 2π."""
    high = low + width
    outside = (high[0] * OVER_TURN < delta) | ((1 - low[-1]) * OVER_TURN < delta)
    for k in range(len(low) - 1):
        outside |= (high[k + 1] - low[k]) * OVER_TURN < delta
    return outside | (low[0] + low[-1] >= 1)


def _halves(low: Any, width: Any, axes: Any) -> tuple[Any, Any]:
    """Return lower and upper halves, side by side; all arithmetic here is exact."""
    if width.size and width.min() < 2.0**-MAX_DEPTH:
        raise ClaimFailed(
            "The certificate is refused: its tree is deeper than is exact."
        )
    boxes = np.arange(low.shape[1])
    halved = width.copy()
    halved[axes, boxes] *= 0.5
    upper = low.copy()
    upper[axes, boxes] += halved[axes, boxes]
    shape = (len(low), -1)
    return (
        np.stack([low, upper], axis=2).reshape(shape),
        np.stack([halved, halved], axis=2).reshape(shape),
    )

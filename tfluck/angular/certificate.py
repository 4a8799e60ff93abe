"""A certificate that min_i det M_i ≤ 0 on a region, and its verification in balls.

The certificate is a split tree, nothing else: for each box, level by level, one symbol says
"outside the region", "det M_i < 0 here", or "halved along this axis". The verifier
rebuilds the boxes from [0, 1]^m (angles in turns; all corners dyadic, hence exact),
and checks every leaf in ball arithmetic. With the search that proposed the tree it shares
the function's formula and slope, which are what the claim is about, and nothing else: no
bound, no box and no line of the mean value form. It trusts no number in the file, and
imports no code named by it.

The region is all 0 < θ_1 < … < θ_m < 2π whose gaps, to the teacher at 0 ≡ 2π too, are at
least δ. Half of it suffices: reflection θ ↦ 2π − θ exchanges θ_1 + θ_m ≤ 2π with ≥, and
carries the set {det M_i} into itself.
"""

import base64
import json
import math
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

from tfluck.foundations.errors import BadInput, ClaimFailed, TfluckError
from tfluck.foundations.files import read_bytes, write_json

from .functions import AngularFunction
from .leaf import is_negative
from .naming import named
from .tree import Leaf, leaves

FORMAT = "tfluck angular certificate"
VERSION = 1
#: No certificate needs more; a hostile file may claim to.
MAX_FILE, MAX_SYMBOLS = 1 << 26, 1 << 26


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
        fields = json.loads(read_bytes(path, MAX_FILE))
    except (ValueError, RecursionError) as error:
        raise TfluckError(f"{path} is truncated or no JSON file.") from error
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise TfluckError(f"{path} is no certificate of `tfluck ad certify`.")
    if fields.get("format_version") != VERSION:
        raise TfluckError(f"{path} is a certificate of another version of tfluck.")
    return Certificate(
        function=_field(path, fields, "function", str),
        m=_field(path, fields, "m", int),
        delta=_delta(path, fields),
        tree=_inflate(path, _field(path, fields, "tree", str)),
    )


def _field(path: Path, fields: dict[str, Any], name: str, *kinds: type) -> Any:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise TfluckError(
            f"{path}: the field {name!r} is missing or of the wrong kind."
        )
    return value


def _delta(path: Path, fields: dict[str, Any]) -> float:
    value = _field(path, fields, "delta", float, int)
    if not 0 < value < math.pi:
        raise TfluckError(f"{path}: delta must lie between 0 and π.")
    return float(value)


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
    function: AngularFunction | None = None,
) -> int:
    """Re-check every leaf in ball arithmetic and return how many were proved negative.

    The function is the family member that the certificate names, unless ``function`` is
    given: then the claim is about that one, and is checked in this process.

    Raises:
        BadInput: the function has no slope formula, or m or δ make no sense.
        ClaimFailed: the tree is malformed, or a leaf does not hold.
    """
    _ = (function or named(certificate.function)).curve
    if certificate.m not in (3, 4) or not 0 < certificate.delta < math.pi:
        raise BadInput("A certificate is about m = 3 or 4 and 0 < delta < π.")
    tasks = leaves(certificate.tree, certificate.m, certificate.delta)
    if jobs <= 1 or function is not None:
        chosen = function or named(certificate.function)
        return sum(_counted(_check(chosen, task), progress) for task in tasks)
    proved = 0
    with _workers(jobs) as pool:
        name = certificate.function
        pending = [
            pool.submit(_by_name, name, task) for task in islice(tasks, 3 * jobs)
        ]
        while pending:
            proved += _counted(pending.pop(0).result(), progress)
            pending += [pool.submit(_by_name, name, task) for task in islice(tasks, 1)]
    return proved


@contextmanager
def _workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Start processes that end with this one, and that a failure does not wait for."""
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_end_with_parent) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _end_with_parent() -> None:
    """Leave when the parent is gone: no queue ever tells a worker that."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _counted(count: int, progress: Callable[[int], object]) -> int:
    progress(count)
    return count


def _by_name(name: str, batch: Sequence[Leaf]) -> int:
    return _check(named(name), batch)


def _check(function: AngularFunction, batch: Sequence[Leaf]) -> int:
    """Check a batch of (box, i); the first failure ends all."""
    for box, target in batch:
        if not is_negative(function, box, target):
            raise ClaimFailed(
                f"The certificate is refused: det M_{target} < 0 cannot be confirmed on "
                f"the box θ/2π ∈ {[(a, a + w) for a, w in box]}."
            )
    return len(batch)

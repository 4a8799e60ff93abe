"""``tfluck ad certify``: prove min det M_i ≤ 0 on all angles of a region."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.foundations.errors import BadInput, ClaimFailed

from ..bar import bar
from ..options import FiniteFloat, click, json_option, talk
from ..options import command as declare
from ..output import emit_json
from .common import function_option

if TYPE_CHECKING:
    from tfluck.angular.functions import AngularFunction


@declare(
    "tfluck ad certify --m 3 --delta 0.1 -o cert.json",
    "tfluck ad certify --m 3 --delta 0.3 --function triangle:1,1 --json",
)
@click.option(
    "--m", type=click.IntRange(3, 4), default=3, show_default=True, help="Students."
)
@click.option(
    "--delta",
    type=FiniteFloat(0.0, above=True),
    default=0.1,
    show_default=True,
    help="Least gap between neighbours, the teacher among them, in radians.",
)
@function_option
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the certificate goes.",
)
@click.option(
    "--max-boxes", type=click.IntRange(1, 10**9), default=20_000_000, show_default=True
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=None,
    help="Processes (default: cores).",
)
@click.option("--check", is_flag=True, help="Exit with 4 unless it is proved.")
@json_option
def command(
    m: int,
    delta: float,
    function: "AngularFunction",
    out: Path | None,
    max_boxes: int,
    jobs: int | None,
    check: bool,
    as_json: bool,
) -> None:
    """Prove that some det M_i ≤ 0 wherever all gaps are at least δ.

    A counterexample is looked for first. The search for a proof is in float64; it counts
    only after every leaf has been verified in ball arithmetic.
    """
    if not function.provable:
        raise BadInput(
            f"{function.name} is a Python callable, of which nothing can be proved."
        )
    if out is not None:
        _refuse_place(out, function)
    started = time.perf_counter()
    status, boxes, witness = _attempt(m, delta, function, out, max_boxes, jobs)
    result = {
        "m": m,
        "delta": delta,
        "function": function.name,
        "status": status,
        "boxes": boxes,
        "seconds": time.perf_counter() - started,
        "witness": witness,
    }
    if as_json:
        emit_json(result)
    else:
        click.echo(_sentence(result))
    if check and status != "proved":
        raise ClaimFailed(
            f"min det M_i <= 0 is not proved for {function.name}: {status}."
        )


def _refuse_place(out: Path, function: "AngularFunction") -> None:
    """Refuse, before the work, a certificate that nobody could write or read again."""
    from tfluck.angular.naming import is_named

    if not is_named(function.name):
        raise BadInput(
            f"A certificate names its function and imports no code, so one about "
            f"{function.name} could not be verified; leave -o away to prove it here."
        )
    if out.exists() and not out.is_file():
        raise BadInput(f"{out} is no regular file, so no certificate is written there.")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {out.parent} to write {out.name} to.")


def _attempt(
    m: int,
    delta: float,
    function: "AngularFunction",
    out: Path | None,
    max_boxes: int,
    jobs: int | None,
) -> tuple[str, int, tuple[float, ...] | None]:
    """Return status, number of boxes, and the witness if there is one."""
    from tfluck.angular.branch import propose
    from tfluck.angular.certificate import Certificate, save, verify
    from tfluck.angular.naming import is_named
    from tfluck.angular.search import hunt

    hunted = hunt(function, m, draws=20_000, rounds=40, gap=delta)
    if hunted.found:
        return "counterexample", 0, hunted.check.angles
    if function.smoothness is None:
        talk(
            f"{function.name} states no slope to bound it with, so no proof is attempted."
        )
        return "undecided", 0, None
    with bar(None, " boxes") as advance:
        tree = propose(function, m, delta, max_boxes, advance)
    talk(f"{tree.boxes} boxes in {tree.seconds:.1f} s; verifying in ball arithmetic.")
    if tree.status != "proved":
        return "undecided", tree.boxes, None
    certificate = Certificate(function.name, m, delta, tree.symbols)
    with bar(None, " leaves") as advance:
        own = None if is_named(function.name) else function
        verify(certificate, jobs or os.cpu_count() or 1, advance, own)
    if out:
        save(certificate, out)
        talk(f"Certificate written to {out}.")
    return "proved", tree.boxes, None


def _sentence(result: dict[str, object]) -> str:
    if result["status"] == "counterexample":
        return f"counterexample: every det M_i > 0 at {result['witness']} (certified)"
    region = f"m = {result['m']}, all gaps ≥ {result['delta']}"
    return f"{result['status']}: {region}, {result['boxes']} boxes, {result['seconds']:.1f} s"

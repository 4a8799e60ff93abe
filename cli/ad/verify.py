"""``tfluck ad verify``: re-check a certificate."""

import os
import time
from pathlib import Path

from ..bar import bar
from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json


@declare("tfluck ad verify cert.json", "tfluck ad verify cert.json --json")
@click.argument("certificate", type=click.Path(path_type=Path))
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=None,
    help="Processes (default: cores).",
)
@click.option("--check", is_flag=True, help="Always so: exit 4 if it does not hold.")
@json_option
def command(certificate: Path, jobs: int | None, check: bool, as_json: bool) -> None:
    """Prove every leaf of CERTIFICATE again, in ball arithmetic; exit 4 if one fails.

    Nothing in the file is trusted, and no code it names is imported.
    """
    from tfluck.angular.certificate import load, verify

    claim = load(certificate)
    started = time.perf_counter()
    with bar(None, " leaves") as advance:
        leaves = verify(claim, jobs or os.cpu_count() or 1, advance)
    seconds = time.perf_counter() - started
    if as_json:
        emit_json(
            {
                "function": claim.function,
                "m": claim.m,
                "delta": claim.delta,
                "status": "proved",
                "boxes": claim.boxes,
                "leaves": leaves,
                "seconds": seconds,
            }
        )
        return
    click.echo(
        f"proved: min det M_i <= 0 for {claim.function}, m = {claim.m}, all gaps ≥ "
        f"{claim.delta}; {leaves} leaves of {claim.boxes} boxes re-checked in {seconds:.1f} s"
    )

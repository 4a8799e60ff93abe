"""Standard streams that are closed, full, or of an alphabet without ρ."""

import codecs
import contextlib
import os
import sys
import unicodedata
from typing import TextIO

from . import click

#: How letters are spelt where the terminal has no such letter; others lose their accents
#: or become an escape.
SPELLINGS = {
    "ρ": "rho",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "eps",
    "θ": "theta",
    "π": "pi",
    "σ": "sigma",
    "φ": "phi",
    "Φ": "Phi",
    "η": "eta",
    "∘": "o",
    "·": "*",
    "×": "x",
    "±": "+-",
    "−": "-",
    "–": "-",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "…": "...",
    "’": "'",
    "“": '"',
    "”": '"',
}


def spell(error: UnicodeError) -> tuple[str, int]:
    """Replace what an encoding lacks, as an error handler of :mod:`codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(map(_spelt, letters)), error.end


def _spelt(letter: str) -> str:
    if letter in SPELLINGS:
        return SPELLINGS[letter]
    if unicodedata.combining(letter):
        return ""
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or letter.encode("ascii", "backslashreplace").decode()


codecs.register_error("tfluck.spell", spell)


def prepare() -> None:
    """Make the standard streams ones that can be written to, or fail in a sentence.

    A closed one is taken by /dev/null, for reading only: else the next file that is
    opened would get its number, and what native code prints.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="tfluck.spell")


def fault(stream: TextIO) -> OSError | None:
    """Flush ``stream``; if it cannot be written, say why and forget what it holds.

    Else the interpreter would try again at its end, and complain.
    """
    try:
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return error
    return None


def finish(code: int) -> int:
    """Flush the streams and return the exit code; 1 if what went well cannot be told."""
    lost = fault(sys.stdout)
    if lost and not code and not isinstance(lost, BrokenPipeError):
        say(f"Error: Cannot write to stdout: {lost.strerror}.")
        code = 1
    fault(sys.stderr)
    return code


def say(message: str) -> None:
    """Say something on stderr, if anybody can hear."""
    with contextlib.suppress(OSError):
        click.echo(message, err=True)

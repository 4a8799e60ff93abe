"""``tfluck ad``: angular-distance functions and their determinants."""

from ..options import LazyGroup, click

COMMANDS = {
    "check": (".check", "Enclose determinants, weights, least eigenvalue; judge."),
    "sample": (".sample", "Random angles, every sign certified (figure 4)."),
    "surface": (".surface", "z over two free angles (figures 2 and 3)."),
    "criteria": (".criteria", "Which theorem decides a function."),
    "spectrum": (".spectrum", "Cosine coefficients, AD and PAD verdicts, lemmas."),
    "search": (".search", "Hunt for a counterexample to Conjecture 5.5."),
    "certify": (".certify", "Prove min det M_i <= 0 by branch and bound."),
    "verify": (".verify", "Re-check a certificate in ball arithmetic."),
    "phase": (".phase", "Where the condition fails, over spectral decay."),
}

EPILOG = """\b
Examples:
  tfluck ad check 1,2,3
  tfluck ad criteria -f matern:2,1
  tfluck ad sample --m 6 --samples 100000
  tfluck ad certify --m 3 --delta 0.1 -o cert.json
"""


@click.group(cls=LazyGroup, table=COMMANDS, package=__package__, epilog=EPILOG)
def command() -> None:
    """Angular-distance functions: determinants with certified signs."""

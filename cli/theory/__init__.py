"""``tfluck theory``: what the paper states, tried."""

from ..options import LazyGroup, click

COMMANDS = {
    "check": (".check", "Try theorems, lemmas and assumptions on small instances."),
    "audit": (".audit", "Which hypotheses hold on a run, layer by layer."),
    "recover": (".recover", "Theorem 4: students turning to their teachers."),
    "suppress": (".suppress", "Theorem 5: the fan-out of irrelevant students."),
}

EPILOG = """\b
Examples:
  tfluck theory check
  tfluck theory check T4 L3 --json
  tfluck theory audit gaus-fc --plot audit.png
  tfluck theory recover --m 5 --bias -2.5 --angle 0.05 --lr 2
  tfluck theory suppress --m 5 --n 10 --plot suppress.png
"""


@click.group(cls=LazyGroup, table=COMMANDS, package=__package__, epilog=EPILOG)
def command() -> None:
    """Theorems, lemmas and assumptions of the paper, tried one by one."""

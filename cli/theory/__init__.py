"""``tfluck theory``: what the paper states, tried."""

from ..options import LazyGroup, click

COMMANDS = {
    "check": (".check", "Try theorems, lemmas and assumptions on small instances."),
}

EPILOG = """\b
Examples:
  tfluck theory check
  tfluck theory check T4 L3 --json
"""


@click.group(cls=LazyGroup, table=COMMANDS, package=__package__, epilog=EPILOG)
def command() -> None:
    """Theorems, lemmas and assumptions of the paper, tried one by one."""

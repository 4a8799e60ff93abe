"""``tfluck completion``: the script that lets a shell complete our commands."""

from click.shell_completion import get_completion_class

from .options import click
from .options import command as declare


@declare(
    'eval "$(tfluck completion bash)"',
    "tfluck completion fish > ~/.config/fish/completions/tfluck.fish",
    name="completion",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for SHELL."""
    from .main import cli

    maker = get_completion_class(shell)
    if maker is None:  # pragma: no cover - click knows all three
        raise click.ClickException(f"click cannot complete for {shell}.")
    click.echo(maker(cli, {}, "tfluck", "_TFLUCK_COMPLETE").source())

"""``tfluck presets``: the papers' experiments that ``--preset`` takes."""

from typing import Any

from tfluck.experiment.presets import Preset, load_preset, presets
from tfluck.experiment.scales import SCALES

from .hints import complete_preset
from .options import Command, Group, click, json_option, talk
from .output import emit_json, table


@click.group(cls=Group, name="presets")
def command() -> None:
    """List the papers' experiments, and show what one of them sets."""


@command.command(
    "list", cls=Command, examples=["tfluck presets list", "tfluck presets list --json"]
)
@json_option
def list_command(as_json: bool) -> None:
    """List the presets; several names may stand for one experiment."""
    rows = [_row(name, found) for name, found in sorted(presets().items())]
    if as_json:
        emit_json({"presets": rows})
        return
    click.echo(table(rows))
    talk("`tfluck presets show NAME` prints the settings of one.")


@command.command(
    "show",
    cls=Command,
    examples=[
        "tfluck presets show luck-matters/figure-7-fc-bn",
        "tfluck presets show luck-matters/figure-7-fc-bn --scale laptop --json",
    ],
)
@click.argument("name", shell_complete=complete_preset)
@click.option(
    "--scale",
    type=click.Choice(list(SCALES)),
    default="paper",
    show_default=True,
    help="Show what it sets at this scale.",
)
@json_option
def show_command(name: str, scale: str, as_json: bool) -> None:
    """Show what the preset NAME sets; what it leaves out has train's defaults."""
    found = load_preset(name)
    settings = found.at(scale)
    if as_json:
        about = {"note": found.note, "names": found.names, "scale": scale}
        emit_json(_row(name, found) | about | {"settings": settings})
        return
    click.echo(found.title)
    width = max(map(len, settings))
    for key, value in settings.items():
        click.echo(f"  {key.replace('_', '-'):{width}}  {_text(value)}")
    if found.note:
        click.echo(found.note)
    if found.teacher:
        talk(f"tfluck pretrain --preset {found.teacher} --scale {scale} --name teacher")
    more = " --teacher teacher" if found.teacher else ""
    talk(f"tfluck {_command(found)} --preset {name} --scale {scale}{more}")


def _row(name: str, found: Preset) -> dict[str, Any]:
    return {
        "preset": name,
        "title": found.title,
        "command": _command(found),
        "teacher": found.teacher or None,
    }


def _command(found: Preset) -> str:
    """Say which command takes a preset; a recipe of a teacher is one that others name."""
    recipes = {other.teacher for other in presets().values()}
    own = {name for name, other in presets().items() if other is found}
    return "pretrain" if own & recipes else "train"


def _text(value: Any) -> str:
    """Write a setting as its option takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, list | tuple):
        return str(value)
    if value and isinstance(value[0], list | tuple):
        return ",".join(":".join(map(str, pair)) for pair in value)
    return "-".join(map(str, value))

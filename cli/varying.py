"""The values that a setting may take in a sweep, read as its own option reads them."""

from typing import Any

from tfluck.experiment.choices import shown
from tfluck.experiment.execution import execution_names
from tfluck.experiment.experiment import all_fields
from tfluck.experiment.fields import Field
from tfluck.foundations.errors import BadInput

from .hints import option_hint
from .options import click, strict
from .settings import option_type

_WORDS = {"yes": True, "true": True, "no": False, "false": False}


def _fields() -> dict[str, Field]:
    return {field.option: field for field in all_fields() if not field.setting.hidden}


def read_value(name: str, text: str) -> Any:
    """Read one value of the setting ``name``; ``teacher`` names a pretrained one.

    Raises:
        BadInput: there is no such setting, it cannot vary, or the value is none of it.
    """
    known = _fields()
    if name == "teacher":
        return text
    if name.replace("-", "_") in execution_names():
        raise BadInput(
            f"{name} is no part of what a run is, so a sweep does not vary it; give "
            f"--{name} once."
        )
    if name not in known:
        hint = option_hint(f"--{name}", [f"--{each}" for each in known])
        raise BadInput(f"No setting is called {shown(name)}.{hint.replace('--', '')}")
    if known[name].kind is bool:
        if text not in _WORDS:
            raise BadInput(f"{name} takes yes or no, not {shown(text)}.")
        return _WORDS[text]
    kind = strict(click.types.convert_type(option_type(known[name])))
    try:
        return kind.convert(text, None, None)
    except click.BadParameter as error:
        raise BadInput(f"{name}: {error.message}") from None

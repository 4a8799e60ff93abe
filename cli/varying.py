"""The values that a setting may take in a sweep, read as its own option reads them."""

import re
from typing import Any

from tfluck.experiment.choices import shown
from tfluck.experiment.config import HOW
from tfluck.foundations.errors import BadInput

from .hints import option_hint
from .options import click, strict
from .settings import SETTINGS, SWITCHES

#: Where data lie, and how many students: the same for a whole sweep.
FIXED = {"data-dir", "seeds"}
_WORDS = {"yes": True, "true": True, "no": False, "false": False}


def _names() -> tuple[dict[str, Any], set[str]]:
    """Return the type of every setting, and the names of those that are switches."""
    switches = {re.split("[/ ]", name)[0].removeprefix("--") for name in SWITCHES}
    types = {name: kind for name, (kind, _) in SETTINGS.items()} | {"teacher": str}
    return types, switches


def read_value(name: str, text: str) -> Any:
    """Read one value of the setting ``name``.

    Raises:
        BadInput: there is no such setting, it cannot vary, or the value is none of it.
    """
    types, switches = _names()
    if name.replace("-", "_") in HOW or name in FIXED:
        raise BadInput(
            f"{name} is no part of what a run is, so a sweep does not vary it; give "
            f"--{name} once."
        )
    if name in switches:
        if text not in _WORDS:
            raise BadInput(f"{name} takes yes or no, not {shown(text)}.")
        return _WORDS[text]
    if name not in types:
        known = [f"--{each}" for each in (*types, *switches)]
        hint = option_hint(f"--{name}", known).replace("--", "")
        raise BadInput(f"No setting is called {shown(name)}.{hint}")
    try:
        return strict(click.types.convert_type(types[name])).convert(text, None, None)
    except click.BadParameter as error:
        raise BadInput(f"{name}: {error.message}") from None

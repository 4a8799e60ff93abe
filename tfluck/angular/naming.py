"""What the user typed becomes a function.

A family with numbers (``poisson:0.8``), or ``module:attribute``: a Python callable or an
:class:`AngularFunction` of the user's own.
"""

import contextlib
import importlib
import math
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import ModuleType

from tfluck.foundations.errors import BadInput

from .arc_cosine import arc_cosine
from .asking import FORMS
from .edge import cosh, parabola
from .families import (
    cosines,
    exponential,
    poisson,
    relu_ntk,
    sqrt_exponential,
    triangle,
)
from .formula import formula
from .functions import AngularFunction
from .spectral import matern, power, sech, wrapped_gaussian


def _arc_cosine(order: float) -> AngularFunction:
    if order != int(order) or not 0 <= order <= 12:
        raise BadInput(
            f"arc-cosine:N needs a whole N from 0 to 12, and N is {order!r}."
        )
    return arc_cosine(int(order))


_FAMILIES: dict[str, tuple[Callable[..., AngularFunction], int, int]] = {
    # name: (constructor, fewest numbers, most numbers)
    "relu": (lambda: arc_cosine(1, "relu"), 0, 0),
    "linear": (lambda: arc_cosine(0, "linear"), 0, 0),
    "arc-cosine": (_arc_cosine, 1, 1),
    "relu-ntk": (relu_ntk, 0, 0),
    "poisson": (poisson, 1, 1),
    "exponential": (exponential, 1, 1),
    "triangle": (triangle, 1, 2),
    "cosines": (lambda *numbers: cosines(numbers), 1, 512),
    "sqrt-exponential": (sqrt_exponential, 0, 0),
    "cosh": (cosh, 1, 2),
    "parabola": (parabola, 0, 1),
    "power": (power, 1, 1),
    "matern": (matern, 2, 2),
    "wrapped-gaussian": (wrapped_gaussian, 1, 1),
    "sech": (sech, 1, 1),
}
#: Families that take their numbers as the exact decimals typed.
_EXACT = {"power", "matern", "wrapped-gaussian", "sech"}


def is_named(text: str) -> bool:
    """Tell whether ``text`` names a member of a family, not code of the user's."""
    return text.partition(":")[0] in _FAMILIES


def _fraction(text: str) -> Fraction:
    """Read a decimal or a fraction exactly; exponents that would fill memory are none."""
    if len(text) > 60 or "e" in text.lower():
        return Fraction(float(text))
    return Fraction(text)


def named(text: str) -> AngularFunction:
    """Return the family member ``text`` names; never imports code.

    Raises:
        BadInput: no family has this name, or its numbers are wrong.
    """
    family, _, rest = text.partition(":")
    if not is_named(text):
        raise BadInput(f"{text!r} names no function; known are {FORMS}.")
    build, fewest, most = _FAMILIES[family]
    try:
        read = _fraction if family in _EXACT else float
        numbers = [read(part) for part in rest.split(",")] if rest else []
    except (ValueError, ZeroDivisionError) as error:
        raise BadInput(f"{text!r}: what follows {family}: must be numbers.") from error
    if not all(map(math.isfinite, numbers)):
        raise BadInput(f"{text!r}: the numbers must be finite.")
    if not fewest <= len(numbers) <= most:
        raise BadInput(f"{text!r} has {len(numbers)} numbers; known forms are {FORMS}.")
    return build(*numbers)


def parse(text: str) -> AngularFunction:
    """Return the function of ``text``: a family, a formula, or ``module:attribute``.

    A function of the user's own goes by the name typed, whatever it calls itself.

    Raises:
        BadInput: neither a family nor an importable callable.
    """
    head, colon, attribute = text.partition(":")
    if is_named(text) or (colon and not attribute.isidentifier()):
        return named(text)
    if not colon:
        return _formula(text)
    module = _import(text, head)
    if not hasattr(module, attribute):
        raise BadInput(f"{text!r}: the module {head!r} has no {attribute!r}.")
    found = getattr(module, attribute)
    if isinstance(found, AngularFunction):
        return replace(found, name=text)
    if not callable(found):
        raise BadInput(f"{text!r} is not callable; it must map [0, π] to reals.")
    return AngularFunction(text, formula=None, callable=found)


def _formula(text: str) -> AngularFunction:
    try:
        return formula(text)
    except BadInput:
        if re.fullmatch(r"[\w.-]*", text):
            return named(text)
        raise


def _import(text: str, name: str) -> ModuleType:
    """Import the user's module; what it prints goes to stderr, where talk belongs.

    Raises:
        BadInput: the name is no module's, or importing it failed in any way.
    """
    if not all(part.isidentifier() for part in name.split(".")):
        raise BadInput(f"{text!r} names no function; known are {FORMS}.")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except SyntaxError as error:
        where = f"{error.filename}, line {error.lineno}"
        raise BadInput(
            f"{text!r}: the module {name!r} is no Python that can be read: "
            f"{error.msg} ({where})."
        ) from error
    except BaseException as error:
        what = f"{type(error).__name__}: {error}".rstrip(": .")
        raise BadInput(
            f"{text!r}: the module {name!r} cannot be imported ({what}{_place(error)})."
        ) from error


def _place(error: BaseException) -> str:
    """Return the innermost file and line of a failure outside the import machinery."""
    step, place = error.__traceback__, ""
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if not file.startswith("<frozen") and file not in (
            __file__,
            importlib.__file__,
        ):
            place = f", {file}, line {step.tb_lineno}"
        step = step.tb_next
    return place

"""Formulas in t as people type them: ``1.2 + cos(t) + 0.2 cos(3t)``, ``exp(-sqrt(t))``.

Read by a small parser of its own and never given to Python. Numbers are the decimals
typed. The slope comes from symbolic differentiation, the bound on f″ from balls, so
``ad certify`` works on them; a sum of cosines becomes the family ``cosines``.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, TypeAlias

from flint import arb

from tfluck.foundations.errors import BadInput

from .engine import BALL, precision
from .families import cosines
from .functions import AngularFunction, Smoothness

#: ("number", x), ("pi",), ("t",), (operator, left, right), (function, inside).
Tree: TypeAlias = tuple[Any, ...]
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)"
    r"|(?P<name>[A-Za-zπθ]+)|(?P<sign>\*\*|[-+*/^()]))"
)
_FUNCTIONS = ("sin", "cos", "exp", "sqrt", "sinh", "cosh")
_LONGEST, _DEEPEST, _PIECES, _HUGE = 300, 40, 512, 1e100
ZERO: Tree = ("number", Fraction(0))
ONE: Tree = ("number", Fraction(1))


def read(text: str) -> Tree:
    """Parse a formula in t (or θ, theta, x).

    Raises:
        BadInput: it is too long, or says something else than arithmetic.
    """
    if len(text) > _LONGEST:
        raise BadInput(f"A formula may have {_LONGEST} letters; this has {len(text)}.")
    parser = _Parser(list(_tokens(text)), text)
    tree = parser.sum()
    if parser.tokens:
        raise parser.wrong()
    return tree


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            raise BadInput(
                f"{text!r}: {text[place:].strip()[0]!r} has no meaning in a formula."
            )
        place = found.end()
        yield found.group().strip()


class _Parser:
    """Recursive descent: sums of products of powers of atoms; 3t means 3·t."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self.tokens, self.text, self.depth = tokens, text, 0

    def wrong(self) -> BadInput:
        what = f"at {self.tokens[0]!r}" if self.tokens else "at its end"
        return BadInput(
            f"{self.text!r} cannot be read {what}; expected a formula in t such as "
            f"1.2+cos(t)+0.2cos(3t), of + - * / ^, pi and {', '.join(_FUNCTIONS)}."
        )

    def take(self, *signs: str) -> str | None:
        if self.tokens and self.tokens[0] in signs:
            return self.tokens.pop(0)
        return None

    def sum(self) -> Tree:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise BadInput(f"{self.text!r} is nested too deeply.")
        tree = self.product()
        while sign := self.take("+", "-"):
            tree = (sign, tree, self.product())
        self.depth -= 1
        return tree

    def product(self) -> Tree:
        if self.take("-"):
            return ("-", ZERO, self.product())
        if self.take("+"):
            return self.product()
        tree = self.power()
        while self.tokens:
            if sign := self.take("*", "/"):
                tree = (sign, tree, self.signed())
            elif self.tokens[0] in ("+", "-", ")"):
                break
            else:
                tree = ("*", tree, self.power())
        return tree

    def signed(self) -> Tree:
        if self.take("-"):
            return ("-", ZERO, self.signed())
        return self.power()

    def power(self) -> Tree:
        tree = self.atom()
        if self.take("^", "**"):
            minus = self.take("-")
            if not self.tokens or not re.fullmatch(r"\d{1,2}", self.tokens[0]):
                raise BadInput(f"{self.text!r}: exponents are whole numbers below 100.")
            exponent = int(self.tokens.pop(0))
            tree = ("^", tree, exponent)
            tree = ("/", ONE, tree) if minus else tree
        return tree

    def atom(self) -> Tree:
        if not self.tokens:
            raise self.wrong()
        if self.take("("):
            tree = self.sum()
            if not self.take(")"):
                raise self.wrong()
            return tree
        word = self.tokens[0]
        if word in _FUNCTIONS and len(self.tokens) > 1 and self.tokens[1] == "(":
            self.tokens.pop(0)
            return (word, self.atom())
        if word in ("t", "x", "θ", "theta"):
            self.tokens.pop(0)
            return ("t",)
        if word in ("pi", "π"):
            self.tokens.pop(0)
            return ("pi",)
        if word[0].isdigit() or word[0] == ".":
            self.tokens.pop(0)
            if abs(float(word)) > _HUGE:
                raise BadInput(f"{self.text!r}: {word} is too large a number.")
            return ("number", Fraction(word))
        raise self.wrong()


def evaluate(tree: Tree, e: Any, t: Any) -> Any:
    """Evaluate in any arithmetic."""
    kind, *parts = tree
    if kind == "number":
        return e.number(parts[0]) + 0 * t
    if kind == "pi":
        return e.pi() + 0 * t
    if kind == "t":
        return t
    inner = evaluate(parts[0], e, t)
    if kind == "^":
        return _power(inner, parts[1])
    if kind in ("sinh", "cosh"):
        up, down = e.exp(inner), e.exp(-inner)
        return (up - down if kind == "sinh" else up + down) / 2
    if kind in _FUNCTIONS:
        return getattr(e, kind)(inner)
    other = evaluate(parts[1], e, t)
    if kind == "+":
        return inner + other
    if kind == "-":
        return inner - other
    return inner * other if kind == "*" else inner / other


def _power(base: Any, exponent: int) -> Any:
    """Multiply, as balls that hold 0 have no logarithm."""
    total: Any = 0 * base + 1
    for bit in bin(exponent)[2:]:
        total = total * total
        total = total * base if bit == "1" else total
    return total


def derivative(tree: Tree) -> Tree:
    """Differentiate in t, symbolically."""
    kind, *parts = tree
    if kind in ("number", "pi"):
        return ZERO
    if kind == "t":
        return ONE
    a, da = parts[0], derivative(parts[0])
    if kind == "^":
        n = parts[1]
        if n == 0:
            return ZERO
        return _times(("*", ("number", Fraction(n)), ("^", a, n - 1)), da)
    outer: dict[str, Tree] = {
        "sin": ("cos", a),
        "cos": ("-", ZERO, ("sin", a)),
        "exp": tree,
        "sinh": ("cosh", a),
        "cosh": ("sinh", a),
        "sqrt": ("/", ONE, ("*", ("number", Fraction(2)), tree)),
    }
    if kind in outer:
        return _times(outer[kind], da)
    b, db = parts[1], derivative(parts[1])
    if kind in "+-":
        return (kind, da, db)
    if kind == "*":
        return ("+", _times(da, b), _times(a, db))
    return ("/", ("-", _times(da, b), _times(a, db)), ("^", b, 2))


def _times(a: Tree, b: Tree) -> Tree:
    if ZERO in (a, b):
        return ZERO
    if a == ONE or b == ONE:
        return b if a == ONE else a
    return ("*", a, b)


def formula(text: str) -> AngularFunction:
    """Return the function of a formula.

    Raises:
        BadInput: it cannot be read, or is not finite on [0, π].
    """
    tree = read(text)
    waves = _waves(tree)
    if waves is not None and max(waves, default=0) < 512:
        last = max(waves, default=0)
        return cosines([waves.get(k, Fraction(0)) for k in range(last + 1)], text)
    with precision(64):
        for k in range(_PIECES + 1):
            value = evaluate(tree, BALL, arb.pi() * k / _PIECES)
            if not value.is_finite():
                raise BadInput(f"{text!r} is not finite at t = {k}π/{_PIECES}.")
    slope = derivative(tree)
    bend = _largest(derivative(slope))
    return AngularFunction(
        text,
        lambda e, t: evaluate(tree, e, t),
        smoothness=None
        if bend is None
        else Smoothness(lambda e, t: evaluate(slope, e, t), bend),
    )


def _largest(tree: Tree) -> float | None:
    """Bound |tree| over [0, π] by balls, or return None where they give no bound."""
    with precision(64):
        half = arb.pi() / (2 * _PIECES)
        sizes = [
            evaluate(tree, BALL, (2 * k + 1) * half + arb(0, 1) * half).abs_upper()
            for k in range(_PIECES)
        ]
        if not all(size.is_finite() for size in sizes):
            return None
        return max(float(size) for size in sizes) * (1 + 1e-9)


def _waves(tree: Tree) -> dict[int, Fraction] | None:
    """Return {k: c_k} if ``tree`` is Σ c_k cos(kt) with rational c_k, else None."""
    kind, *parts = tree
    if kind == "number":
        return {0: parts[0]}
    if kind == "cos":
        k = _multiple(parts[0])
        return None if k is None or k.denominator > 1 else {abs(int(k)): Fraction(1)}
    if kind in ("+", "-"):
        left, right = _waves(parts[0]), _waves(parts[1])
        if left is None or right is None:
            return None
        sign = 1 if kind == "+" else -1
        return {
            k: left.get(k, Fraction(0)) + sign * right.get(k, Fraction(0))
            for k in {*left, *right}
        }
    if kind in ("*", "/"):
        left, right = _waves(parts[0]), _waves(parts[1])
        if left is None or right is None:
            return None
        if kind == "*" and set(left) == {0}:
            left, right = right, left
        if set(right) != {0} or (kind == "/" and not right[0]):
            return None
        factor = right[0] if kind == "*" else 1 / right[0]
        return {k: c * factor for k, c in left.items()}
    return None


def _multiple(tree: Tree) -> Fraction | None:
    """Return q if ``tree`` is q·t."""
    if tree == ("t",):
        return Fraction(1)
    if tree[0] == "*" and tree[1][0] == "number" and tree[2] == ("t",):
        return Fraction(tree[1][1])
    if tree[0] == "*" and tree[2][0] == "number" and tree[1] == ("t",):
        return Fraction(tree[2][1])
    return None

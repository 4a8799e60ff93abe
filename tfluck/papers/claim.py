"""A claim is a row of data: what a paper says, how it is measured, what would refute it.

The rows stand in ``claims/PAPER.toml``, where their form is explained. Thresholds are
written there before a run is made that judges them.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias, get_args

from tfluck.experiment.choices import shown
from tfluck.experiment.scales import SCALES
from tfluck.foundations.errors import BadInput

PAPERS = ("luck-matters", "alignment")
Kind: TypeAlias = Literal[
    "runs", "study", "theory", "computed", "needs data", "not computable"
]
Side: TypeAlias = Literal[
    "greater", "less", "equivalent", "at least", "at most", "holds", "none"
]
#: What is made of a quantity's course in a student (explained in the claims' file).
VALUES = (
    *("start", "end", "change", "early", "tau", "late-growth", "average"),
    *("above-null", "of-null", "lowest-lead", "drift", "fall", "time-to-0.95"),
)
LAYERS = ("each", "lowest", "mean", "none")
#: Fields that a claim of each kind must fill.
NEEDED: dict[str, tuple[str, ...]] = {
    "runs": ("preset", "quantity", "value", "threshold"),
    "study": ("preset", "study", "metric", "threshold"),
    "theory": ("checks",),
    "computed": ("compute", "metric", "threshold"),
    "needs data": ("data", "metric", "threshold"),
    "not computable": ("why",),
}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a paper says, in a form that can be judged.

    Attributes:
        id: of the statement, with what part or setting behind a dot.
        sentence: what is claimed.
        source: where the paper says it.
        kind: of evidence.
        metric: what is measured, in words or as the name of a computation's number.
        direction: on which side of the threshold the claim puts it.
        threshold: see there; a margin where the direction is ``equivalent``.
        partly: a weaker threshold; beyond it alone the claim is reproduced partly.
        test: in words.
        judged_at: the scales at which a verdict is given.
        refuted_by: what would refute it.
        vacuous_if: when its hypothesis is false, so that it says nothing.
        expect: the verdict we expect.
        preset, against, settings, against_settings: which runs, and which to compare.
        quantity, value, layers: what is made of their rows.
        study: name of a study upon the runs; ``options`` are what it is given.
        hypothesis: fields of a claim that must be true for this one to say anything.
        checks: names of checks of ``tfluck theory check``.
        compute: name of a computation; ``settings`` are its own.
        scales: settings that a smaller scale changes.
        open: number of a computation that counts what could not be decided.
        data: what is missing; where ``network`` is on this disk, nothing is.
        why: nothing can be computed.
    """

    id: str
    sentence: str
    source: str
    kind: Kind
    metric: str = ""
    direction: Side = "none"
    threshold: float | None = None
    partly: float | None = None
    test: str
    judged_at: tuple[str, ...]
    refuted_by: str
    vacuous_if: str
    expect: str = "reproduced"
    preset: str = ""
    against: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    against_settings: Mapping[str, Any] = field(default_factory=dict)
    quantity: str = ""
    value: str = ""
    layers: str = "each"
    hypothesis: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    compute: str = ""
    scales: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    open: str = ""
    study: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    network: str = ""
    why: str = ""

    def at(self, scale: str) -> dict[str, Any]:
        """Return what the computation, or the study, is given at ``scale``."""
        given = self.options if self.kind == "study" else self.settings
        return dict(given) | dict(self.scales.get(scale, {}))

    @property
    def premise(self) -> "Claim | None":
        """The hypothesis as a claim of its own; None if there is none."""
        if not self.hypothesis:
            return None
        mine = {f.name: getattr(self, f.name) for f in fields(self)}
        fresh: dict[str, Any] = {
            "hypothesis": {},
            "partly": None,
            "against": "",
            "against_settings": {},
        }
        return Claim(**mine | fresh | dict(self.hypothesis))

    @property
    def measured(self) -> str:
        """What is measured, in words."""
        if self.kind == "study":
            minus = f" minus that of {self.against}" if self.against else ""
            return f"{self.metric} of {self.study}{minus}"
        if self.kind != "runs":
            return self.metric
        compared = f" minus that of {self.against}" if self.against else ""
        if self.against_settings:
            changed = ", ".join(f"{k} {v}" for k, v in self.against_settings.items())
            compared += f" at {changed}"
        return f"{self.value} of {self.quantity}{compared}"


@dataclass(frozen=True)
class Paper:
    """A paper's claims, the level they are judged at together, and students per scale."""

    name: str
    title: str
    level: float
    seeds: Mapping[str, int]
    claims: tuple[Claim, ...]


@cache
def load_paper(name: str) -> Paper:
    """Return the claims of a paper.

    Raises:
        BadInput: there is no such paper.
    """
    if name not in PAPERS:
        raise BadInput(f"No paper {shown(name)}; there are {' and '.join(PAPERS)}.")
    entry = files("tfluck.papers").joinpath("claims", f"{name}.toml")
    return read_paper(entry.read_text(encoding="utf-8"), f"{name}.toml")


def read_paper(text: str, where: str) -> Paper:
    """Read a file of claims.

    Raises:
        BadInput: it is no TOML, or a claim lacks a field or has one that there is not.
    """
    try:
        raw = tomllib.loads(text)
        name, title, level = raw["paper"], raw["title"], float(raw["level"])
        seeds = {scale: int(raw["seeds"][scale]) for scale in SCALES}
        rows, defaults = raw["claims"], raw.get("defaults", {})
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{where} is no file of claims: {error}.") from error
    claims = tuple(_claim(row, defaults, where) for row in rows)
    ids = [claim.id for claim in claims]
    if twice := {one for one in ids if ids.count(one) > 1}:
        raise BadInput(f"{where} has two claims {shown(min(twice))}.")
    return Paper(name, title, level, seeds, claims)


def _claim(
    row: Mapping[str, Any], defaults: Mapping[str, Mapping[str, Any]], where: str
) -> Claim:
    values: dict[str, Any] = {**defaults.get(row.get("kind", ""), {}), **row}
    name = f"{where}, claim {shown(str(row.get('id', '?')))}"
    known = {f.name for f in fields(Claim)}
    if unknown := sorted(set(values) - known):
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise BadInput(f"{name}: there is no field {shown(unknown[0])}.{hint}")
    _check(values, name)
    for key in ("judged_at", "checks"):
        values[key] = tuple(values.get(key, ()))
    return Claim(**values)


def _check(values: Mapping[str, Any], name: str) -> None:
    """Refuse a claim that could not be judged."""
    kind = values.get("kind")
    if kind not in NEEDED:
        raise BadInput(f"{name}: kind must be one of {', '.join(NEEDED)}.")
    always = ("id", "sentence", "source", "test", "judged_at", "refuted_by")
    for key in (*always, "vacuous_if", *NEEDED[kind]):
        if values.get(key) in (None, ""):
            raise BadInput(f"{name}: {key} is missing.")
    choices = {
        "direction": get_args(Side),
        "value": ("", *VALUES),
        "layers": LAYERS,
    }
    for key, allowed in choices.items():
        if key in values and values[key] not in allowed:
            raise BadInput(f"{name}: {key} must be one of {', '.join(allowed)}.")
    if strange := sorted(set(values["judged_at"]) - set(SCALES)):
        raise BadInput(f"{name}: there is no scale {shown(strange[0])}.")

"""Paper 1's figure 15: how Theorem 5 is proved, with what ``theory check`` says of each part."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from tfluck.figures.style import COLOURS, GREY, new_figure
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.runs import Source

#: Statement → (what it says, place).
PARTS: Mapping[str, tuple[str, tuple[float, float]]] = {
    "A3": ("small overlap", (0.0, 3.0)),
    "A2": ("Lipschitz", (2.0, 3.0)),
    "L2": ("bottom bounds", (0.0, 2.0)),
    "L3": ("top bounds", (2.0, 2.0)),
    "L4": ("quadratic fall-off", (4.0, 2.0)),
    "L5": ("top contracts:\nW-Separation(t) →\nV-Contraction(t + 1)", (4.0, 1.0)),
    "L6": ("bottom contracts:\nV-Contraction(t) →\nW_u, W_r (t + 1)", (2.0, 1.0)),
    "L7": ("separation:\nW_u, W_r (t + 1) →\nW-Separation(t + 1)", (0.0, 1.0)),
    "IH": ("induction hypotheses", (2.0, 0.0)),
    "T5": ("W_u → W*, V_r → 0", (4.0, 0.0)),
}
ARROWS = (
    ("A3", "L2"), ("A2", "L2"), ("A2", "L3"), ("A3", "L3"), ("A2", "L4"),
    ("L2", "L6"), ("L2", "L7"), ("L3", "L5"), ("L4", "L5"), ("L5", "L6"), ("L6", "L7"),
    ("L7", "IH"), ("L6", "IH"), ("L5", "IH"), ("IH", "T5"),
)  # fmt: skip
#: Parts of which only the quick claims are tried at smoke scale.
SLOW = ("T5",)
COLOUR = {"holds": COLOURS[2], "mended": COLOURS[4], "violated": COLOURS[1]}


class Proof(Recipe):
    """Every part of the proof, tried numerically; an arrow is as good as where it starts."""

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Say whether everything is tried."""
        return {"all": scale != "smoke"}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Try the claims of each part."""
        from tfluck.theory.checks import run, select

        rows = []
        for part in PARTS:
            scope.tell(f"Trying {part}.")
            names = (
                ["T5.designed"] if scope.scale == "smoke" and part in SLOW else [part]
            )
            rows += [
                (part, one.id, one.statement, one.verdict, one.expected_verdict)
                for one in run(select(names))
            ]
        columns = ["part", "claim", "statement", "verdict", "expected_verdict"]
        note = (
            "✓: every claim tried holds. ✓ and ✗: claims that hold, and claims that are "
            "violated, as forms printed with a slip are; `tfluck theory check` names them."
        )
        return Measured(pd.DataFrame(rows, columns=columns), (0,), (note,))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw boxes and arrows with their marks."""
        figure = new_figure(11.0, 6.4)
        axis = figure.subplots()
        axis.set_xlim(-0.9, 4.9)
        axis.set_ylim(-0.3, 3.3)
        parts = {part: table[table.part == part] for part in PARTS}
        boxes = {part: _box(axis, part, rows) for part, rows in parts.items()}
        for start, end in ARROWS:
            ends = boxes[start].get_bbox_patch(), boxes[end].get_bbox_patch()
            _arrow(axis, start, end, ends, _state(parts[start]))
        axis.set_axis_off()
        return figure


def _state(rows: pd.DataFrame) -> str:
    """Return holds, mended (claims hold, forms with a slip do not), violated or untried."""
    if (rows.verdict != rows.expected_verdict).any():
        return "violated"
    held, broken = ((rows.verdict == word).any() for word in ("holds", "violated"))
    if not held:
        return "violated" if broken else "untried"
    return "mended" if broken else "holds"


def _box(axis: Any, part: str, rows: pd.DataFrame) -> Any:
    words, place = PARTS[part]
    counts = {
        mark: int((rows.verdict == word).sum())
        for word, mark in (("holds", "✓"), ("violated", "✗"))
    }
    marks = " ".join(f"{mark} {count}" for mark, count in counts.items() if count)
    colour = COLOUR.get(_state(rows), GREY)
    return axis.text(
        *place, f"{part}   {marks}\n{words}", ha="center", va="center", fontsize=9,
        bbox={"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": colour,
              "linewidth": 2},
    )  # fmt: skip


def _arrow(axis: Any, start: str, end: str, ends: tuple[Any, Any], state: str) -> None:
    """Draw an arrow between two boxes, with the mark of the part where it starts."""
    begin, stop = PARTS[start][1], PARTS[end][1]
    colour = COLOUR.get(state, GREY)
    axis.annotate(
        "", stop, begin,
        arrowprops={"arrowstyle": "-|>", "color": colour, "patchA": ends[0],
                    "patchB": ends[1], "shrinkA": 4, "shrinkB": 4},
    )  # fmt: skip
    # Nearer to where it starts: arrows that cross do so in the middle.
    x, y = (0.6 * b + 0.4 * s for b, s in zip(begin, stop, strict=True))
    mark = {"violated": "✗", "untried": "–"}.get(state, "✓")
    axis.text(
        x, y, mark, color=colour, ha="center", va="center", fontsize=11,
        bbox={"boxstyle": "circle,pad=0.1", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip


PROOF = Proof()

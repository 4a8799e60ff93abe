"""Every figure of both papers: ``tfluck figure luck-matters 7``.

One registry says what each shows in its paper and names its recipe; a recipe measures a
table (from runs, or from networks small enough to draw) and draws that table.
"""

from tfluck.papers.figures.figure import Measured, NotMade, PaperFigure, Recipe, Scope
from tfluck.papers.figures.registry import FIGURES, PAPERS, find_figure

__all__ = [
    "FIGURES",
    "PAPERS",
    "Measured",
    "NotMade",
    "PaperFigure",
    "Recipe",
    "Scope",
    "find_figure",
]

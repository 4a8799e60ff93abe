"""The papers: their figures, what they claim as rows of data, and what evidence makes of it.

Names are imported when they are first used: a figure that is a sketch needs no claims.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfluck.papers.claim import PAPERS, Claim, Paper, load_paper
    from tfluck.papers.evidence import Evidence, Part, Tried
    from tfluck.papers.verdict import VERDICTS, Judgement, judge_all

#: Public name → the module that holds it.
_HOMES = {
    "PAPERS": "claim",
    "Claim": "claim",
    "Paper": "claim",
    "load_paper": "claim",
    "Evidence": "evidence",
    "Part": "evidence",
    "Tried": "evidence",
    "VERDICTS": "verdict",
    "Judgement": "verdict",
    "judge_all": "verdict",
}

__all__ = [
    "PAPERS",
    "VERDICTS",
    "Claim",
    "Evidence",
    "Judgement",
    "Paper",
    "Part",
    "Tried",
    "judge_all",
    "load_paper",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The papers: their figures, what they claim as rows of data, and what evidence makes of it."""

from tfluck.papers.claim import PAPERS, Claim, Paper, load_paper
from tfluck.papers.evidence import Evidence, Part, Tried
from tfluck.papers.verdict import VERDICTS, Judgement, judge_all

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

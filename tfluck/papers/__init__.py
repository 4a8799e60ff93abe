"""What the papers claim, as rows of data, and what the evidence makes of each claim."""

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
